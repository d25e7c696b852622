/** A session whose rounds run on the agents of a fleet: what `client`, `search` and `saturate` run on. */
import type { ClientSession, RoundChanges, SessionContext } from '../../client/run.ts';
import { ProbedRound, type ProbedSecond } from '../../client/probe.ts';
import { roundFacts, roundResult } from '../../client/round-result.ts';
import { LoadRound } from '../../count/load.ts';
import type { PingRound } from '../../count/ping.ts';
import type { EncodeHistograms, OnSecond } from '../../count/seconds.ts';
import type { ClockName, IntervalResult, RoundResult } from '../../document/client.ts';
import type { FleetUse } from '../../document/fleet.ts';
import { meanPerSec, roundDurationNs } from '../../plan/load/offer.ts';
import type { ClientPlan, RoundRate } from '../../plan/plan.ts';
import { partOf } from '../../plan/fleet/share.ts';
import type { RoundPlace } from '../../run/events.ts';
import { monotonicNs } from '../../runtime/clock.ts';
import { scheduleOf } from '../../schedule/round-schedule.ts';
import { agentRounds } from './agent-rounds.ts';
import { driveRound, type Driven } from './drive.ts';
import { DueSlots } from './due.ts';
import { Lanes, LOAD_LANES, PING_LANES } from './lanes.ts';
import type { OpenedRun } from './open.ts';
import { RoundTeller } from './round-teller.ts';
import { cpuOf, kernelOf, systemOf, threadUses, workOf } from './sums.ts';

/** Results round durations to 1 µs. */
const DURATION_STEP_NS = 1e3;

export class LoadSession implements ClientSession {
  readonly startedAt: Date;
  readonly notes: readonly string[];
  readonly system: ClientSession['system'];
  readonly fleet: FleetUse;
  readonly plan: ClientPlan;
  readonly ports: NonNullable<ClientSession['ports']> | null;
  readonly #opened: OpenedRun;
  readonly #context: SessionContext;
  readonly #encode: EncodeHistograms | undefined;
  readonly #originNs: bigint;
  readonly #earlier: RoundResult[] = [];

  private constructor(
    opened: OpenedRun,
    plan: ClientPlan,
    context: SessionContext,
    encode: EncodeHistograms | undefined,
  ) {
    this.#opened = opened;
    this.#context = context;
    this.#encode = encode;
    this.startedAt = new Date();
    this.#originNs = context.originNs ?? monotonicNs();
    this.notes = opened.notes;
    this.fleet = opened.fleet;
    const { members } = opened.run;
    this.system = systemOf(members);
    this.plan = asOpened(plan, opened);
    this.ports = portsOf(opened);
  }

  static async create(opened: OpenedRun, plan: ClientPlan, context: SessionContext): Promise<LoadSession> {
    const encode = plan.keepsHistograms ? (await import('../../count/hdr-histogram.ts')).encodeHistograms : undefined;
    return new LoadSession(opened, plan, context, encode);
  }

  get failures(): ClientSession['failures'] {
    return this.#opened.failures;
  }

