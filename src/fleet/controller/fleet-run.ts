/**
 * The controller's side of a run: orders to its agents, beats, clocks, and what the agents report. It has one timer for all agents.
 */
import type { Bus } from '../bus/bus.ts';
import { readAnswer } from '../answer-shape.ts';
import { PROTOCOL, SUBJECTS, TIMES, type Answer, type Beat, type Order, type Report } from '../protocol.ts';
import { decodeReport } from '../report-code.ts';
import { readDescription } from '../roll-call.ts';
import type { SigningKey } from '../trust/keys.ts';
import { seal } from '../trust/sealed.ts';
import { Acknowledgements } from './acknowledgements.ts';
import { ClockReader } from './clock-reader.ts';
import { NatsWatch } from '../nats-watch.ts';
import type { Member } from './member.ts';
import { RECONNECT_MS, type Requests } from './requests.ts';

const TICK_MS = 250;
const TICKS_PER_BEAT = TIMES.beatMs / TICK_MS;
/** An agent sends again what it is told to be missing, within two beats. */
const GAP_TOLD_MAX = 15;
/** For the answer to an order to stop or to close, or to a question whether an agent is there. */
const ANSWER_MS = 1000;

/** An order without what all orders have. */
export type OrderBody = Order extends infer Each ? (Each extends Order ? Omit<Each, keyof OrderHead> : never) : never;
type OrderHead = Pick<Order, 'protocol' | 'agent' | 'run' | 'number'>;

/** Whom a run tells what happens. */
export interface RunListener {
  /** Reports in order, each once, of agents that are not lost, or are waited for. */
  onReport(member: Member, report: Report, body: Uint8Array): void;
  /** Whether an agent has told all of its part of the round: it may go. */
  hasTold(member: Member): boolean;
  /** `isOver`: nothing more is to come of it. */
  onLost(member: Member, isOver: boolean): void;
  /** Whether a lost agent may still tell what it did. */
  isAwaited(member: Member): boolean;
  /** A lost agent that is waited for lives, and ends its part. */
  onLate(member: Member): void;
  /** A lost agent that is waited for cannot tell any more. */
  onGone(member: Member): void;
  /** Something comes in the agent's name that is not of it; told once for each. */
  onOdd(member: Member, text: string): void;
  /** Four times a second. */
  onTick(): void;
}

export interface FleetRunOptions {
  readonly bus: Bus;
  readonly requests: Requests;
  /** Null where orders are not signed. */
  readonly key: SigningKey | null;
  /** The name of the run (`RUN_NAME`). */
  readonly run: string;
  readonly members: readonly Member[];
}

export class FleetRun {
  readonly members: readonly Member[];
  readonly #o: FleetRunOptions;
  readonly #ends: (() => void)[] = [];
  readonly #acknowledgements: Acknowledgements;
  readonly #clocks: ClockReader;
  /** Whether it is being found out who is silent. */
  #isLooking = false;
  #listener: RunListener | null = null;
  #orderNumber = 0;
  #beatNumber = 0;
  #ticks = 0;
  readonly #nats: NatsWatch;
  /** When NATS was there again, on `performance.now()`. */
  #backMs = -Infinity;
  #stoodStillMs = 0;
  /** False from the orders to close on: agents that leave are not lost. */
  #isOpen = true;
  /** Whose ill-formed signs of life were told of. */
  readonly #odd = new Set<Member>();

