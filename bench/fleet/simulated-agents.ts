/**
 * A program: agents that say all that real ones say, through a real nats-server, and send nothing to a target. Each has a connection of
 * its own. What they report was counted by a real run, whose result the file of the last argument is (written with `--histograms`).
 *
 *   node --import=tsx bench/fleet/simulated-agents.ts URL FIRST COUNT FILE
 *
 * Agents FIRST to FIRST + COUNT - 1. Prints `ready`, and for each round `begin` with its base in ns of CLOCK_MONOTONIC.
 */
import { readFileSync } from 'node:fs';
import { END_NS, START_NS, WARMUP } from '../../src/count/bank.ts';
import type { ClientResult } from '../../src/document/client.ts';
import { machineSystem } from '../../src/document/system.ts';
import { ReportLog, type ReportBody } from '../../src/fleet/agent/report-log.ts';
import { encodeBank } from '../../src/fleet/bank-code.ts';
import type { Bus, Message } from '../../src/fleet/bus/bus.ts';
import { connectBus } from '../../src/fleet/bus/nats.ts';
import { PROTOCOL, SUBJECTS, TIMES, type Description, type Order } from '../../src/fleet/protocol.ts';
import { Gate } from '../../src/fleet/trust/gate.ts';
import { monotonicNs } from '../../src/runtime/clock.ts';
import { busOptions } from '../../test/support/nats.ts';
import { bankOf } from './recorded-bank.ts';

type OpenOrder = Extract<Order, { readonly kind: 'open' }>;
type PrepareOrder = Extract<Order, { readonly kind: 'prepare' }>;
/** Real agents fetch what their workers counted this often, each at its own time. */
const COLLECT_MS = 100;
/** What is still open is waited for. */
const END_MS = 50;
const OPEN_MS = 100;

const [url, first, count, file] = process.argv.slice(2);
const recorded = (JSON.parse(readFileSync(file!, 'utf8')) as ClientResult).rounds[0]!;
/** The first and the last second of a run are not like the others; nor is one in which the machine that ran it was late. */
const banks = recorded.intervals
  .slice(1, -1)
  .filter(({ scheduled, ok }) => scheduled === recorded.offered_rate_per_sec && ok > 0)
  .map(bankOf);
if (banks.length === 0)
  throw new Error(`no second of ${file!} has all of its connections: measure on a quieter machine`);
const encoder = new TextEncoder();
const SYSTEM = machineSystem();

/** An option of the run, as it was typed. */
function optionOf(open: OpenOrder, name: string): string {
  const value = open.values[name];
  return typeof value === 'string' ? value : '';
}

function secondsOf(text: string): number {
  const [, number, unit] = /^([\d.]+)(ms|s)$/.exec(text === '' ? '0s' : text)!;
  return Number(number) * (unit === 's' ? 1 : 1e-3);
}

class SimulatedAgent {
  readonly #bus: Bus;
  readonly #name: string;
  readonly #gate: Gate;
  readonly #instance = Math.random().toString(36).slice(2);
  #reports: ReportLog | null = null;
  /** Banks of the round so far. */
  #told = 0;
  #open: OpenOrder | null = null;
  #prepared: PrepareOrder | null = null;
  #timers: NodeJS.Timeout[] = [];
  #endBeats: () => void = () => undefined;

  static async start(name: string): Promise<SimulatedAgent> {
    return new SimulatedAgent(await connectBus(busOptions(url!, { name })), name);
  }

