// tier: netns
/** Two controllers at the same time, and an agent of another protocol. */
import { PROTOCOL } from '../../../src/fleet/protocol.ts';
import { LineProgram } from '../../support/line-program.ts';
import { RATE, checkExact, roundOf, startRun, testFaults, underWay } from './rounds.ts';

testFaults('who may run', {
  'two controllers at the same time': async (t, { fleet, log }) => {
    const runs = await Promise.all([0, 1].map(() => startRun(fleet, log, ['--duration', '2s']).ended));
    const codes = runs.map(({ code }) => code).sort();
    t.ok(codes[1] === 1, 'at most one of them runs', { found: runs.map(({ code, stderr }) => [code, stderr]) });
    const won = runs.find(({ code }) => code === 0);
    if (won !== undefined) {
      const round = roundOf(t, won);
      t.equal(round.attempts.scheduled, 2 * RATE);
      await checkExact(t, fleet, round, log);
    }
  },

  'a second controller is told who holds the agents': async (t, { fleet, log }) => {
    const first = await underWay({ fleet, log }, ['--duration', '60s']);
    const second = await startRun(fleet, log, ['--duration', '1s']).ended;
    t.equal(second.code, 1);
    for (const name of ['a', 'b', 'c'])
      t.match(second.stderr, new RegExp(`${name}: .*client.*${log.target}.*@`), `who holds ${name}`);
    first.controller.kill('SIGINT');
    const run = await first.ended;
    t.equal(run.code, 130, run.stderr);
    await checkExact(t, fleet, roundOf(t, run), log);
  },

  'an agent of another protocol': async (t, { network, fleet, log }) => {
    const args = [fleet.url, 'newer', String(PROTOCOL + 1)];
    const other = await LineProgram.start('test/support/other-agent.ts', args, network.hub.prefix);
    t.teardown(() => other.stop());
    for (const agents of ['newer,a', '4']) {
      const run = await startRun(fleet, log, ['--duration', '1s', '--agents', agents]).ended;
      t.equal(run.code, 1);
      t.match(run.stderr, new RegExp(`newer.*protocol ${PROTOCOL + 1}`), 'the message names both');
    }
    t.strictSame(await log.accepted(), [], 'nothing was sent to the target');
  },
});
