// tier: netns
/** nats-server is away for longer than a run goes on without it. */
import t from 'tap';
import { TIMES } from '../../../src/fleet/protocol.ts';
import { nowMs } from '../../support/accept-log.ts';
import { FleetNetwork, noFleetNetwork } from './fleet-network.ts';
import { RATE, checkNextRun, startRun } from './rounds.ts';

const skip = noFleetNetwork();
/** What a busy machine may take to end a round. */
const SLACK_MS = 2000;

t.test('the run ends and says why', { skip, timeout: 90_000 }, async (t) => {
  const network = FleetNetwork.forTest(t);
  const log = await network.accepts(t);
  const fleet = await network.fleet(t);
  const { ended } = startRun(fleet, log, ['--duration', '40s']);
  await log.until(RATE);
  await fleet.nats.stop('SIGKILL');
  const goneMs = nowMs();
  const run = await ended;
  t.equal(run.code, 1, run.stderr);
  t.match(run.stderr, /NATS/, 'it says why');
  t.ok(nowMs() - goneMs < TIMES.disconnectedMs + TIMES.silenceMs + SLACK_MS, 'within its time');
  await fleet.nats.restart();
  await fleet.untilFree('a', 'b', 'c');
  const lastMs = (await log.accepted()).at(-1)!.timeMs - goneMs;
  t.ok(lastMs <= TIMES.disconnectedMs + SLACK_MS, 'the agents stop', { found: lastMs });
  t.ok(lastMs >= TIMES.disconnectedMs - SLACK_MS, 'and not before', { found: lastMs });
  for (const agent of fleet.agents.values()) t.match(agent.log, /NATS/, 'and say why in their log');
  await checkNextRun(t, fleet, log);
});
