// tier: netns
/** nats-server is away for longer than a run goes on without it. */
import t from 'tap';
import { TIMES } from '../../../src/fleet/protocol.ts';
import { HeldUp } from '../../support/held-up.ts';
import { nowMs } from '../../support/accept-log.ts';
import { FleetNetwork, noFleetNetwork } from './fleet-network.ts';
import { RATE, checkNextRun, startRun } from './rounds.ts';

const skip = noFleetNetwork();
/** What it takes to end a round. */
const SLACK_MS = 2000;

t.test('the run ends and says why', { skip, timeout: 180_000 }, async (t) => {
  const network = FleetNetwork.forTest(t);
  const log = await network.accepts(t);
  const fleet = await network.fleet(t);
  const { ended } = startRun(fleet, log, ['--duration', '40s']);
  await log.until(RATE);
  const heldUp = new HeldUp();
  t.teardown(() => heldUp.stop());
  await fleet.nats.stop('SIGKILL');
  const goneMs = nowMs();
  const run = await ended;
  t.equal(run.code, 1, run.stderr);
  t.match(run.stderr, /NATS/, 'it says why');
  const mostMs = TIMES.disconnectedMs + TIMES.silenceMs + SLACK_MS + heldUp.ms;
  t.ok(nowMs() - goneMs < mostMs, 'within its time', { found: [nowMs() - goneMs, mostMs] });
  await fleet.nats.restart();
  await fleet.untilFree('a', 'b', 'c');
  const lastMs = (await log.accepted()).at(-1)!.timeMs - goneMs;
  t.ok(lastMs <= TIMES.disconnectedMs + SLACK_MS + heldUp.ms, 'the agents stop', { found: [lastMs, heldUp.ms] });
  t.ok(lastMs >= TIMES.disconnectedMs - SLACK_MS, 'and not before', { found: lastMs });
  for (const agent of fleet.agents.values()) t.match(agent.log, /NATS/, 'and say why in their log');
  await checkNextRun(t, fleet, log);
});
