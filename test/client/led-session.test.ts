// tier: kernel
/** Sessions whose rounds somebody else begins: several of them are one schedule. */
import { once } from 'node:events';
import t from 'tap';
import type { Counted, RoundLeader } from '../../src/client/leader.ts';
import { openSession, type ClientSession } from '../../src/client/run.ts';
import { LoadRound } from '../../src/count/load.ts';
import { PingRound, PINGS_SENT } from '../../src/count/ping.ts';
import { openPingSession } from '../../src/ping/run.ts';
import { divideShares, type Share } from '../../src/plan/fleet/share.ts';
import type { ClientPlan } from '../../src/plan/plan.ts';
import { monotonicNs } from '../../src/runtime/clock.ts';
import { startThread } from '../../src/runtime/thread.ts';
import type { PingPeerPorts } from '../engine/conformance/ping-peers.ts';
import { checkRounds } from '../support/identities.ts';
import { moduleUrl } from '../support/modules.ts';
import { planClient, planRtt, type Typed } from '../support/plans.ts';
import { clientConfig } from '../../src/plan/client-plan.ts';

const peers = startThread(moduleUrl('test/engine/conformance/ping-peers.ts'), {});
t.teardown(() => peers.terminate());
const [ports] = (await once(peers, 'message')) as [PingPeerPorts];

async function planOf(share: Share, typed: Typed): Promise<ClientPlan> {
  const target = { target: `127.0.0.1:${ports.tcp.echo}`, finish: 'echo', 'payload-size': '64' };
  const { plan, problems } = await planClient({ ...target, engine: 'epoll', 'max-in-flight': '500', ...typed });
  if (plan === null) throw new Error(problems.join('\n'));
  return { ...plan, share };
}

/** A base for all, once all have asked for it. */
class Meeting {
  readonly #size: number;
  #waiting: ((baseNs: bigint) => void)[] = [];

  constructor(size: number) {
    this.#size = size;
  }

  meet(): Promise<bigint> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      if (this.#waiting.length < this.#size) return;
      const baseNs = monotonicNs() + 50_000_000n;
      for (const each of this.#waiting) each(baseNs);
      this.#waiting = [];
    });
  }
}

/** Begins rounds and stages with the others, and adds up what it is told. */
class Leader implements RoundLeader {
  readonly load = new LoadRound(8, 0, (_interval, _isWarmup, detail) => detail.release());
  readonly pings = new PingRound(0, () => undefined);
  readonly stages: number[] = [];
  readonly #meeting: Meeting;

  constructor(meeting: Meeting) {
    this.#meeting = meeting;
  }

  beginAt(): Promise<bigint> {
    return this.#meeting.meet();
  }

  afterStage(stage: number): Promise<bigint> {
    this.stages.push(stage);
    return this.#meeting.meet();
  }

  onBank(of: Counted, bank: Parameters<RoundLeader['onBank']>[1], worker: number): void {
    if (of === 'connections') this.load.add(bank, worker);
    else this.pings.add(bank);
  }
}

interface Led {
  readonly plan: ClientPlan;
  readonly leader: Leader;
  readonly session: ClientSession;
}

async function openLed(weights: readonly number[], typed: Typed, isInStages = false): Promise<Led[]> {
  const meeting = new Meeting(weights.length);
  return Promise.all(
    divideShares(weights).map(async (share) => {
      const plan = { ...(await planOf(share, typed)), isInStages };
      const leader = new Leader(meeting);
      return { plan, leader, session: await openSession(plan, { leader }) };
    }),
  );
}

async function closeAll(all: readonly Led[]): Promise<void> {
  await Promise.all(all.map(({ session }) => session.close()));
}

t.test('sessions that share a schedule start all of it, each its turns, and tell all that they count', async (t) => {
  const typed = { rate: '600', duration: '1s', warmup: '300ms', workers: '2', probe: '20/s' };
  const all = await openLed([3, 2, 1], typed);
  const rounds = await Promise.all(all.map(({ session, plan }) => session.round({ round: 0 }, plan.rates[0]!)));
  await closeAll(all);
  t.same(
    rounds.map(({ attempts }) => attempts.scheduled),
    [300, 200, 100],
  );
  t.same(
    rounds.map((round) => round.offered_rate_per_sec),
    [300, 200, 100],
  );
  for (const [at, round] of rounds.entries()) {
    const { plan, leader } = all[at]!;
    checkRounds(t, clientConfig(plan), [round]);
    const { total } = leader.load;
    t.same(
      [total.scheduled, total.started, total.ok],
      [round.attempts.scheduled, round.attempts.started, round.outcomes.ok],
    );
    t.same(total.latencySummaries(), round.latency_ns, 'the histograms too');
    t.equal(leader.pings.total.get(PINGS_SENT), round.probe?.sent);
  }
});

