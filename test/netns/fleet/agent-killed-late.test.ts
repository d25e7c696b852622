// tier: netns
/** An agent is killed in mid-round, and after its last start. */
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { FleetNetwork, noFleetNetwork } from './fleet-network.ts';
import { RATE, agentOf, checkNextRun, ownRound, reasonsOf, roundOf, startRun } from './rounds.ts';

const skip = noFleetNetwork();
const SECONDS = 3;
const OWN = (SECONDS * RATE) / 3;

for (const { when, afterMs, args } of [
  { when: 'in mid-round', afterMs: 500, args: [] },
  // Its connections are open for longer than the round goes on.
  { when: 'after its last start', afterMs: SECONDS * 1000, args: ['--hold', '4s'] },
]) {
  t.test(when, { skip, timeout: 180_000 }, async (t) => {
    const network = FleetNetwork.forTest(t);
    const log = await network.accepts(t);
    const fleet = await network.fleet(t);
    const { ended } = startRun(fleet, log, ['--duration', `${SECONDS}s`, ...args]);
    await log.until(RATE / 3, network.addressOf('b'));
    await sleep(afterMs);
    await fleet.agent('b').stop('SIGKILL');
    const round = roundOf(t, await ended);
    const accepted = (await log.accepted()).filter(({ address }) => address === network.addressOf('b')).length - 1;

    t.equal(round.verdict.status, 'invalid');
    t.ok(reasonsOf(round).includes('agent_lost'), 'the verdict names the reason', { found: round.verdict });
    t.equal(round.attempts.scheduled, 3 * OWN, 'the whole schedule is accounted for');
    const lost = agentOf(round, 'b');
    t.not(lost.lost, null);
    t.equal(lost.scheduled, OWN);
    t.equal(lost.started + lost.missed, OWN);
    t.equal(lost.lost?.unreported, lost.lost?.missed, 'what it did after its last report is not known');
    t.ok(lost.started <= accepted + 1, 'it did not report more than the target saw', {
      found: [lost.started, accepted],
    });
    const others = ['a', 'c'].map((name) => ownRound(fleet, name).attempts.started);
    t.equal(round.attempts.started, lost.started + others[0]! + others[1]!, 'nothing of the others is lost');
    t.equal(round.attempts.missed, 3 * OWN - round.attempts.started);
    t.ok(round.owners.generator >= lost.missed, 'what the lost agent missed is owned by the generator');
    fleet.start('b');
    await checkNextRun(t, fleet, log);
  });
}
