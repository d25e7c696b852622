// tier: netns
/** An agent is killed before the first slot, and in the warm-up. */
import { setTimeout as sleep } from 'node:timers/promises';
import { RATE, agentOf, ownRound, reasonsOf, roundOf, startRun, testFaults, underWay } from './rounds.ts';
import { TARGET_PORT } from './fleet-network.ts';

const WARMUP_SEC = 3;

testFaults('an agent is killed early', {
  'before the first slot': async (t, { network, fleet, log }) => {
    // The agent waits for its first connection, for 3 s: it cannot have accepted to begin, from when on the others go on without it.
    const address = network.addressOf('b');
    network.target.nft(`table inet way { chain in { type filter hook input priority filter;
      ip saddr ${address} tcp dport ${TARGET_PORT} drop
    }
    }`);
    const { ended } = startRun(fleet, log, ['--duration', '2s']);
    const b = fleet.agent('b');
    while (b.isRunning && !b.log.includes('ordered by')) await sleep(5);
    await b.stop('SIGKILL');
    const run = await ended;
    t.equal(run.code, 1, run.stderr);
    t.match(run.stderr, /\bb\b/, 'the agent is named');
    const accepted = await log.accepted();
    t.ok(accepted.length <= 2, 'nothing was sent to the target but one connection of each other agent', {
      found: accepted.length,
    });
    network.target.nft('delete table inet way');
  },

  'in the warm-up': async (t, { network, fleet, log }) => {
    const args = ['--warmup', `${WARMUP_SEC}s`, '--duration', '1s'];
    const { ended } = await underWay({ fleet, log }, args, 10, network.addressOf('b'));
    await fleet.agent('b').stop('SIGKILL');
    const run = await ended;
    const round = roundOf(t, run);
    t.equal(round.verdict.status, 'invalid');
    t.ok(reasonsOf(round).includes('agent_lost'), 'the verdict names the reason', { found: round.verdict });
    const scheduled = RATE / 3;
    t.equal(round.attempts.scheduled, 3 * scheduled, 'the whole schedule is accounted for');
    const lost = agentOf(round, 'b');
    t.not(lost.lost, null);
    t.strictSame([lost.scheduled, lost.started, lost.missed], [scheduled, 0, scheduled], 'its slots are missed');
    const others = ['a', 'c'].map((name) => ownRound(fleet, name).attempts);
    t.equal(round.attempts.started, others[0]!.started + others[1]!.started, 'the others did their part');
    t.ok(round.owners.generator >= scheduled, 'what the lost agent missed is owned by the generator');
  },
});
