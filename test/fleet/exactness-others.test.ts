// tier: kernel
/** The rounds of `rtt`, the trials of `search` and the steps of `saturate` on a fleet are sums of what its agents counted. */
import t from 'tap';
import type { ClientResult } from '../../src/document/client.ts';
import type { SaturateResult, SearchResult } from '../../src/document/limit.ts';
import type { RttResult } from '../../src/document/rtt.ts';
import { startServer } from '../support/cli.ts';
import { Fleet } from '../support/fleet.ts';
import { checkRounds } from '../support/identities.ts';
import { noNats } from '../support/nats.ts';
import { checkPingsByHand, checkRoundByHand } from './by-hand.ts';

const NAMES = ['a', 'b', 'c'];
/** The exit codes of a search: a busy machine may be its own limit, and is exact all the same. */
const DONE = [0, 3];
const ECHO = ['--payload-size', '64', '--finish', 'echo'];

t.test('other commands', { skip: noNats, timeout: 180_000 }, async (t) => {
  const fleet = await Fleet.forTest(t, { names: NAMES });
  const server = await startServer(['--listeners', '1', '--protocol', 'both', '--datagram-rate', '100k']);
  t.teardown(() => server.stop());
  const target = `127.0.0.1:${server.port}`;

  for (const [name, args] of [
    ['tcp', ['--rate', '900', '--rate', '300', '--connections', '6', '--warmup', '300ms']],
    ['udp', ['--protocol', 'udp', '--rate', '900', '--share', 'a=2']],
    ['back to back', ['--rate', 'max']],
  ] as const) {
    await t.test(`rtt, ${name}`, async (t) => {
      const run = await fleet.run('rtt', target, ['--duration', '1s', '--histograms', ...args]);
      t.equal(run.code, 0, run.stderr);
      const result = JSON.parse(run.stdout) as RttResult;
      const own = NAMES.map((agent) => fleet.agent(agent).kept<RttResult>().at(-1)!);
      for (const [index, round] of result.rounds.entries()) {
        checkPingsByHand(
          t,
          round,
          own.map(({ rounds }) => rounds[index]!),
        );
        t.equal(round.scheduled, round.sent + round.missed);
        t.equal(round.sent, round.received + round.lost + round.aborted);
      }
    });
  }

  await t.test('search', async (t) => {
    const trials = ['--min-rate', '200', '--max-rate', '400', '--precision', '50%', '--explore-duration', '300ms'];
    const times = ['--duration', '500ms', '--cooldown', '100ms'];
    const run = await fleet.run('search', target, [...trials, ...times, '--histograms', ...ECHO]);
    t.ok(DONE.includes(run.code!), run.stderr);
    const result = JSON.parse(run.stdout) as SearchResult;
    const rounds = result.trials.map((trial) => trial.result);
    checkRounds(t, result.config, rounds);
    const own = NAMES.map((agent) => fleet.agent(agent).kept<ClientResult>().at(-1)!);
    t.ok(rounds.length >= 2, 'several trials');
    for (const [index, round] of rounds.entries()) {
      checkRoundByHand(
        t,
        round,
        own.map((each) => each.rounds[index]!),
      );
    }
  });

  await t.test('saturate', async (t) => {
    const steps = [
      '--start',
      '150',
      '--factor',
      '2',
      '--max-rate',
      '600',
      '--duration',
      '500ms',
      '--cooldown',
      '100ms',
    ];
    const run = await fleet.run('saturate', target, [...steps, '--slowdown', '100', '--histograms', ...ECHO]);
    t.ok(DONE.includes(run.code!), run.stderr);
    const result = JSON.parse(run.stdout) as SaturateResult;
    const rounds = result.steps.map((step) => step.result);
    checkRounds(t, result.config, rounds);
    const own = NAMES.map((agent) => fleet.agent(agent).kept<ClientResult>().at(-1)!);
    for (const [index, round] of rounds.entries()) {
      checkRoundByHand(
        t,
        round,
        own.map((each) => each.rounds[index]!),
      );
    }
  });
});
