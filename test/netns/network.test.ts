// tier: netns
/** Faults between the two ends: the router drops, rejects and forgets. */
import t from 'tap';
import { CLIENT_ADDRESSES, Lab, noLab } from './lab.ts';
import { checkBlame, loadInTime, trial } from './trial.ts';

const skip = noLab();

const OPENING = 'tcp flags & (syn | ack) == syn';
const counters = (...names: readonly string[]): string => names.map((name) => `counter ${name} { }`).join('\n');

/** Longer than the first retransmission of a SYN, 1 s (RFC 6298 section 2.1), and shorter than the second. */
const TIMEOUT_MS = 1500;

t.test('SYNs are dropped', { skip }, async (t) => {
  const lab = Lab.forTest(t);
  lab.forward(`${OPENING} counter name dropped drop`, counters('dropped'));
  const seen = await trial(t, lab, {
    load: ['--rate', '100', '--duration', '500ms', '--timeout', `${TIMEOUT_MS}ms`],
  });
  checkBlame(t, seen, {
    outcomes: { connect_timeout: 50 },
    owners: { network: 50 },
    verdict: ['invalid', 'nothing_established'],
    findings: ['syn_drops_suspected'],
  });
  t.equal(seen.exitCode, 1);
  t.equal(seen.kernel.syn_retransmits, 50);
  t.strictSame([seen.established, seen.served.accepted, seen.served.kernel?.passive_opens], [0, 0, 0], 'no connection');
  t.equal(lab.router.packets('dropped'), 100, 'each SYN and its retransmission');
});

t.test('SYNs are answered with RST', { skip }, async (t) => {
  const lab = Lab.forTest(t);
  lab.forward(`${OPENING} counter name rejected reject with tcp reset`, counters('rejected'));
  const seen = await trial(t, lab, { load: ['--rate', '100', '--duration', '500ms'] });
  checkBlame(t, seen, {
    outcomes: { refused: 50 },
    errno: { ECONNREFUSED: 50 },
    owners: { target: 50 },
    verdict: ['invalid', 'nothing_established'],
  });
  t.equal(seen.exitCode, 1);
  t.strictSame([seen.kernel.syn_retransmits, seen.kernel.icmp_unreachable_received], [0, 0]);
  t.equal(seen.kernel.attempts_failed, 50);
  t.strictSame([seen.established, seen.served.accepted, seen.served.kernel?.passive_opens], [0, 0, 0], 'no connection');
  t.equal(lab.router.packets('rejected'), 50);
});

/** What Linux makes of an ICMP code while it connects (icmp_err_convert in net/ipv4/icmp.c). */
const ICMP = [
  ['net-unreachable', 'ENETUNREACH'],
  ['host-unreachable', 'EHOSTUNREACH'],
  ['prot-unreachable', 'ENOPROTOOPT'],
  ['port-unreachable', 'ECONNREFUSED'],
  ['net-prohibited', 'ENETUNREACH'],
  ['host-prohibited', 'EHOSTUNREACH'],
  ['admin-prohibited', 'EHOSTUNREACH'],
] as const;

/** Options with which a connection is opened in a way of its own, and so fails in one. */
const WAYS = [
  ['--engine', 'uring', '--finish', 'half-close'],
  ['--engine', 'uring', '--finish', 'half-close', '--payload-size', '64'],
  ['--engine', 'uring', '--finish', 'connect'],
  ['--engine', 'uring', '--finish', 'echo', '--payload-size', '64'],
  ['--engine', 'uring', '--finish', 'echo', '--payload-size', '64KiB'],
  ['--engine', 'epoll', '--finish', 'connect'],
  ['--engine', 'epoll', '--finish', 'half-close', '--payload-size', '64'],
  ['--engine', 'node', '--finish', 'connect'],
] as const;

t.test('SYNs are answered with ICMP', { skip }, async (t) => {
  const lab = Lab.forTest(t);
  // Otherwise the router answers some of them only.
  lab.router.sysctl('net.ipv4.icmp_ratelimit', 0);
  const server = await lab.serve();

  await t.test('each code, to a source address of its own', async (t) => {
    const rules = ICMP.map(
      ([code], index) => `ip saddr ${CLIENT_ADDRESSES[index]!} ${OPENING} reject with icmp type ${code}`,
    );
    lab.forward(rules.join('\n'));
    const sources = CLIENT_ADDRESSES.slice(0, ICMP.length).flatMap((address) => ['--source', address]);
    const seen = await loadInTime(t, lab, ['--rate', '140', '--duration', '500ms', ...sources]);
    const errno: Record<string, number> = {};
    for (const [, name] of ICMP) errno[name] = (errno[name] ?? 0) + 10;
    checkBlame(t, seen, {
      // A port that is unreachable is what a RST says too; the finding tells them apart.
      outcomes: { refused: 10, unreachable: 60 },
      errno,
      owners: { network: 60, target: 10 },
      verdict: ['invalid', 'nothing_established'],
      findings: ['icmp_rejects'],
    });
    t.equal(seen.kernel.icmp_unreachable_received, 70);
    t.equal(seen.established, 0);
  });

  lab.forward(`${OPENING} counter name rejected reject with icmp type admin-prohibited`, counters('rejected'));
  for (const options of WAYS) {
    await t.test(options.join(' '), async (t) => {
      lab.resetCounters();
      const seen = await loadInTime(t, lab, ['--rate', '100', '--duration', '200ms', ...options]);
      checkBlame(t, seen, {
        outcomes: { unreachable: 20 },
        errno: { EHOSTUNREACH: 20 },
        owners: { network: 20 },
        verdict: ['invalid', 'nothing_established'],
        findings: ['icmp_rejects'],
      });
      t.equal(seen.kernel.icmp_unreachable_received, 20);
      t.equal(seen.established, 0);
      t.equal(lab.router.packets('rejected'), 20);
    });
  }

  const served = await server.stop();
  t.strictSame([served.accepted, served.kernel!.passive_opens], [0, 0], 'nothing came to the server');
});

