/** A controller for tests of agents: orders by hand, and all that comes back. */
import { LOAD_BANK, LoadRound } from '../../src/count/load.ts';
import { decodeBank, makeBank } from '../../src/fleet/bank-code.ts';
import type { Bus } from '../../src/fleet/bus/bus.ts';
import {
  PROTOCOL,
  SUBJECTS,
  type Answer,
  type Description,
  type Opened,
  type Order,
  type Report,
  type Ticket,
} from '../../src/fleet/protocol.ts';
import { decodeReport, type DecodedReport } from '../../src/fleet/report-code.ts';
import type { SigningKey } from '../../src/fleet/trust/keys.ts';
import { seal } from '../../src/fleet/trust/sealed.ts';
import { WHOLE, type Share } from '../../src/plan/fleet/share.ts';
import { monotonicNs } from '../../src/runtime/clock.ts';

/** For an answer of an agent that is there, on a busy machine. */
const WHO_MS = 20_000;

type Body = Order extends infer Each
  ? Each extends Order
    ? Omit<Each, 'protocol' | 'agent' | 'run' | 'number'>
    : never
  : never;

export interface OpenChanges {
  readonly command?: 'client' | 'rtt';
  readonly files?: Extract<Order, { kind: 'open' }>['files'];
  readonly trialsUpToPerSec?: number;
  readonly isInStages?: boolean;
  readonly share?: Share;
  readonly ticket?: string;
}

let runs = 0;

/** One run against one agent on this machine, whose clock is the test's. */
export class TestController {
  readonly run: string;
  readonly agent: string;
  readonly reports: DecodedReport[] = [];
  /** Reports with a number below this one came, without a gap. */
  acknowledged = 0;
  /** Whether beats are sent. */
  beats = true;
  readonly #bus: Bus;
  readonly #key: SigningKey | null;
  readonly #timer: NodeJS.Timeout;
  readonly #unsubscribe: () => void;
  /** The last order to prepare. */
  #prepared: Body | null = null;
  readonly #numbers = new Set<number>();
  #order = 0;
  #beat = 0;

  constructor(bus: Bus, agent: string, key: SigningKey | null = null) {
    this.#bus = bus;
    this.#key = key;
    this.agent = agent;
    this.run = `run-${String(process.pid)}-${String(runs++)}`.padEnd(8, '-');
    this.#unsubscribe = bus.subscribe(SUBJECTS.report(agent), ({ data }) => {
      const decoded = decodeReport(Uint8Array.from(data));
      if (decoded?.report.run !== this.run) return;
      if (!this.#numbers.has(decoded.report.number)) this.reports.push(decoded);
      this.#numbers.add(decoded.report.number);
      while (this.#numbers.has(this.acknowledged)) this.acknowledged++;
    });
    this.#timer = setInterval(() => this.sendBeat(), 500);
  }

  sendBeat(): void {
    if (!this.beats) return;
    const beat = { protocol: PROTOCOL, run: this.run, number: this.#beat++ };
    const acknowledged = { [this.agent]: this.acknowledged };
    this.#bus.publish(SUBJECTS.beat(this.run), seal({ ...beat, acknowledged }, 'beat', this.#key));
  }

  async ticket(): Promise<string> {
    const answer = await this.#bus.request(SUBJECTS.ticket(this.agent), new Uint8Array(0), 2000);
    if (answer === null) throw new Error(`${this.agent} gives no ticket`);
    return (JSON.parse(Buffer.from(answer).toString()) as Ticket).ticket;
  }

  async open(values: Readonly<Record<string, unknown>>, changes: OpenChanges = {}): Promise<Answer<Opened>> {
    const { command = 'client', files = {}, trialsUpToPerSec = null, isInStages = false, share = WHOLE } = changes;
    const ticket = changes.ticket ?? (await this.ticket());
    return this.order<Opened>({
      ...{ kind: 'open', ticket, controller: 'test@here', command, called: command, values, files },
      ...{ trialsUpToPerSec, isInStages, share, portsPart: { index: 0, of: 1 } },
    });
  }

  /** Orders and waits for the answer. */
  async order<T = Record<string, never>>(body: Body, timeoutMs = 20_000): Promise<Answer<T>> {
    const head = { protocol: PROTOCOL, agent: this.agent, run: this.run, number: this.#order++ };
    const answer = await this.#bus.request(
      SUBJECTS.order(this.agent),
      seal({ ...head, ...body }, 'order', this.#key),
      timeoutMs,
    );
    if (answer === null) throw new Error(`${this.agent} did not answer to ${body.kind}`);
    return JSON.parse(Buffer.from(answer).toString()) as Answer<T>;
  }

  prepare(ratePerSec: number | 'max', round = 0): Promise<Answer> {
    const whole = { durationNs: null, maxLagNs: null, exchangePerSec: null };
    this.#prepared = { kind: 'prepare', place: { round }, rate: ratePerSec, ...whole };
    return this.order(this.#prepared);
  }

  /**
   * Without `inMs` the round begins in a moment. A machine that is held up may take longer than that for the order: then the round is
   * prepared again.
   */
  async begin(inMs?: number): Promise<Answer> {
    for (let leadMs = inMs ?? 600; ; leadMs *= 2) {
      const answer = await this.order({
        kind: 'begin',
        baseNs: String(monotonicNs() + BigInt(Math.round(leadMs * 1e6))),
      });
      const isLate = 'refused' in answer && answer.refused.message.includes('too late');
      if (!isLate || inMs !== undefined || this.#prepared === null) return answer;
      await this.order(this.#prepared);
    }
  }

  /** Resolves with the first report of a kind, the next after `from` reports. */
  async report<Kind extends Report['kind']>(kind: Kind, withinMs = 20_000): Promise<Extract<Report, { kind: Kind }>> {
    const endMs = performance.now() + withinMs;
    for (;;) {
      const found = this.reports.find(({ report }) => report.kind === kind);
      if (found !== undefined) return found.report as Extract<Report, { kind: Kind }>;
      if (performance.now() > endMs) throw new Error(`no report of kind ${kind}; ${this.kinds().join(' ')}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  kinds(): readonly string[] {
    return this.reports.map(({ report }) => report.kind);
  }

  /** The sum of all banks of connections. */
  sum(workers: number): LoadRound {
    const round = new LoadRound(workers, 0, (_interval, _warmup, detail) => detail.release());
    const bank = makeBank(LOAD_BANK);
    for (const { report, body } of this.reports) {
      if (report.kind !== 'bank' || report.of !== 'connections') continue;
      if (!decodeBank(body, LOAD_BANK, bank)) throw new Error('a bank that cannot be read');
      round.add(bank, report.worker);
    }
    round.finish();
    return round;
  }

  async close(): Promise<Answer> {
    return this.order({ kind: 'close' });
  }

  /** Ends the timers; orders nothing. */
  leave(): void {
    clearInterval(this.#timer);
    this.#unsubscribe();
  }
}

/** All agents that answer, of whom there is one at most: without one NATS says so. */
export async function whoIsThere(bus: Bus): Promise<readonly Description[]> {
  if (!(await bus.isHeard(SUBJECTS.who, new Uint8Array(0), WHO_MS))) return [];
  const answers = await bus.requestAll(SUBJECTS.who, new Uint8Array(0), WHO_MS, (given) => given.length > 0);
  return answers.map((answer) => JSON.parse(Buffer.from(answer).toString()) as Description);
}
