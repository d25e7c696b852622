/** A run on an agent: from the order that opens it to its end, whoever ends it. */
import type { RoundResult } from '../../document/client.ts';
import type { FleetPart } from '../../document/fleet.ts';
import type { RttRound } from '../../document/rtt.ts';
import type { Machine } from '../../plan/demand/machine.ts';
import { partOf } from '../../plan/fleet/share.ts';
import type { RunEvent } from '../../run/events.ts';
import { monotonicNs } from '../../runtime/clock.ts';
import { callAfter } from '../../runtime/timer.ts';
import { formatDuration } from '../../units/quantity.ts';
import { encodeBank } from '../bank-code.ts';
import type { Bus } from '../bus/bus.ts';
import type { Answer, Beat, Opened, Order, Refusal } from '../protocol.ts';
import type { Fetched } from '../files.ts';
import type { AgentLog } from './agent-log.ts';
import { openClientShare } from './client-share.ts';
import { ControllerWatch } from './controller-watch.ts';
import { openPingShare } from './ping-share.ts';
import { ReportLog } from './report-log.ts';
import { RunLeader } from './run-leader.ts';
import { refusalOf } from './share-session.ts';
import type { OpenOrder, OpenedShare, PrepareOrder, ShareContext, ShareSession } from './share-session.ts';

export interface AgentRunOptions extends Pick<ShareContext, 'own' | 'limits'> {
  /** What this machine is now. */
  readonly machine: () => Machine;
  /** Gets the files that an order names. */
  readonly fetch: (order: OpenOrder) => Promise<Fetched | { readonly refused: Refusal }>;
  readonly order: OpenOrder;
  readonly agent: string;
  readonly instance: string;
  readonly log: AgentLog;
  readonly bus: Pick<Bus, 'isConnected' | 'flush'>;
  readonly send: (message: Uint8Array) => void;
  /** The largest message that NATS takes. */
  readonly maxMessageBytes: () => number;
  /** Takes the agent's own result when the run is over; null where no result is kept. */
  readonly keep: ((rounds: readonly (RoundResult | RttRound)[], run: AgentRun) => Promise<void>) | null;
  /** The run is over and the agent is free. */
  readonly onOver: () => void;
}

/** How many rounds of a run are kept for the agent's own result. */
const KEPT_ROUNDS_MAX = 10_000;

/** A round that was prepared. */
interface CurrentRound {
  isBegun: boolean;
  /** Resolves when the round is over, in whatever way. */
  over: Promise<void>;
}

type Done = Answer;
const DONE: Done = { ok: {} };

export class AgentRun {
  readonly reports: ReportLog;
  readonly #o: AgentRunOptions;
  readonly #leader: RunLeader;
  readonly #watch: ControllerWatch;
  readonly #stop = new AbortController();
  readonly #rounds: (RoundResult | RttRound)[] = [];
  #share: Promise<OpenedShare> | null = null;
  #session: ShareSession | null = null;
  /** Until when the agent may start something, on CLOCK_MONOTONIC. */
  #leaseNs = 0n;
  #current: CurrentRound | null = null;
  #banks = 0;
  #tellReady: () => void = () => undefined;
  #limitTimer: { cancel(): void } | null = null;
  #ending: Promise<void> | null = null;
  /** Why this side ends the run; null where it does not. */
  #endsWhy: string | null = null;