  constructor(options: FleetRunOptions) {
    this.#o = options;
    this.members = options.members;
    this.#acknowledgements = new Acknowledgements(options.members);
    this.#clocks = new ClockReader({
      ...{ bus: options.bus, members: options.members, ticksPerSec: 1000 / TICK_MS },
      isOpen: () => this.#isOpen,
    });
    const { bus } = options;
    for (const member of this.members) {
      this.#ends.push(bus.subscribe(SUBJECTS.report(member.name), ({ data }) => this.#onReport(member, data)));
      this.#ends.push(bus.subscribe(SUBJECTS.alive(member.name), ({ data }) => this.#onAlive(member, data)));
    }
    this.#nats = new NatsWatch({
      bus,
      onBack: () => this.#natsIsBack(),
      // What agents said meanwhile is still in the socket.
      onStoodStill: (ms) => {
        this.#stoodStillMs = Math.max(this.#stoodStillMs, ms);
        for (const member of this.members) member.hear(performance.now());
      },
    });
    bus.onEvent(() => this.#nats.look());
    const timer = setInterval(() => this.#tick(), TICK_MS);
    this.#ends.push(() => clearInterval(timer));
    this.#beat();
  }

  /** Those that are not lost. */
  get living(): readonly Member[] {
    return this.members.filter((member) => !member.isLost);
  }

  /** The name of the run. */
  get name(): string {
    return this.#o.run;
  }

  /** Who is told from here on. Reports are dropped while there is no listener. */
  listen(listener: RunListener | null): void {
    this.#listener = listener;
  }

  /** Gives an order. Resolves to the answer, `AWAY` for one that NATS lost; null where none comes in time, or the agent is lost. */
  async order<T = Record<string, never>>(
    member: Member,
    body: OrderBody,
    timeoutMs: number,
  ): Promise<Answer<T> | null> {
    const dataOf = (): Uint8Array => this.#sealed(member, body);
    const isWanted = (): boolean => this.#isOpen && !member.isLost;
    const answered = this.#o.requests.order(SUBJECTS.order(member.name), dataOf, timeoutMs, isWanted);
    const answer = await member.orLost(answered);
    if (!(answer instanceof Uint8Array)) return answer;
    this.#hear(member);
    return readAnswer(answer, body.kind) as Answer<T>;
  }

  /** Asks every clock as often as it takes for a first offset, and no longer than `meanwhile` takes. */
  readClocks(meanwhile: Promise<unknown>): Promise<void> {
    return this.#clocks.readFirst(meanwhile);
  }

  /** The agent is lost for the run; with `isOver`, nothing more is to come of it. One that has told all of its part may go. */
  lose(member: Member, why: string, isOver = false): void {
    if (member.isLost) return;
    if (member.leftWhy !== null || this.#listener?.hasTold(member) === true) {
      member.leave(why);
      return;
    }
    this.giveUp(member, why, isOver);
  }

  /** The agent is lost for the run, whatever it has told. */
  giveUp(member: Member, why: string, isOver = false): void {
    if (member.isLost) return;
    member.lose(why);
    this.#listener?.onLost(member, isOver);
    if (!member.isHeld) return;
    // Where it can still be told, it stops.
    if (this.#isAwaited(member)) void this.#stop(member);
    else void this.free(member);
  }

  #isAwaited(member: Member): boolean {
    return member.isLost && this.#listener?.isAwaited(member) === true;
  }

  /** Whether anything listens at NATS in the agent's name. */
  isThere({ name }: Member): Promise<boolean> {
    return this.#o.bus.isHeard(SUBJECTS.clock(name), new Uint8Array(0), ANSWER_MS);
  }

  /** For how long NATS has been there, in ms; null where it is away. */
  get connectedMs(): number | null {
    return this.#nats.awaySinceMs === null ? performance.now() - this.#backMs : null;
  }

  /** The longest time in ms for which this process stood still during the run. */
  get stoodStillMs(): number {
    return this.#stoodStillMs;
  }

  /** Frees all agents; those that are lost may hear it too. */
  async close(): Promise<void> {
    this.#isOpen = false;
    const held = this.members.filter(({ isHeld }) => isHeld);
    await Promise.all(held.map((member) => this.free(member)));
  }

  /** Tells all agents that their controller is leaving: they stop, wait for what is open, and are free. Resolves when NATS has it; asks for no answer. */
  async abandon(): Promise<void> {
    this.#isOpen = false;
    for (const member of this.members) {
      if (member.isHeld) this.#o.bus.publish(SUBJECTS.order(member.name), this.#sealed(member, { kind: 'close' }));
    }
    await this.#o.bus.flush();
  }

  async #stop(member: Member): Promise<void> {
    await this.#o.requests.ask(SUBJECTS.order(member.name), this.#sealed(member, { kind: 'stop' }), ANSWER_MS);
  }

  /** Orders a member to close, which it does once. */
  async free(member: Member): Promise<void> {
    const data = this.#sealed(member, { kind: 'close' });
    if ((await this.#o.requests.ask(SUBJECTS.order(member.name), data, ANSWER_MS)) !== null) member.isHeld = false;
  }

  #sealed(member: Member, body: OrderBody): Uint8Array {
    const head: OrderHead = { protocol: PROTOCOL, agent: member.name, run: this.name, number: this.#orderNumber++ };
    return seal({ ...head, ...body }, 'order', this.#o.key);
  }

  /** Ends what runs here. Orders to close are given before. */
  end(): void {
    for (const end of this.#ends) end();
    this.#listener = null;
  }

  #tick(): void {
    if (!this.#isOpen) return;
    this.#nats.look();
    const tick = this.#ticks++;
    const { awaySinceMs } = this.#nats;
    if (awaySinceMs === null) {
      if (tick % TICKS_PER_BEAT === 0) {
        this.#loseGaps();
        this.#beat();
      }
      this.#clocks.readTurn(tick);
      this.#findSilent();
    } else if (performance.now() - awaySinceMs > TIMES.disconnectedMs) {
      const why = `this controller had no connection to NATS for ${TIMES.disconnectedMs / 1000} s`;
      for (const member of this.living) this.lose(member, why);
    }
    this.#listener?.onTick();
  }

  #beat(): void {
    const acknowledged = this.#acknowledgements.next();
    const beat: Beat = { protocol: PROTOCOL, run: this.name, number: this.#beatNumber++, acknowledged };
    this.#o.bus.publish(SUBJECTS.beat(this.name), seal(beat, 'beat', this.#o.key));
  }

  /** Where this controller is late with reading, an agent may have spoken: silence counts when NATS has nothing more for it. */
  #findSilent(): void {
    if (this.#isLooking) return;
    const oldestMs = performance.now() - TIMES.silenceMs;
    const isSilent = ({ heardMs, isLost }: Member): boolean => !isLost && heardMs < oldestMs;
    const silent = this.members.filter(isSilent);
    if (silent.length === 0) return;
    this.#isLooking = true;
    void this.#o.bus.flush().then((isAnswered) => {
      this.#isLooking = false;
      if (!this.#isOpen || !isAnswered) return;
      const why = `nothing was heard of it for ${TIMES.silenceMs / 1000} s`;
      for (const member of silent.filter(isSilent)) this.lose(member, why);
    });
  }

  /** What does not come again would be waited for without end. */
  #loseGaps(): void {
    for (const member of this.living) {
      if (member.inbox.gapTold > GAP_TOLD_MAX)
        this.lose(member, 'a report of it is missing, and it does not send it again', true);
    }
  }

  #natsIsBack(): void {
    this.#backMs = performance.now();
    // Nobody could be heard meanwhile, and agents may be connected again later than this controller.
    for (const member of this.members) member.hear(performance.now() + RECONNECT_MS);
    this.#beat();
  }

  #hear(member: Member): void {
    member.heardMs = performance.now();
    this.#nats.heard();
  }

  #onReport(member: Member, data: Uint8Array): void {
    const decoded = decodeReport(data);
    if (decoded?.report.run !== this.name) return;
    const { report, body } = decoded;
    const isWanted = (): boolean => !member.isLost || this.#isAwaited(member);
    if (report.instance !== member.description.instance || !isWanted()) return;
    this.#hear(member);
    // Its main thread tells the others, also where the threads that connect stand still.
    if (report.kind !== 'health' && report.kind !== 'notice') member.countedMs = member.heardMs;
    member.inbox.take(report, body, (...each) => {
      if (isWanted()) this.#listener?.onReport(member, ...each);
    });
  }

  #onAlive(member: Member, data: Uint8Array): void {
    if (!this.#isOpen || (member.isLost && !this.#isAwaited(member))) return;
    // An agent that starts asks so whether its name is taken.
    if (data.length === 0) return;
    if (!member.isLost && member.saysSame(data)) {
      this.#hear(member);
      return;
    }
    const said = readDescription(data);
    if (said?.name !== member.name) {
      this.#tellOdd(member);
      return;
    }
    this.#hear(member);
    const { description } = said;
    const run = description?.busy?.run ?? null;
    if (description?.instance !== member.description.instance) this.#onGone(member, 'it was started again');
    // It keeps reports of its last run only.
    else if (member.isLost && run !== null && run !== this.name) this.#onGone(member, 'it has another run');
    else if (member.isLost && run !== null) this.#onLate(member);
    else if (run === this.name) member.said = data.slice();
    // Before `open` is answered, it is not held by this run.
    else if (member.opened !== null) this.lose(member, 'it gave up the run');
  }

  /** It may not have heard the order to stop. */
  #onLate(member: Member): void {
    this.#listener?.onLate(member);
    void this.#stop(member);
  }

  #onGone(member: Member, why: string): void {
    if (member.isLost) this.#listener?.onGone(member);
    else this.lose(member, why, true);
  }

  /** What is no sign of life is no reason to give up an agent: who has its credentials can publish anything. */
  #tellOdd(member: Member): void {
    if (this.#listener === null || this.#odd.has(member)) return;
    this.#odd.add(member);
    this.#listener.onOdd(
      member,
      'a sign of life in its name cannot be read, and is ignored: another program publishes there',
    );
  }
}