  async round(place: RoundPlace, rate: RoundRate, changes?: RoundChanges): Promise<RoundResult> {
    const { emit } = this.#context;
    emit?.({ type: 'round-started', ...place, offeredRatePerSec: meanPerSec(rate) });
    const durationNs = changes?.durationNs ?? roundDurationNs(this.plan, rate);
    const round = new FleetRound({
      opened: this.#opened,
      plan: { ...this.plan, durationNs },
      context: this.#context,
      encode: this.#encode,
      originNs: this.#originNs,
      earlier: this.#earlier,
      place,
      rate,
      changes,
    });
    const result = await round.run();
    this.#earlier.push(result);
    return result;
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

/** The plan with what the agents made of it. */
function asOpened(plan: ClientPlan, { run }: OpenedRun): ClientPlan {
  const all = run.members.map(({ opened }) => opened!);
  return {
    ...plan,
    workers: all.reduce((sum, { workers }) => sum + workers, 0),
    maxInFlight: all.reduce((sum, { maxInFlight }) => sum + maxInFlight, 0),
    isFdBound: all.some(({ isFdBound }) => isFdBound),
  };
}

/** The source ports of the whole: the agent that runs out first ends them for all. */
function portsOf({ run }: OpenedRun): LoadSession['ports'] {
  const each = run.members.flatMap(({ opened, share }) => {
    const ports = opened?.ports ?? null;
    return ports === null ? [] : [{ ...ports, ports: Math.floor(ports.ports / partOf(share)) }];
  });
  if (each.length === 0) return null;
  return {
    ports: Math.min(...each.map(({ ports }) => ports)),
    reuseDelayNs: Math.max(...each.map(({ reuseDelayNs }) => reuseDelayNs)),
  };
}

interface FleetRoundOptions {
  readonly opened: OpenedRun;
  /** With the duration of this round. */
  readonly plan: ClientPlan;
  readonly context: SessionContext;
  readonly encode: EncodeHistograms | undefined;
  readonly originNs: bigint;
  readonly earlier: readonly RoundResult[];
  readonly place: RoundPlace;
  readonly rate: RoundRate;
  readonly changes: RoundChanges | undefined;
}

/** One round: the agents' banks go to what one machine's go to, with times since the end of the warm-up. */
class FleetRound {
  readonly #o: FleetRoundOptions;
  readonly #lanes: Lanes;
  readonly #probes: Lanes | null;
  readonly #merger: LoadRound;
  readonly #probed: ProbedRound;
  readonly #teller: RoundTeller;
  /** Ends the probes' part of the round. */
  #endProbes: () => void = () => undefined;
  #baseNs: bigint | null = null;

  constructor(options: FleetRoundOptions) {
    this.#o = options;
    const { opened, plan, rate, place, context, encode } = options;
    const { members } = opened.run;
    const unmeasuredNs = plan.rampUpNs + plan.warmupNs;
    const { durationNs, count } = plan;
    const due = new DueSlots({ schedule: scheduleOf({ ...plan, rate }), unmeasuredNs, durationNs, count });
    const common = { members, unmeasuredNs, durationNs };
    this.#lanes = new Lanes({ ...common, kind: LOAD_LANES, due, workersOf: ({ opened: each }) => each!.workers });
    this.#probes =
      plan.probeRatePerSec === null ? null : new Lanes({ ...common, kind: PING_LANES, due: null, workersOf: () => 1 });
    const { emit } = context;
    const tell = ({ interval: counts, warmup, startNs, latency }: ProbedSecond): void => {
      const when = { second: counts.start_sec, warmup, startNs: this.#sinceOriginNs + startNs };
      emit?.({ type: 'second', of: 'connections', ...place, ...when, counts, latency });
    };
    this.#probed = new ProbedRound(this.#probe(), 0, tell, encode, members.length);
    const onSecond: OnSecond<ClockName, IntervalResult> = (...second) => this.#probed.add(...second);
    this.#merger = new LoadRound(this.#lanes.workers, 0, onSecond, encode);
    this.#lanes.give(this.#merger);
    this.#teller = new RoundTeller(place, members, this.#lanes, emit);
  }

  /** The end of the warm-up, since the origin of the seconds of the run. */
  get #sinceOriginNs(): number {
    const { originNs, plan } = this.#o;
    return Number((this.#baseNs ?? originNs) - originNs) + plan.rampUpNs + plan.warmupNs;
  }

  /** Stands for the probes of all agents: its round lasts until each of them has ended. */
  #probe(): { round(baseNs: number, durationNs: number, pings: PingRound): Promise<void> } | undefined {
    const probes = this.#probes;
    if (probes === null) return undefined;
    return {
      round: (_baseNs, _durationNs, pings) => {
        probes.give(pings);
        return new Promise((resolve) => (this.#endProbes = resolve));
      },
    };
  }

  async run(): Promise<RoundResult> {
    const { opened, plan, place, rate, changes, context } = this.#o;
    const { emit, stop } = context;
    const probing = this.#probed.run(0, plan.durationNs);
    const { durationNs = null, maxLagNs = null, exchangePerSec = null } = changes ?? {};
    const order = {
      kind: 'prepare',
      place,
      rate,
      durationNs,
      maxLagNs: maxLagNs === Infinity ? null : maxLagNs,
      exchangePerSec,
    } as const;
    const driven = await driveRound(opened.run, order, this.#hooks(), stop);
    const durationDone = this.#durationNs(driven);
    for (const member of opened.run.members) this.#lanes.fillLost(member, durationDone, true);
    this.#endProbes();
    await probing;
    this.#merger.finish();
    this.#teller.end(driven);
    const result = this.#result(driven, durationDone);
    const latency = this.#probed.latencyBeside(this.#merger.total.latencyByClock());
    emit?.({ type: 'round-ended', ...place, result, latency });
    return result;
  }

  #hooks(): Parameters<typeof driveRound>[2] {
    const lanes = this.#lanes;
    const probes = this.#probes;
    return {
      onBegin: (baseNs) => {
        this.#baseNs = baseNs;
      },
      onBank: (member, of, worker, body) =>
        of === 'connections' ? lanes.take(member, worker, body) : (probes?.take(member, 0, body) ?? false),
      onHealth: (member, second) => this.#teller.health(member, second),
      onNotice: (member, level, text) => this.#teller.notice(member, level, text),
      command: 'client',
      isWhole: ({ duration_sec: sec }, isLate) =>
        (this.#isCounted && !isLate) || sec * 1e9 >= this.#o.plan.durationNs - DURATION_STEP_NS,
      onEnd: (member, result) => {
        lanes.end(member, (result as RoundResult).attempts.scheduled);
        probes?.end(member);
        this.#teller.settled(member, true);
      },
      onLost: (member, isAwaited) => this.#teller.lost(member, isAwaited),
      onSettled: (member, isTold) => {
        lanes.lose(member, isTold);
        probes?.lose(member, isTold);
        probes?.end(member);
        this.#fillLost();
        this.#teller.settled(member, isTold);
      },
      onTick: () => {
        this.#fillLost();
        this.#teller.tick();
      },
    };
  }

  /** What lost agents had due by now is told with the seconds of the others. */
  #fillLost(): void {
    const { opened, plan, originNs } = this.#o;
    if (this.#baseNs === null) return;
    const nowNs = Number(monotonicNs() - originNs) - this.#sinceOriginNs;
    for (const member of opened.run.members) this.#lanes.fillLost(member, Math.min(nowNs, plan.durationNs), false);
  }

  /** A number of attempts ends the round, whenever that is. */
  get #isCounted(): boolean {
    return this.#o.plan.count !== null && this.#o.rate === 'max';
  }

  /** How long the measured part was: as planned, or to the stop, or as the agents tell where their number of attempts ends it. */
  #durationNs({ baseNs, stopNs, allLostNs, results }: Driven): number {
    if (baseNs === null) return 0;
    const { plan } = this.#o;
    const toldNs = [...results.values()].map(({ duration_sec: sec }) => sec * 1e9);
    if ((this.#isCounted || stopNs !== null) && toldNs.length > 0) return Math.max(...toldNs);
    const unmeasuredNs = BigInt(Math.round(plan.rampUpNs + plan.warmupNs));
    const sinceNs = (atNs: bigint): number => Math.max(0, Number(atNs - baseNs - unmeasuredNs));
    const endNs = stopNs === null ? plan.durationNs : sinceNs(stopNs);
    // Where all are lost, the measurement is over. The agents may have learnt it somewhat later.
    const allLostSinceNs = allLostNs === null ? Infinity : Math.max(sinceNs(allLostNs), ...toldNs);
    return Math.min(plan.durationNs, endNs, allLostSinceNs);
  }

  #result(driven: Driven, durationNs: number): RoundResult {
    const { opened, plan, rate, changes, earlier } = this.#o;
    const { members } = opened.run;
    const results = driven.results as ReadonlyMap<(typeof members)[number], RoundResult>;
    const all = members.flatMap((member) => results.get(member) ?? []);
    const measured = {
      plan,
      merger: this.#merger,
      rate,
      exchangePerSec: changes?.exchangePerSec ?? null,
      isTrial: changes !== undefined,
      durationNs,
      isStopped: driven.stopNs !== null,
      evidence: {
        cpu: cpuOf(all),
        kernel: kernelOf(members, results),
        packet: undefined,
        threads: members.flatMap((member) => threadUses(member.name, member.opened!.workers, results.get(member))),
      },
      cpuStarted: all.reduce((sum, { attempts }) => sum + attempts.started, 0),
      gc: [],
      workersDied: 0,
      sinkWork: workOf(all),
      earlier,
    };
    const agents = agentRounds(members, this.#lanes, driven);
    const facts = roundFacts(measured);
    const result = roundResult(measured, { ...facts, agents, target: { ...facts.target, isLocal: false } });
    const { verdict, findings, ...figures } = result;
    return this.#probed.beside({ ...figures, agents, verdict, findings });
  }
}
