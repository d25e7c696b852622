/** Which agents a run gives up, over a bus in memory. */
import t, { type Test } from 'tap';
import type { Report } from '../../../src/fleet/protocol.ts';
import { FleetRun, type RunListener } from '../../../src/fleet/controller/fleet-run.ts';
import { driveRound } from '../../../src/fleet/controller/drive.ts';
import { Member } from '../../../src/fleet/controller/member.ts';
import { Requests } from '../../../src/fleet/controller/requests.ts';
import { SUBJECTS, TIMES } from '../../../src/fleet/protocol.ts';
import { encodeReport } from '../../../src/fleet/report-code.ts';
import { description, speakFor } from '../../support/agents.ts';
import { MemoryCarrier, type MemoryBus } from '../memory-bus.ts';

const RUN = 'a-run-of-tests';
const BUSY = { run: RUN, controller: 'me@h', command: 'client', target: '10.0.0.5:80' };

interface Bench {
  readonly run: FleetRun;
  readonly bus: MemoryBus;
  readonly agent: MemoryBus;
  readonly member: Member;
  /** Why the agent was lost; null where it was not. */
  readonly why: () => string | null;
  report(number: number): void;
}

function benchOf(t: Test, speaks: boolean): Bench {
  const carrier = new MemoryCarrier();
  const [bus, agent] = [carrier.connect(), carrier.connect()];
  const described = description('a', { busy: BUSY });
  const member = new Member(described, { turns: [0], of: 1 }, { index: 0, of: 1 });
  const endAgent = speaks ? speakFor(agent, () => described, 'a') : (): void => undefined;
  const run = new FleetRun({ bus, requests: new Requests(bus), key: null, run: RUN, members: [member] });
  const ignore = (): void => undefined;
  const listener: RunListener = {
    ...{ onReport: ignore, onLost: ignore, onLate: ignore, onGone: ignore, onOdd: ignore, onTick: ignore },
    ...{ hasTold: () => false, isAwaited: () => false },
  };
  run.listen(listener);
  t.teardown(() => {
    endAgent();
    run.end();
  });
  const report = (number: number): void => {
    const each: Report = { run: RUN, instance: described.instance, number, kind: 'stage', stage: 0 };
    agent.publish(SUBJECTS.report('a'), encodeReport(each));
  };
  return { run, bus, agent, member, why: () => member.why, report };
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

async function untilLost({ why }: Bench): Promise<void> {
  while (why() === null) await sleep(20);
}

t.test('an agent that does not send again what is missing is given up', async (t) => {
  const bench = benchOf(t, true);
  const { member } = bench;
  bench.report(1);
  while (!member.inbox.hasGap) await sleep(5);
  // It was told so often before.
  member.inbox.gapTold = 15;
  await untilLost(bench);
  t.match(bench.why(), /a report of it is missing/);
});

t.test('an agent whose report came late is not', async (t) => {
  const bench = benchOf(t, true);
  const { member } = bench;
  bench.report(1);
  while (!member.inbox.hasGap) await sleep(5);
  member.inbox.gapTold = 14;
  bench.report(0);
  while (member.inbox.acknowledged < 2) await sleep(5);
  t.equal(member.inbox.gapTold, 0);
  await sleep(2 * TIMES.beatMs);
  t.equal(bench.why(), null);
});

t.test('an agent that is there and counts nothing does not keep the round from its end', async (t) => {
  const { run, agent, member } = benchOf(t, true);
  const end = agent.subscribe(SUBJECTS.order('a'), ({ respond }) => respond?.(Buffer.from('{"ok":{}}')));
  t.teardown(end);
  await run.readClocks(Promise.resolve());
  const ignore = (): void => undefined;
  const order = { kind: 'prepare', place: { round: 0 }, rate: 100, durationNs: null, maxLagNs: null } as const;
  const driven = await driveRound(
    run,
    { ...order, exchangePerSec: null },
    {
      onBegin: () => setTimeout(() => (member.countedMs -= 15_000), 0),
      onBank: () => true,
      ...{ onHealth: ignore, onNotice: ignore, onEnd: ignore, onLost: ignore, onTick: ignore, onSettled: ignore },
      isWhole: () => true,
      command: 'client',
    },
    undefined,
  );
  t.not(driven.baseNs, null);
  t.equal(driven.results.size, 0);
  t.equal(member.why, 'it told no counts for 15 s');
});

t.test(
  'silence counts when NATS has nothing more for the controller, and NATS that does not answer is away',
  async (t) => {
    const bench = benchOf(t, false);
    const { bus, member, run } = bench;
    const unanswered: ((isAnswered: boolean) => void)[] = [];
    let answers = false;
    bus.flush = () => (answers ? Promise.resolve(true) : new Promise((resolve) => void unanswered.push(resolve)));
    const isThere = (): boolean => run.connectedMs !== null;
    while (isThere()) await sleep(20);
    // It was silent for so long.
    member.heardMs -= TIMES.silenceMs;
    await sleep(500);
    t.equal(bench.why(), null, 'what NATS still has may be of it');
    bench.report(0);
    while (!isThere()) await sleep(5);
    t.ok(member.heardMs > performance.now(), 'agents may be connected again later than this controller');
    member.heardMs -= 2 * TIMES.silenceMs;
    await sleep(500);
    t.equal(bench.why(), null, 'NATS owes an answer');
    answers = true;
    for (const answer of unanswered) answer(true);
    await untilLost(bench);
    t.match(bench.why(), /nothing was heard of it for 3 s/);
  },
);