t.test('a leader that rejects ends the round, and the session goes on', async (t) => {
  const plan = await planOf({ turns: [1], of: 2 }, { rate: '100', duration: '200ms', probe: '20/s' });
  let rejects = true;
  const meeting = new Meeting(1);
  const leader = new Leader(meeting);
  const session = await openSession(plan, {
    leader: {
      beginAt: async () => {
        if (rejects) throw new Error('not to be');
        return meeting.meet();
      },
      afterStage: (stage) => leader.afterStage(stage),
      onBank: (of, bank, worker) => leader.onBank(of, bank, worker),
    },
  });
  await t.rejects(session.round({ round: 0 }, 100), { message: 'not to be' });
  t.equal(leader.load.total.scheduled, 0);
  rejects = false;
  const round = await session.round({ round: 1 }, 100);
  await session.close();
  t.equal(round.attempts.scheduled, 10);
  t.ok(round.probe!.sent > 0);
});

t.test('a shift moves the rest of the schedule, and the seconds stay', async (t) => {
  const [one] = await openLed([1], { rate: '100', duration: '3s' });
  const { session, plan } = one!;
  const running = session.round({ round: 0 }, 100);
  // In the first second, or in the second one of a busy machine: it is read at the end of each. Rounds begin without one.
  setTimeout(() => session.shift(1e9), 100);
  const round = await running;
  await session.close();
  checkRounds(t, clientConfig(plan), [round]);
  t.equal(round.attempts.scheduled, 300);
  const fourth = round.intervals.find(({ start_sec }) => start_sec === 3);
  t.ok((fourth?.scheduled ?? 0) > 50, 'the third hundred is due a second later');
});

t.test('stages of several sessions are the same ones', async (t) => {
  const typed = { rate: '400', duration: '250ms', workers: '2' };
  const all = await openLed([1, 1], typed, true);
  const changes = { exchangePerSec: 200 };
  const rounds = await Promise.all(all.map(({ session }) => session.round({ round: 0 }, 400, changes)));
  for (const { leader } of all) t.same(leader.stages, [0, 1]);
  for (const [at, round] of rounds.entries()) {
    checkRounds(t, clientConfig(all[at]!.plan), [round]);
    t.equal(round.outcomes.ok, 50);
  }
  await closeAll(all);
});

t.test('a leader that ends a round between its stages', async (t) => {
  const plan = { ...(await planOf({ turns: [0], of: 1 }, { rate: '100', duration: '100ms' })), isInStages: true };
  const meeting = new Meeting(1);
  const session = await openSession(plan, {
    leader: {
      beginAt: () => meeting.meet(),
      afterStage: async () => Promise.reject(new Error('others are lost')),
      onBank: () => undefined,
    },
  });
  const round = await session.round({ round: 0 }, 100, { exchangePerSec: 100 });
  await session.close();
  checkRounds(t, clientConfig(plan), [round]);
  t.equal(round.outcomes.aborted, 10, 'they had no exchange');
});

t.test('round trips are led too', async (t) => {
  const typed = { target: `127.0.0.1:${ports.tcp.echo}`, rate: '200', duration: '500ms', warmup: '100ms' };
  const meeting = new Meeting(2);
  const sent = await Promise.all(
    divideShares([1, 3]).map(async (share) => {
      const { plan, problems } = await planRtt({ ...typed, engine: 'epoll' });
      if (plan === null) throw new Error(problems.join('\n'));
      const leader = new Leader(meeting);
      const session = await openPingSession({ ...plan, share }, { leader });
      const round = await session.round(0);
      await session.close();
      t.equal(leader.pings.total.get(PINGS_SENT), round.sent);
      t.equal(leader.pings.total.counts().received, round.received);
      return round.scheduled;
    }),
  );
  t.same(sent, [25, 75]);
});
