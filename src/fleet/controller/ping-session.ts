/** A session of pings whose rounds run on the agents of a fleet: what `rtt` runs on. Each agent has connections of its own. */
import { CONNECTIONS_LOST, PingRound, type PingSecondDetail } from '../../count/ping.ts';
import type { EncodeHistograms } from '../../count/seconds.ts';
import { errorCounts } from '../../count/tally.ts';
import type { FleetUse } from '../../document/fleet.ts';
import type { RttInterval, RttRound } from '../../document/rtt.ts';
import type { BusyResult } from '../../document/common.ts';
import { pingRoundResult } from '../../ping/round-result.ts';
import type { PingContext, PingSession } from '../../ping/run.ts';
import { engineHas } from '../../plan/engines.ts';
import type { RttPlan } from '../../plan/ping-plan.ts';
import { monotonicNs } from '../../runtime/clock.ts';
import { scheduleOf } from '../../schedule/round-schedule.ts';
import { agentRounds } from './agent-rounds.ts';
import { driveRound, type Driven } from './drive.ts';
import { DueSlots } from './due.ts';
import { Lanes, PING_LANES } from './lanes.ts';
import type { Member } from './member.ts';
import type { OpenedRun } from './open.ts';
import { RoundTeller } from './round-teller.ts';
import { cpuOf, systemOf } from './sums.ts';

export class FleetPings implements PingSession {
  readonly startedAt = new Date();
  readonly notes: readonly string[];
  readonly system: PingSession['system'];
  readonly fleet: FleetUse;
  readonly #opened: OpenedRun;
  readonly #plan: RttPlan;
  readonly #context: PingContext;
  readonly #encode: EncodeHistograms | undefined;
  readonly #originNs = monotonicNs();

  private constructor(opened: OpenedRun, plan: RttPlan, context: PingContext, encode: EncodeHistograms | undefined) {
    this.#opened = opened;
    this.#plan = plan;
    this.#context = context;
    this.#encode = encode;
    this.notes = opened.notes;
    this.fleet = opened.fleet;
    const { workers: _, ...system } = systemOf(opened.run.members);
    this.system = system;
  }

  static async create(opened: OpenedRun, plan: RttPlan, context: PingContext): Promise<FleetPings> {
    const encode = plan.keepsHistograms ? (await import('../../count/hdr-histogram.ts')).encodeHistograms : undefined;
    return new FleetPings(opened, plan, context, encode);
  }

  get failures(): PingSession['failures'] {
    return this.#opened.failures;
  }

  async round(index: number): Promise<RttRound> {
    const rate = this.#plan.rates[index]!;
    this.#context.emit?.({ type: 'round-started', round: index, offeredRatePerSec: rate === 'max' ? null : rate });
    const round = new FleetPingRound(this.#opened, this.#plan, this.#context, this.#encode, index, this.#originNs);
    return round.run();
  }

  /** The agents shift their own. */
  shift(): void {
    throw new Error('the clocks of a fleet are followed by its controller');
  }

  /** The agents have one of their own. */
  lease(): void {
    throw new Error('the agents of a fleet start nothing without a controller');
  }

  close(): Promise<void> {
    return this.#opened.close();
  }
}

/** One round: the banks of all agents go to one `PingRound`, with times since the end of the warm-up. */
class FleetPingRound {
  readonly #opened: OpenedRun;
  readonly #plan: RttPlan;
  readonly #context: PingContext;
  readonly #index: number;
  readonly #originNs: bigint;
  readonly #lanes: Lanes;
  readonly #pings: PingRound;
  readonly #teller: RoundTeller;
  #baseNs: bigint | null = null;

