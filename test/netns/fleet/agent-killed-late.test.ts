// tier: netns
/** An agent is killed in mid-round, and after its last start. */
import { setTimeout as sleep } from 'node:timers/promises';
import { nowMs } from '../../support/accept-log.ts';
import { RATE, agentOf, ownRound, reasonsOf, roundOf, testFaults, underWay, type Site } from './rounds.ts';
import type { Test } from 'tap';

const SECONDS = 3;
const OWN = (SECONDS * RATE) / 3;

/** Kills b when it has made so many connections and `until` resolves, and checks that all else is counted. */
async function killed(
  t: Test,
  { network, fleet, log }: Site,
  args: readonly string[],
  connections: number,
  until: (address: string) => Promise<void>,
): Promise<void> {
  const address = network.addressOf('b');
  const { ended } = await underWay({ fleet, log }, ['--duration', `${SECONDS}s`, ...args], connections, address);
  await until(address);
  await fleet.agent('b').stop('SIGKILL');
  const round = roundOf(t, await ended);
  const accepted = (await log.accepted()).filter((each) => each.address === address).length - 1;

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
}

testFaults('an agent is killed late', {
  // When it has told of a second.
  'in mid-round': (t, site) => killed(t, site, [], 1.2 * (RATE / 3), () => Promise.resolve()),

  // Its connections are open for longer than the round goes on.
  'after its last start': (t, site) =>
    killed(t, site, ['--hold', '4s'], 2, async (address) => {
      // The first connection of an agent is made before its slots.
      const [, first] = await site.log.until(2, address);
      const count = async (): Promise<number> =>
        (await site.log.accepted()).filter((each) => each.address === address).length;
      // One that a machine that is held up has missed does not come.
      const lastMs = first!.timeMs + SECONDS * 1000 + 200;
      while ((await count()) < 1 + OWN && nowMs() < lastMs) await sleep(10);
    }),
});
