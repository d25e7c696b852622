// tier: netns
/** An agent that stands still for a while is slow; one that is not heard for three seconds is lost. */
import { setTimeout as sleep } from 'node:timers/promises';
import { RATE, agentOf, checkExact, ownRound, reasonsOf, roundOf, testFaults, underWay } from './rounds.ts';

testFaults('an agent stands still', {
  'for a moment': async (t, { fleet, log }) => {
    const { ended } = await underWay({ fleet, log }, ['--duration', '4s']);
    fleet.agent('b').signal('SIGSTOP');
    // Well below the three seconds after which it would be lost, as this test may be held up too.
    await sleep(700);
    fleet.agent('b').signal('SIGCONT');
    const run = await ended;
    t.equal(run.code, 0, run.stderr);
    const round = roundOf(t, run);
    t.equal(round.attempts.scheduled, 4 * RATE);
    const slow = agentOf(round, 'b');
    t.equal(slow.lost, null, 'it is not lost');
    t.equal(slow.verdict?.status, 'generator_limited', 'its own verdict says so', { found: slow });
    t.equal(round.verdict.status, 'generator_limited', 'and marks the whole', { found: round.verdict });
    t.ok(reasonsOf(round).includes('agent_limited'), 'by name', { found: round.verdict });
    await checkExact(t, fleet, round, log);
  },

  'until it is lost, and a little longer': async (t, { fleet, log, network }) => {
    const { controller, ended } = await underWay({ fleet, log }, ['--duration', '7s']);
    let said = '';
    controller.stderr!.on('data', (text: string) => (said += text));
    fleet.agent('b').signal('SIGSTOP');
    while (!said.includes('b is lost') && controller.exitCode === null) await sleep(25);
    await sleep(500);
    const ofSlow = async (): Promise<number> =>
      (await log.accepted()).filter(({ address }) => network.agentOf(address) === 'b').length;
    const before = await ofSlow();
    fleet.agent('b').signal('SIGCONT');
    const round = roundOf(t, await ended);
    t.equal(await ofSlow(), before, 'what was due meanwhile is not started when it comes back');
    t.equal(round.attempts.scheduled, 7 * RATE);
    const slow = agentOf(round, 'b');
    t.not(slow.lost, null, 'it is lost, and stays so when it comes back');
    t.equal(slow.lost?.unreported, 0, 'it has told all that it did');
    const { attempts, outcomes } = ownRound(fleet, 'b');
    t.equal(slow.started, attempts.started, 'which is what it says itself');
    t.equal(slow.started + slow.missed, slow.scheduled);
    t.equal(round.outcomes.aborted, outcomes.aborted, 'how all of it ended is known');
    t.equal(round.verdict.status, 'invalid');
    t.ok(reasonsOf(round).includes('agent_lost'), 'the verdict names the reason', { found: round.verdict });
  },
});
