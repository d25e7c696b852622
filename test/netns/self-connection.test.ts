// tier: netns
/** A target on this machine where nothing listens, on a port that can become the source port: never a connection. */
import t from 'tap';
import type { Test } from 'tap';
import type { RttResult } from '../../src/document/rtt.ts';
import { clientResult, runCli } from '../support/cli.ts';
import { checkIdentities } from '../support/identities.ts';
import { Lab, noLab } from './lab.ts';

const skip = noLab();
const TARGET = '127.0.0.1:40002';
/** The kernel chooses from these, and soon chooses the target's own. */
const RANGE = '40000 40003';

function emptyTarget(t: Test): Lab {
  const lab = Lab.forTest(t);
  lab.client.sysctl('net.ipv4.ip_local_port_range', RANGE);
  return lab;
}

t.test('with every engine, way to finish and choice of ports the attempts are refused', { skip }, async (t) => {
  const { client } = emptyTarget(t);
  for (const [engine, ...options] of [
    ['uring', '--source-ports', 'kernel'],
    ['uring', '--source-ports', 'kernel', '--payload-size', '64', '--finish', 'echo'],
    ['uring', '--source-ports', 'kernel', '--finish', 'connect'],
    ['epoll', '--source-ports', 'kernel'],
    ['epoll', '--source-ports', 'kernel', '--payload-size', '64', '--finish', 'echo'],
    ['epoll', '--source-ports', 'kernel', '--source', '127.0.0.1'],
    ['node', '--source-ports', 'kernel'],
    ['node', '--source-ports', 'kernel', '--payload-size', '64', '--finish', 'echo'],
    ['epoll', '--source-ports', '39990-40010'],
    ['epoll'],
  ] as const) {
    const args = ['client', TARGET, '--rate', '200', '--duration', '500ms', '--engine', engine, ...options];
    const result = clientResult(await runCli([...args, '--json', '-', '--quiet'], { prefix: client.prefix }));
    checkIdentities(t, result);
    const { outcomes, attempts } = result.rounds[0]!;
    t.equal(outcomes.refused, attempts.started, [engine, ...options].join(' '), { outcomes });
  }
});

t.test('nor does a round trip go to itself', { skip }, async (t) => {
  const { client } = emptyTarget(t);
  for (const engine of ['uring', 'epoll', 'blocking', 'node']) {
    for (let turn = 0; turn < 4; turn++) {
      const args = ['rtt', TARGET, '--rate', '50', '--duration', '100ms', '--engine', engine, '--json', '-', '--quiet'];
      const { code, stdout } = await runCli(args, { prefix: client.prefix });
      const rounds = stdout === '' ? [] : (JSON.parse(stdout) as RttResult).rounds;
      const received = rounds.reduce((sum, round) => sum + round.received, 0);
      t.equal(received, 0, `${engine}: exit ${code}`);
    }
  }
});
