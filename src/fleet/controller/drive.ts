/** Drives one round on all agents of a run: prepare, begin at one time, follow the clocks, and wait until each has told all. */
import { monotonicNs } from '../../runtime/clock.ts';
import type { RoundResult } from '../../document/client.ts';
import type { RttRound } from '../../document/rtt.ts';
import type { MachineSecond, RoundPlace } from '../../run/events.ts';
import { faultOfRound } from '../../document/read.ts';
import { formatDuration } from '../../units/quantity.ts';
import { TIMES, type Answer, type FleetCommand, type Report } from '../protocol.ts';
import { moveOf } from './clock.ts';
import type { FleetRun, OrderBody } from './fleet-run.ts';
import { LateAgents } from './late-agents.ts';
import type { Member } from './member.ts';

/** Getting ready collects garbage, and connects a probe. */
const PREPARE_MS = 30_000;
/** From the orders to begin to the first slot: every agent must have accepted by then, also a busy one, or be told to stop. */
const LEAD_NS = 700e6;
/** A round trip must fit into the lead several times. */
const LEAD_TRIPS = 8;
/** Time that is left for orders to stop where one agent does not accept. */
const WITHDRAW_NS = 100e6;
const ORDER_MS = 3000;
/** Threads tell what they counted once a second, also where they wait for what is open. One that does not for so long stands still. */
const COUNTS_MS = 15_000;
/** Between the end of a stage on all agents and the begin of the next. */
const STAGE_LEAD_NS = 20e6;

export type PrepareBody = Extract<OrderBody, { readonly kind: 'prepare' }>;

/** What the round is told while it is driven. */
export interface DrivenHooks {
  /** Whose rounds these are. */
  readonly command: FleetCommand;
  /** All agents have accepted: the round begins at this time. */
  onBegin(baseNs: bigint): void;
  /** Returns false for what is no bank. */
  onBank(member: Member, of: 'connections' | 'pings', worker: number, body: Uint8Array): boolean;
  onHealth(member: Member, second: MachineSecond): void;
  onNotice(member: Member, level: Extract<Report, { kind: 'notice' }>['level'], text: string): void;
  /** Whether an agent's own result has all of its part of a round that was not stopped. `isLate`: it was lost, and has stopped itself. */
  isWhole(result: RoundResult | RttRound, isLate: boolean): boolean;
  /** The agent has told its round, and how it was there. */
  onEnd(member: Member, result: RoundResult | RttRound): void;
  /** `isAwaited`: it may still tell what it did. */
  onLost(member: Member, isAwaited: boolean): void;
  /** Of a lost agent is known what will be known: all that it did where `isTold`, else what it had reported. */
  onSettled(member: Member, isTold: boolean): void;
  /** Four times a second from the begin on. */
  onTick(): void;
}

/** How the clock of an agent fared. */
export interface ClockFigures {
  readonly errorNs: number;
  readonly driftNs: number;
}

export interface Driven {
  /** When the round began; null where it did not: no slot was due. */
  readonly baseNs: bigint | null;
  /** When the run was stopped, where it was. */
  readonly stopNs: bigint | null;
  /** When the last agent was lost, where all are. */
  readonly allLostNs: bigint | null;
  readonly results: ReadonlyMap<Member, RoundResult | RttRound>;
  readonly clocks: ReadonlyMap<Member, ClockFigures>;
  /** Banks that an agent told and that did not come, or could not be read, by agent. */
  readonly missing: ReadonlyMap<Member, number>;
}

/** Resolves when every agent has told its round, or is lost and nothing more is to be expected of it. Does not reject. */
export async function driveRound(
  run: FleetRun,
  order: PrepareBody,
  hooks: DrivenHooks,
  stop: AbortSignal | undefined,
): Promise<Driven> {
  const driver = new Driver(run, order.place, hooks);
  run.listen(driver);
  const onStop = (): void => driver.stop();
  stop?.addEventListener('abort', onStop, { once: true });
  try {
    if (await driver.prepare(order)) {
      if (stop?.aborted !== true) await driver.begin();
    }
    return driver.driven;
  } finally {
    stop?.removeEventListener('abort', onStop);
    run.listen(null);
  }
}

interface Following {
  /** The offset that the begin was told with. */
  readonly offsetNs: bigint;
  toldNs: number;
  errorNs: number;
  driftNs: number;
}

class Driver {
  readonly #run: FleetRun;
  readonly #place: RoundPlace;
  readonly #hooks: DrivenHooks;
  readonly #results = new Map<Member, RoundResult | RttRound>();
  /** Banks that came, by agent. */
  readonly #banks = new Map<Member, number>();
  readonly #missing = new Map<Member, number>();
  readonly #following = new Map<Member, Following>();
  /** The agents that have ended each stage. */
  readonly #stages: Set<Member>[] = [];
  readonly #late: LateAgents;
  #allLostNs: bigint | null = null;
  #baseNs: bigint | null = null;
  #stopNs: bigint | null = null;
  #isOrdered = false;
  #resolve: () => void = () => undefined;