  constructor(bus: Bus, name: string) {
    this.#bus = bus;
    this.#name = name;
    this.#gate = new Gate({ agent: name, trusted: new Map(), nowNs: monotonicNs });
    bus.subscribe(SUBJECTS.who, ({ respond }) => respond?.(this.#description()));
    bus.subscribe(SUBJECTS.clock(name), ({ respond }) => respond?.(encoder.encode(String(monotonicNs()))));
    bus.subscribe(SUBJECTS.ticket(name), ({ respond }) =>
      respond?.(encoder.encode(JSON.stringify(this.#gate.giveTicket()))),
    );
    bus.subscribe(SUBJECTS.order(name), (message) => void this.#onOrder(message));
    bus.onEvent(({ kind }) => {
      if (kind === 'reconnected') this.#reports?.sendAgain();
    });
    const alive = (): void => bus.publish(SUBJECTS.alive(name), this.#description());
    setTimeout(() => setInterval(alive, TIMES.beatMs), Math.random() * TIMES.beatMs);
  }

  #description(): Uint8Array {
    const open = this.#open;
    const description: Description = {
      ...{ protocol: PROTOCOL, conngen: '0.0.0', name: this.#name, instance: this.#instance, system: SYSTEM },
      ...{
        engines: ['uring', 'epoll', 'node'],
        sources: [],
        interface: null,
        machine: this.#name,
        host: this.#name,
        seenFrom: this.#bus.seenFrom,
      },
      limits: { targets: ['any'], maxRatePerSec: null, maxDurationNs: 86_400e9 },
      trusts: [],
      busy:
        open === null
          ? null
          : { run: open.run, controller: open.controller, command: open.called, target: optionOf(open, 'host') },
    };
    return encoder.encode(JSON.stringify(description));
  }

  async #onOrder({ data, respond }: Message): Promise<void> {
    const admitted = this.#gate.admit(data);
    const answer = 'refused' in admitted ? { refused: admitted.refused } : await this.#carryOut(admitted.order);
    respond?.(encoder.encode(JSON.stringify(answer)));
  }

  async #carryOut(order: Order): Promise<object> {
    switch (order.kind) {
      case 'open':
        await new Promise((resolve) => setTimeout(resolve, OPEN_MS));
        return this.#opened(order);
      case 'prepare':
        this.#prepared = order;
        this.#told = 0;
        break;
      case 'begin':
        this.#begin(BigInt(order.baseNs));
        break;
      case 'stop':
        this.#end();
        break;
      case 'close':
        this.#close();
        break;
      case 'stage':
      case 'shift':
        break;
    }
    return { ok: {} };
  }

  #opened(order: OpenOrder): object {
    this.#open = order;
    const log = new ReportLog({
      ...{ run: order.run, instance: this.#instance, maxMessageBytes: () => this.#bus.maxPayloadBytes },
      send: (message) => this.#bus.publish(SUBJECTS.report(this.#name), message),
      onEnd: (why) => process.stderr.write(`${this.#name}: ${why}\n`),
    });
    this.#reports = log;
    this.#endBeats = this.#bus.subscribe(SUBJECTS.beat(order.run), ({ data }) => {
      const beat = this.#gate.admitBeat(data);
      if (beat !== null && Object.hasOwn(beat.acknowledged, this.#name))
        log.acknowledge(beat.acknowledged[this.#name]!);
    });
    const system = { ...SYSTEM, engine: 'uring', workers: 1 };
    const ok = { system, notes: [], checks: [], workers: 1, maxInFlight: 1000, isFdBound: false, ports: null };
    return { ok: { ...ok, address: '127.0.0.1' } };
  }

  #begin(baseNs: bigint): void {
    if (this.#name.endsWith(`-${first}`)) process.stdout.write(`begin ${baseNs}\n`);
    const warmupSec = secondsOf(optionOf(this.#open!, 'warmup'));
    const seconds = secondsOf(optionOf(this.#open!, 'duration'));
    const tell = (second: number): void => {
      this.#second(second);
      // One timer after the other: where this process is late, timers of different lengths fire in any order.
      if (second + 1 < seconds) next(second + 1);
      else this.#at(baseNs, (warmupSec + seconds) * 1000 + COLLECT_MS + END_MS, () => this.#end());
    };
    const next = (second: number): void => {
      this.#at(baseNs, (warmupSec + second + 1) * 1000 + Math.random() * COLLECT_MS, () => tell(second));
    };
    next(-warmupSec);
  }

  #at(baseNs: bigint, afterMs: number, act: () => void): void {
    this.#timers.push(setTimeout(act, Number(baseNs - monotonicNs()) / 1e6 + afterMs));
  }

  #second(second: number): void {
    const bank = banks[(second + banks.length) % banks.length]!;
    bank.counters[START_NS] = second * 1e9;
    bank.counters[END_NS] = (second + 1) * 1e9;
    bank.counters[WARMUP] = second < 0 ? 1 : 0;
    const { place } = this.#prepared!;
    this.#told++;
    this.#report({ kind: 'bank', of: 'connections', place, worker: 0 }, encodeBank(bank, 0));
    const [worker] = recorded.workers;
    const { cpu_usec: cpuUsec = 0, run_queue_wait_usec: waitedUsec = 0 } = worker!;
    const threads = [{ cpuUsec: cpuUsec / 10, waitedUsec: waitedUsec / 10, elapsedUsec: 1e6 }] as never;
    const added = { passive_opens: 0, active_opens: 1000, retransmits: 3, 'tcp.segments_received': 4000 };
    const fills = { 'sockets.time_wait': 12_345, 'sockets.in_use': 123 };
    this.#report({ kind: 'health', place, lengthSec: 1, threads, cpuUsec: 50_000, added, fills });
  }

  #report(body: ReportBody, data?: Uint8Array): void {
    this.#reports!.add(body, data);
  }

  #end(): void {
    this.#clear();
    // What an agent tells of its round is without intervals: the controller has the banks.
    const seconds = secondsOf(optionOf(this.#open!, 'duration'));
    const { histograms: _, ...figures } = recorded;
    const result = { ...figures, duration_sec: seconds, intervals: [] };
    this.#report({ kind: 'round', place: this.#prepared!.place, result, banks: this.#told });
  }

  #close(): void {
    this.#clear();
    this.#endBeats();
    this.#open = null;
    this.#gate.release();
  }

  #clear(): void {
    for (const timer of this.#timers.splice(0)) clearTimeout(timer);
  }
}

for (let index = 0; index < Number(count); index++) {
  await SimulatedAgent.start(`simulated-${String(Number(first) + index)}`);
}
process.stdout.write('ready\n');