t.test('every tenth packet is dropped', { skip }, async (t) => {
  const lab = Lab.forTest(t);
  // Each kind is counted by itself: a connection of ten packets would else lose the same one each time.
  lab.forward(
    `${OPENING} numgen inc mod 10 == 0 counter name syns drop
    tcp flags & (syn | ack) == (syn | ack) numgen inc mod 10 == 0 counter name answers drop
    tcp flags & syn == 0 numgen inc mod 10 == 0 counter name others drop`,
    counters('syns', 'answers', 'others'),
  );
  const seen = await trial(t, lab, {
    load: ['--rate', '200', '--duration', '500ms', '--payload-size', '64', '--finish', 'echo', '--timeout', '8s'],
  });
  checkBlame(t, seen, { outcomes: { ok: 100 }, verdict: ['valid'], findings: ['syn_drops_suspected'] });
  t.ok(lab.router.packets('syns') >= 10 && lab.router.packets('others') >= 30, 'packets of each kind were lost');
  const [finding] = seen.round.findings;
  t.ok(Number(finding!.evidence['near_1_sec']) >= 10, 'their connections were late', { found: finding });
  t.ok(seen.kernel.syn_retransmits! >= lab.router.packets('syns'), 'the lost SYNs were sent again');
  t.ok(seen.kernel.retransmits! > seen.kernel.syn_retransmits!, 'and so were other segments');
  t.strictSame([seen.established, seen.served.accepted], [100, 100], 'no connection was lost');
});

t.test('a RST comes after the handshake', { skip }, async (t) => {
  const lab = Lab.forTest(t);
  lab.forward(`tcp flags & (syn | psh) == psh counter name rejected reject with tcp reset`, counters('rejected'));
  const seen = await trial(t, lab, {
    // The server is not told: to it, each is a connection on which nothing comes.
    serve: ['--idle-timeout', '1s'],
    load: ['--rate', '100', '--duration', '500ms', '--payload-size', '64', '--finish', 'echo'],
  });
  checkBlame(t, seen, {
    outcomes: { reset: 50 },
    errno: { ECONNRESET: 50 },
    owners: { target: 50 },
    verdict: ['valid'],
  });
  t.equal(seen.kernel.resets_received, 50);
  t.strictSame([seen.established, seen.served.accepted], [50, 50], 'both ends saw each connection');
  t.strictSame([seen.served.completed, seen.served.bytes.received], [0, 0], 'and nothing came over');
  t.equal(lab.router.packets('rejected'), 50);
});

t.test('the connection table of 256 entries is full', { skip }, async (t) => {
  const lab = Lab.forTest(t);
  // nf_conntrack_max is one figure of the whole machine, read-only in a namespace. This drops the SYN that would be one too many.
  lab.forward(`${OPENING} ct count over 256 counter name dropped drop`, counters('dropped'));
  const seen = await trial(t, lab, {
    load: [
      '--rate',
      '800',
      '--duration',
      '500ms',
      '--hold',
      '2s',
      '--finish',
      'connect',
      '--timeout',
      `${TIMEOUT_MS}ms`,
    ],
  });
  checkBlame(t, seen, {
    outcomes: { ok: 256, connect_timeout: 144 },
    owners: { network: 144 },
    verdict: ['valid'],
    findings: ['syn_drops_suspected'],
  });
  t.equal(seen.kernel.syn_retransmits, 144);
  t.equal(seen.kernel.conntrack?.drop ?? 0, 0, "it is not this machine's own table");
  t.strictSame([seen.established, seen.served.accepted], [256, 256], 'what had room went through');
  t.equal(lab.router.packets('dropped'), 288, 'each other SYN and its retransmission did not');
  t.equal(Number(lab.router.exec('sysctl', '-n', 'net.netfilter.nf_conntrack_count')), 256);
});