  constructor(run: FleetRun, place: RoundPlace, hooks: DrivenHooks) {
    this.#run = run;
    this.#place = place;
    this.#hooks = hooks;
    this.#late = new LateAgents({ isThere: (member) => run.isThere(member) });
  }

  get driven(): Driven {
    const clocks = [...this.#following].map(
      ([member, { errorNs, driftNs }]) => [member, { errorNs, driftNs }] as const,
    );
    return {
      baseNs: this.#baseNs,
      stopNs: this.#stopNs,
      allLostNs: this.#run.living.length === 0 ? this.#allLostNs : null,
      results: this.#results,
      clocks: new Map(clocks),
      missing: this.#missing,
    };
  }

  /** Returns whether all agents are ready. */
  async prepare(order: PrepareBody): Promise<boolean> {
    for (const member of this.#run.living) if (member.leftWhy !== null) this.#run.giveUp(member, member.leftWhy);
    if (this.#run.living.length < this.#run.members.length) return false;
    await this.#orderAll(() => order, PREPARE_MS, 'did not get ready for the round');
    return this.#run.living.length === this.#run.members.length;
  }

  /** Begins the round on all agents, and waits for its end. */
  async begin(): Promise<void> {
    const { members } = this.#run;
    for (const member of members)
      if (member.clock.smallestTripNs === Infinity) this.#run.lose(member, 'its clock could not be read');
    if (this.#run.living.length < members.length) return;
    const longestTripNs = Math.max(...members.map(({ clock }) => clock.smallestTripNs));
    const baseNs = monotonicNs() + BigInt(Math.round(Math.max(LEAD_NS, LEAD_TRIPS * longestTripNs + WITHDRAW_NS)));
    for (const member of members) {
      const clock = member.clock.at(baseNs);
      if (clock === null) this.#run.lose(member, 'its clock could not be read');
      else {
        const { offsetNs, errorNs } = clock;
        this.#following.set(member, { offsetNs, toldNs: 0, errorNs, driftNs: 0 });
      }
    }
    if (this.#run.living.length < members.length) return;
    this.#isOrdered = true;
    const acceptMs = Number(baseNs - monotonicNs() - BigInt(WITHDRAW_NS)) / 1e6;
    const bodyOf = (member: Member): OrderBody => ({
      kind: 'begin',
      baseNs: String(baseNs + this.#following.get(member)!.offsetNs),
    });
    await this.#orderAll(bodyOf, acceptMs, 'did not begin the round');
    if (this.#run.living.length < members.length) this.#orderStop();
    else {
      this.#baseNs = baseNs;
      // Before, there is nothing to count.
      const baseMs = performance.now() + Number(baseNs - monotonicNs()) / 1e6;
      for (const member of members) member.countedMs = baseMs;
      this.#hooks.onBegin(baseNs);
    }
    await this.#ended();
  }

  /** Resolves when every agent has told its round, or is lost and settled. */
  async #ended(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#resolve = resolve;
      this.#endIfAll();
    });
  }

  #endIfAll(): void {
    if (this.#late.members.length > 0) return;
    if (this.#run.living.every((member) => this.#results.has(member))) this.#resolve();
  }

  async #orderAll(bodyOf: (member: Member) => OrderBody, timeoutMs: number, failed: string): Promise<void> {
    await Promise.all(
      this.#run.living.map(async (member) => {
        const answer = await this.#run.order(member, bodyOf(member), timeoutMs);
        const why = whyNot(answer, failed);
        if (why !== null) this.#run.lose(member, why);
      }),
    );
  }

  /** What is open is waited for; lost agents are not. */
  stop(): void {
    // Where all are lost, the round is over, and only the wait for their reports is stopped.
    if (this.#run.living.length > 0) this.#stopNs ??= monotonicNs();
    if (this.#isOrdered) this.#orderStop();
    for (const member of this.#late.members) this.#settle(member, false);
  }

  #orderStop(): void {
    for (const member of this.#run.living) void this.#run.order(member, { kind: 'stop' }, ORDER_MS);
  }

  onReport(member: Member, report: Report, body: Uint8Array): void {
    if ('place' in report && !isSamePlace(report.place, this.#place)) return;
    switch (report.kind) {
      case 'bank':
        if (this.#hooks.onBank(member, report.of, report.worker, body))
          this.#banks.set(member, (this.#banks.get(member) ?? 0) + 1);
        break;
      case 'health':
        this.#hooks.onHealth(member, report);
        break;
      case 'notice':
        this.#hooks.onNotice(member, report.level, report.text);
        break;
      case 'stage':
        this.#onStage(member, report.stage);
        break;
      case 'round':
        if (faultOfRound(this.#hooks.command, report.result) !== null) {
          if (this.#late.has(member)) this.#settle(member, false);
          else this.#run.lose(member, 'its result of the round is not what the protocol says', true);
          break;
        }
        this.#results.set(member, report.result);
        this.#missing.set(member, Math.max(0, report.banks - (this.#banks.get(member) ?? 0)));
        this.#onRound(member, report.result, report.why ?? null);
        break;
      case 'failed':
        if (this.#late.has(member)) this.#settle(member, false);
        else this.#run.lose(member, report.message, true);
        break;
    }
  }

  #onRound(member: Member, result: RoundResult | RttRound, why: string | null): void {
    const isLate = this.#late.has(member);
    // One that could not hear this controller has stopped by itself.
    const isWhole = this.#baseNs === null || this.#stopNs !== null || this.#hooks.isWhole(result, isLate);
    if (!isWhole && isLate) this.#settle(member, true);
    else if (!isWhole) this.#run.giveUp(member, this.#endedText(why), true);
    else {
      if (isLate) {
        this.#late.delete(member);
        member.find();
        void this.#run.free(member);
      }
      this.#hooks.onEnd(member, result);
    }
    this.#endIfAll();
  }

  #endedText(why: string | null): string {
    if (why === null) return 'it stopped before the end of the round';
    const { stoodStillMs } = this.#run;
    const ours =
      stoodStillMs > TIMES.silenceMs
        ? `; this controller stood still for ${formatDuration(Math.round(stoodStillMs / 1000) * 1e9)}`
        : '';
    return `it ended the run: ${why}${ours}`;
  }

  hasTold(member: Member): boolean {
    return this.#results.has(member);
  }

  isAwaited(member: Member): boolean {
    return this.#late.has(member);
  }

  onLost(member: Member, isOver: boolean): void {
    if (this.#run.living.length === 0) this.#allLostNs = monotonicNs();
    // A user who has stopped the run does not want to wait.
    const isAwaited = this.#baseNs !== null && this.#stopNs === null && !isOver;
    if (isAwaited) this.#late.add(member);
    this.#hooks.onLost(member, isAwaited);
    if (!isAwaited) this.#settle(member, this.#results.has(member));
    // The others do not wait for it.
    for (const stage of this.#stages.keys()) this.#passStage(stage);
  }

  onLate(member: Member): void {
    this.#late.heard(member);
  }

  onGone(member: Member): void {
    this.#settle(member, false);
  }

  #settle(member: Member, isTold: boolean): void {
    // An agent that may live is not kept for a run that others go on with.
    if (this.#late.delete(member)) void this.#run.free(member);
    this.#hooks.onSettled(member, isTold);
    this.#endIfAll();
  }

  onOdd(member: Member, text: string): void {
    this.#hooks.onNotice(member, 'warning', text);
  }

  onTick(): void {
    if (this.#baseNs === null) return;
    this.#followClocks();
    this.#loseStuck();
    for (const member of this.#late.givenUp(this.#run.connectedMs)) this.#settle(member, false);
    this.#hooks.onTick();
  }

  /** An agent that is there and tells no counts would be waited for without end. */
  #loseStuck(): void {
    if (this.#run.connectedMs === null) return;
    const oldestMs = performance.now() - COUNTS_MS;
    const stuck = this.#run.living.filter((member) => !this.#results.has(member) && member.countedMs < oldestMs);
    for (const member of stuck) {
      this.#run.lose(member, `it told no counts for ${COUNTS_MS / 1000} s`);
      // Nor will it tell any later: it is there, and was heard all the time.
      if (this.#late.has(member)) this.#settle(member, false);
    }
  }

  #onStage(member: Member, stage: number): void {
    (this.#stages[stage] ??= new Set()).add(member);
    this.#passStage(stage);
  }

  /** Where all agents have ended a stage, the next begins, at one time on all. */
  #passStage(stage: number): void {
    const ended = this.#stages[stage];
    if (ended === undefined || ended.size === 0 || !this.#run.living.every((member) => ended.has(member))) return;
    this.#stages[stage] = new Set();
    const beginNs = monotonicNs() + BigInt(STAGE_LEAD_NS);
    for (const member of this.#run.living) {
      const offsetNs = member.clock.at(beginNs)?.offsetNs ?? this.#following.get(member)!.offsetNs;
      const order = { kind: 'stage', stage, beginNs: String(beginNs + offsetNs) } as const;
      void this.#run.order(member, order, ORDER_MS);
    }
  }

  #followClocks(): void {
    const nowNs = monotonicNs();
    for (const member of this.#run.living) {
      const following = this.#following.get(member);
      const now = member.clock.at(nowNs);
      if (following === undefined || now === null || this.#results.has(member)) continue;
      const moveNs = moveOf(following.offsetNs + BigInt(following.toldNs), now);
      if (moveNs !== 0) {
        following.toldNs += moveNs;
        void this.#run.order(member, { kind: 'shift', shiftNs: following.toldNs }, ORDER_MS);
      }
      if (now.isFollowed) following.driftNs = Number(now.offsetNs - following.offsetNs);
      following.errorNs = Math.max(following.errorNs, now.errorNs);
    }
  }
}

/** Why an order was not carried out; null where it was. */
function whyNot(answer: Answer | null, failed: string): string | null {
  if (answer === null) return failed;
  return 'refused' in answer ? answer.refused.message : null;
}

function isSamePlace(a: RoundPlace, b: RoundPlace): boolean {
  return a.round === b.round && a.trial === b.trial;
}
