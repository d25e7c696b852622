// tier: netns
/** Faults of the server: it does not accept, does not answer, answers half. */
import t from 'tap';
import { Lab, noLab } from './lab.ts';
import { checkBlame, trial } from './trial.ts';

const skip = noLab();

t.test('a server with a backlog of 1 does not accept', { skip }, async (t) => {
  const lab = Lab.forTest(t);
  const seen = await trial(t, lab, {
    serve: ['--backlog', '1'],
    load: ['--rate', '50', '--duration', '1s', '--payload-size', '64', '--finish', 'echo', '--timeout', '1500ms'],
    listening: ({ pid }) => process.kill(pid, 'SIGSTOP'),
    ended: ({ pid }) => process.kill(pid, 'SIGCONT'),
  });
  // Linux lets one more wait than was asked for (sk_acceptq_is_full in include/net/sock.h).
  checkBlame(t, seen, {
    outcomes: { connect_timeout: 48, exchange_timeout: 2 },
    owners: { network: 48, target: 2 },
    verdict: ['valid'],
    findings: ['syn_drops_suspected'],
  });
  t.equal(seen.kernel.syn_retransmits, 48);
  t.strictSame([seen.established, seen.served.accepted], [2, 2]);
  // From the client's side a full queue looks like a lossy network; the server's kernel knows better.
  t.strictSame(
    seen.served.findings.map(({ code }) => code),
    ['listen_queue_overflow'],
  );
  t.equal(seen.served.kernel!.listen_overflows, 96, 'each SYN and its retransmission');
});

t.test('a server accepts and never answers', { skip }, async (t) => {
  const lab = Lab.forTest(t);
  const seen = await trial(t, lab, {
    serve: ['--mode', 'hold'],
    load: ['--rate', '100', '--duration', '500ms', '--payload-size', '64', '--finish', 'bytes:1', '--timeout', '400ms'],
  });
  checkBlame(t, seen, { outcomes: { exchange_timeout: 50 }, owners: { target: 50 }, verdict: ['valid'] });
  t.strictSame([seen.kernel.syn_retransmits, seen.kernel.retransmits], [0, 0], 'the network lost nothing');
  t.strictSame([seen.established, seen.served.accepted], [50, 50]);
});

t.test('a server answers half and closes', { skip }, async (t) => {
  const lab = Lab.forTest(t);
  const seen = await trial(t, lab, {
    serve: ['--mode', 'respond', '--response', 'examples/1KiB.bin', '--respond-on', 'data'],
    load: ['--rate', '100', '--duration', '500ms', '--payload-size', '64', '--finish', 'bytes:2048'],
  });
  checkBlame(t, seen, { outcomes: { short_response: 50 }, owners: { target: 50 }, verdict: ['valid'] });
  t.strictSame([seen.established, seen.served.accepted, seen.served.completed], [50, 50, 50]);
  t.strictSame([seen.round.bytes.received, seen.served.bytes.sent], [50 * 1024, 50 * 1024]);
});

t.test('a server answers with RST', { skip }, async (t) => {
  const lab = Lab.forTest(t);
  const seen = await trial(t, lab, {
    serve: ['--mode', 'reset'],
    load: ['--rate', '100', '--duration', '500ms', '--payload-size', '64', '--finish', 'echo'],
  });
  checkBlame(t, seen, {
    outcomes: { reset: 50 },
    errno: { ECONNRESET: 50 },
    owners: { target: 50 },
    verdict: ['valid'],
  });
  t.strictSame([seen.established, seen.served.accepted, seen.served.completed], [50, 50, 50]);
});