  constructor(options: AgentRunOptions) {
    this.#o = options;
    const { order, instance, log, send } = options;
    this.reports = new ReportLog({
      ...{ run: order.run, instance, send },
      maxMessageBytes: options.maxMessageBytes,
      onEnd: (why) => {
        log.error(`${why}: the run ends`);
        void this.end('reports_lost', why);
      },
    });
    this.#leader = new RunLeader({
      onReady: () => this.#tellReady(),
      onBank: (of, bank, worker, measureNs) => {
        this.#banks++;
        this.reports.add({ kind: 'bank', of, place: this.#place, worker }, encodeBank(bank, measureNs));
      },
      onStage: (stage) => this.reports.add({ kind: 'stage', stage }),
    });
    this.#watch = new ControllerWatch({
      bus: options.bus,
      onLease: (untilMs) => {
        this.#leaseNs = monotonicNs() + BigInt(Math.round((untilMs - performance.now()) * 1e6));
        this.#session?.lease(this.#leaseNs);
      },
      onLost: (why) => {
        log.warn(`${why}: the run ends`);
        void this.end('controller_lost', why);
      },
    });
  }

  #place: PrepareOrder['place'] = { round: 0 };

  get run(): string {
    return this.#o.order.run;
  }

  /** Which part of the run is this agent's, for its own result. */
  get part(): FleetPart {
    const { agent, order } = this.#o;
    return { run: order.run, agent, share: partOf(order.share), controller: order.controller };
  }

  /** What the run aims at; null before it is open. */
  get target(): string | null {
    return this.#session?.target ?? null;
  }

  get session(): ShareSession | null {
    return this.#session;
  }

  get isInterrupted(): boolean {
    return this.#stop.signal.aborted;
  }

  /** Opens the agent's part. A refusal ends the run. */
  async open(): Promise<Answer<Opened>> {
    const { log } = this.#o;
    this.#share = this.#openShare();
    const opened = await this.#share;
    if ('refused' in opened) {
      log.warn(`refused: ${opened.refused.message}${problemsText(opened.refused)}`);
      await this.close();
      return opened;
    }
    this.#session = opened;
    opened.lease(this.#leaseNs);
    if (this.#ending !== null) return refused('failed', 'the run was ended while it was opened');
    this.#limitOn(opened);
    return { ok: opened.opened };
  }

  async #openShare(): Promise<OpenedShare> {
    const { order, own, limits, machine, fetch } = this.#o;
    try {
      const fetched = await fetch(order);
      if ('refused' in fetched) return fetched;
      const context = {
        ...{ own, limits, leader: this.#leader, stop: this.#stop.signal, emit: this.#onEvent },
        machine: { ...machine(), loadFile: fetched.loadFile },
      };
      return await (order.command === 'rtt' ? openPingShare : openClientShare)(order, context);
    } catch (error) {
      return { refused: refusalOf('failed', error) };
    }
  }

  /** Carries out an order of the run. */
  async obey(order: Exclude<Order, { readonly kind: 'open' }>): Promise<Done> {
    switch (order.kind) {
      case 'prepare':
        return this.#prepare(order);
      case 'begin':
        return this.#begin(BigInt(order.baseNs));
      case 'stage':
        return this.#leader.beginAfter(order.stage, BigInt(order.beginNs))
          ? DONE
          : refused('failed', `stage ${order.stage} has not ended here`);
      case 'shift':
        this.#session?.shift(order.shiftNs);
        return DONE;
      case 'stop':
        this.#stopNow('the controller stopped it');
        return DONE;
      case 'close':
        await this.close();
        // The controller has them, or does not want them.
        this.reports.clear();
        return DONE;
    }
  }

  /** A beat of the controller. */
  heard({ acknowledged }: Beat): void {
    this.#watch.heard();
    const { agent } = this.#o;
    if (Object.hasOwn(acknowledged, agent)) this.reports.acknowledge(acknowledged[agent]!);
  }

  /** The agent says that it is there. */
  spoke(): void {
    this.#watch.spoke();
  }

  /** Ends the run from this side: stops, waits for what is open, tells why. */
  async end(code: string, message: string): Promise<void> {
    this.#ending ??= this.#end(code, message);
    await this.#ending;
  }

  /** The run is over. What is under way is waited for, 5 s at most. */
  async close(): Promise<void> {
    this.#ending ??= this.#end(null, '');
    await this.#ending;
  }

  async #end(code: string | null, message: string): Promise<void> {
    this.#watch.end();
    this.#limitTimer?.cancel();
    if (code !== null) this.#endsWhy = message;
    // What is not open yet is waited for, and closed.
    const share = await this.#share;
    if (this.#current !== null || code !== null) this.#stopNow(message);
    await this.#current?.over;
    if (code !== null) this.reports.add({ kind: 'failed', code, message });
    if (share !== null && !('refused' in share)) {
      await share.close();
      await this.#o.keep?.(this.#rounds, this);
    }
    this.#o.onOver();
  }

  #stopNow(why: string): void {
    this.#stop.abort();
    this.#leader.giveUp(why);
  }

  async #prepare(order: PrepareOrder): Promise<Done> {
    const session = this.#session;
    if (session === null || this.#ending !== null) return refused('failed', 'the run is not open');
    if (this.#stop.signal.aborted) return refused('failed', 'the run was stopped');
    if (this.#current !== null) return refused('failed', 'a round is under way');
    const [failure] = session.failures;
    if (failure !== undefined) return refused('failed', failure.message);
    const over = session.limits.refuseRound(order.rate, order.durationNs, order.exchangePerSec);
    if (over !== null) return { refused: over };
    this.#place = order.place;
    this.#banks = 0;
    const ready = new Promise<Done>((resolve) => {
      this.#tellReady = () => resolve(DONE);
    });
    const current: CurrentRound = { isBegun: false, over: Promise.resolve() };
    this.#current = current;
    const failed = this.#round(session, order, current);
    current.over = failed.then(() => undefined);
    return Promise.race([ready, failed.then((why) => refused('failed', why ?? 'the round ended before its begin'))]);
  }

  /** Resolves when the round is over: to why there was none, where there was none. */
  async #round(session: ShareSession, order: PrepareOrder, current: CurrentRound): Promise<string | null> {
    try {
      const result = await session.round(order);
      if (this.#o.keep !== null && this.#rounds.length < KEPT_ROUNDS_MAX) this.#rounds.push(result);
      const why = this.#endsWhy === null ? {} : { why: this.#endsWhy };
      const told = { place: order.place, result: withoutSeconds(result), banks: this.#banks, ...why };
      this.reports.add({ kind: 'round', ...told });
      return null;
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      if (current.isBegun) this.reports.add({ kind: 'failed', code: 'round_failed', message });
      return message;
    } finally {
      this.#current = null;
    }
  }

  #begin(baseNs: bigint): Done {
    const current = this.#current;
    if (current === null || !this.#leader.isReady) return refused('failed', 'no round is ready here');
    const lateNs = Number(monotonicNs() - baseNs);
    if (lateNs >= 0) {
      const why = `the order to begin came ${formatDuration(Math.max(1e6, Math.ceil(lateNs / 1e6) * 1e6))} too late`;
      this.#o.log.warn(`refused: ${why}`);
      this.#leader.giveUp(why);
      return refused('failed', why);
    }
    current.isBegun = true;
    this.#leader.begin(baseNs);
    return DONE;
  }

  /** The run ends by itself when the agent's own limit of time is over. */
  #limitOn({ limits }: ShareSession): void {
    const leftNs = Number(limits.endNs - monotonicNs());
    this.#limitTimer = callAfter(leftNs, () => {
      const why = `the run took longer than this agent allows (${formatDuration(this.#o.limits.maxDurationNs)}, its --max-duration)`;
      this.#o.log.warn(`${why}: it ends`);
      void this.end('over_limit', why);
    });
  }

  readonly #onEvent = (event: RunEvent): void => {
    if (event.type === 'health') {
      const { type: _, round: _round, trial: _trial, ...second } = event;
      this.reports.add({ kind: 'health', place: this.#place, ...second });
    } else if (event.type === 'notice') {
      const { level, text } = event;
      this.reports.add({ kind: 'notice', level, text });
    }
  };
}

/** The controller adds up the seconds itself; a message has no room for all of them. */
function withoutSeconds(result: RoundResult | RttRound): RoundResult | RttRound {
  const { histograms: _, ...rest } = result;
  return { ...rest, intervals: [], ...('samples' in rest ? { samples: undefined } : {}) } as RoundResult | RttRound;
}

function refused(code: Refusal['code'], message: string): { readonly refused: Refusal } {
  return { refused: { code, message } };
}

function problemsText({ problems = [] }: Refusal): string {
  return problems.map(({ option, expected }) => `; ${option}: expected ${expected}`).join('');
}