  constructor(
    opened: OpenedRun,
    plan: RttPlan,
    context: PingContext,
    encode: EncodeHistograms | undefined,
    index: number,
    originNs: bigint,
  ) {
    this.#opened = opened;
    this.#plan = plan;
    this.#context = context;
    this.#index = index;
    this.#originNs = originNs;
    const { members } = opened.run;
    const { warmupNs, durationNs } = plan;
    const rate = plan.rates[index]!;
    const schedule = scheduleOf({ rate, warmupNs, durationNs, count: null, rampUpNs: 0, rampDownNs: 0 });
    const due = new DueSlots({ schedule, unmeasuredNs: warmupNs, durationNs, count: null });
    this.#lanes = new Lanes({ kind: PING_LANES, members, workersOf: () => 1, due, unmeasuredNs: warmupNs, durationNs });
    const { emit } = context;
    const onSecond = (counts: RttInterval, warmup: boolean, { startNs, latency }: PingSecondDetail): void => {
      const when = { second: counts.start_sec, warmup, startNs: this.#sinceOriginNs + startNs };
      emit?.({ type: 'second', of: 'pings', round: index, ...when, counts, latency });
    };
    this.#pings = new PingRound(0, onSecond, encode, members.length);
    this.#lanes.give(this.#pings);
    this.#teller = new RoundTeller({ round: index }, members, this.#lanes, emit);
  }

  /** The end of the warm-up, since the origin of the seconds of the run. */
  get #sinceOriginNs(): number {
    return Number((this.#baseNs ?? this.#originNs) - this.#originNs) + this.#plan.warmupNs;
  }

  async run(): Promise<RttRound> {
    const { emit, stop } = this.#context;
    const place = { round: this.#index };
    const rate = this.#plan.rates[this.#index]!;
    const fields = { durationNs: null, maxLagNs: null, exchangePerSec: null };
    const order = { kind: 'prepare', place, rate, ...fields } as const;
    const driven = await driveRound(this.#opened.run, order, this.#hooks(), stop);
    const durationNs = this.#durationNs(driven);
    for (const member of this.#opened.run.members) this.#lanes.fillLost(member, durationNs, true);
    this.#pings.finish();
    this.#teller.end(driven);
    const result = this.#result(driven, durationNs);
    emit?.({ type: 'round-ended', ...place, result, latency: this.#pings.total.latencyByClock() });
    return result;
  }

  #hooks(): Parameters<typeof driveRound>[2] {
    const lanes = this.#lanes;
    return {
      onBegin: (baseNs) => {
        this.#baseNs = baseNs;
      },
      onBank: (member, of, _worker, body) => of === 'pings' && lanes.take(member, 0, body),
      onHealth: (member, second) => this.#teller.health(member, second),
      onNotice: (member, level, text) => this.#teller.notice(member, level, text),
      command: 'rtt',
      isWhole: (result, isLate) => this.#isWhole(result as RttRound, isLate),
      onEnd: (member, result) => {
        lanes.end(member, (result as RttRound).scheduled);
        this.#teller.settled(member, true);
      },
      onLost: (member, isAwaited) => this.#teller.lost(member, isAwaited),
      onSettled: (member, isTold) => {
        lanes.lose(member, isTold);
        this.#fillLost();
        this.#teller.settled(member, isTold);
      },
      onTick: () => {
        this.#fillLost();
        this.#teller.tick();
      },
    };
  }

  /** Without a connection a closed loop is over before its time. */
  #isWhole({ duration_sec: sec, connections }: RttRound, isLate: boolean): boolean {
    const isOpenEnded = this.#plan.rates[this.#index] === 'max' || connections.established === 0;
    // Durations are rounded to 1 µs.
    return (isOpenEnded && !isLate) || sec * 1e9 >= this.#plan.durationNs - 1e3;
  }

  #fillLost(): void {
    if (this.#baseNs === null) return;
    const nowNs = Number(monotonicNs() - this.#originNs) - this.#sinceOriginNs;
    for (const member of this.#opened.run.members) this.#lanes.fillLost(member, nowNs, false);
  }

  #durationNs({ baseNs, stopNs, allLostNs, results }: Driven): number {
    if (baseNs === null) return 0;
    const toldNs = [...results.values()].map(({ duration_sec: sec }) => sec * 1e9);
    if (toldNs.length > 0) return Math.max(...toldNs);
    const sinceNs = Number((stopNs ?? allLostNs ?? monotonicNs()) - baseNs) - this.#plan.warmupNs;
    return Math.max(0, Math.min(this.#plan.durationNs, sinceNs));
  }

  #result(driven: Driven, durationNs: number): RttRound {
    const { members } = this.#opened.run;
    const plan = this.#plan;
    const rate = plan.rates[this.#index]!;
    const results = driven.results as ReadonlyMap<Member, RttRound>;
    const all = [...results.values()];
    const agents = agentRounds(members, this.#lanes, driven);
    const sum = (of: (round: RttRound) => number): number => all.reduce((total, round) => total + of(round), 0);
    const perAgent = engineHas(plan.engine, 'waitsForEachReply') ? 1 : plan.connections * plan.depths[this.#index]!;
    const result = pingRoundResult({
      plan,
      index: this.#index,
      pings: this.#pings,
      offeredPerSec: rate === 'max' ? null : rate,
      connections: {
        established: sum(({ connections }) => connections.established),
        failed: sum(({ connections }) => connections.failed),
        lost: this.#pings.total.get(CONNECTIONS_LOST),
      },
      errno: this.#errnos(results),
      durationNs,
      isStopped: driven.stopNs !== null,
      cpu: cpuOf(all),
      cpuSent: sum(({ sent }) => sent),
      inFlightLimit: perAgent * members.length,
      agents,
    });
    return { ...result, ...busyOf(all) };
  }

  /** An agent's own result has errors of connecting too; of a lost one there are those of its banks. */
  #errnos(results: ReadonlyMap<Member, RttRound>): Record<string, number> {
    const sum: Record<string, number> = {};
    for (const member of this.#opened.run.members) {
      const each = results.get(member)?.errno ?? errorCounts(this.#lanes.countsOf(member).errnos);
      for (const [name, count] of Object.entries(each)) sum[name] = (sum[name] ?? 0) + count;
    }
    return sum;
  }
}

function busyOf(rounds: readonly RttRound[]): { readonly busy?: BusyResult } {
  const each = rounds.flatMap(({ busy }) => busy ?? []);
  if (each.length === 0) return {};
  const sum = (of: (busy: BusyResult) => number): number => each.reduce((total, busy) => total + of(busy), 0);
  return {
    busy: { tasks: sum(({ tasks }) => tasks), ticks: sum(({ ticks }) => ticks), skipped: sum((busy) => busy.skipped) },
  };
}
