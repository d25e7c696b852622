/** An agent of a fleet: it is there, says what it is, and runs one order at a time. */
import { randomBytes } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import type { RoundResult } from '../../document/client.ts';
import type { RttRound } from '../../document/rtt.ts';
import type { Machine } from '../../plan/demand/machine.ts';
import { monotonicNs } from '../../runtime/clock.ts';
import { OWN_ERROR_CODES } from '../../units/error-codes.ts';
import { partOf } from '../../plan/fleet/share.ts';
import { formatCountOf, formatPercent } from '../../units/format.ts';
import { printable } from '../../units/printable.ts';
import { RunError } from '../../units/run-error.ts';
import type { Bus, BusEvent, Message } from '../bus/bus.ts';
import { fetchFiles } from '../files.ts';
import { encodeJson } from '../json-message.ts';
import { SUBJECTS, TIMES, type Answer, type Description, type FileRequest, type Order } from '../protocol.ts';
import { readDescription, type Answered } from '../roll-call.ts';
import { Gate } from '../trust/gate.ts';
import type { TrustedKeys } from '../trust/keys.ts';
import type { OwnLimits } from '../trust/plan-limits.ts';
import type { AgentLog } from './agent-log.ts';
import { identify, type Identity } from './description.ts';
import { keepResult } from './keep.ts';
import type { OwnOptions } from './own-options.ts';
import { AgentRun } from './run.ts';
import type { OpenOrder } from './share-session.ts';
import { SparseLog } from './sparse-log.ts';

export interface AgentOptions {
  readonly bus: Bus;
  readonly name: string;
  readonly own: OwnOptions;
  readonly limits: OwnLimits;
  /** Empty: orders need no signature, which is possible only with a bus on this machine. */
  readonly trusted: TrustedKeys;
  /** What this machine is now. */
  readonly machine: () => Machine;
  /** Where the agent's own results are kept; null: nowhere. */
  readonly keepDirectory: string | null;
  readonly log: AgentLog;
}

/** Another agent of the same name says so within this time, also where it or NATS stands still for a second. */
const NAME_CHECK_MS = 2.2 * TIMES.beatMs;
/** For the answer of NATS whether anyone listens. */
const HEARD_MS = 1000;

/** Starts an agent. Rejects with `RunError` where it may not be, or where its name is taken. Close the bus after it. */
export async function startAgent(options: AgentOptions): Promise<Agent> {
  const { bus, name, own, limits, trusted } = options;
  if (trusted.size === 0 && !bus.isLocal) {
    const { remedy } = OWN_ERROR_CODES.fleet_no_trust;
    throw new RunError('fleet_no_trust', 'without --trust an agent starts only where NATS is on this machine', remedy);
  }
  const instance = randomBytes(8).toString('hex');
  const identity = await identify(name, instance, own, limits, [...trusted.keys()]);
  await requireName(options, instance);
  return new Agent(options, identity);
}

/**
 * Looks for another agent of this name, and for what the server refuses. An agent listens to the signs of life in its own name, so where
 * NATS knows of no listener there is none. A listener may be one that watches: then a sign of life is waited for.
 */
async function requireName({ bus, name }: AgentOptions, instance: string): Promise<void> {
  const others: Answered[] = [];
  const refusals: string[] = [];
  let isStarting = true;
  bus.onEvent((event) => {
    if (isStarting && event.kind === 'refused') refusals.push(event.message);
  });
  const isHeard = await bus.isHeard(SUBJECTS.alive(name), new Uint8Array(0), HEARD_MS);
  let end: () => void = () => undefined;
  const found = new Promise<void>((resolve) => {
    end = bus.subscribe(SUBJECTS.alive(name), ({ data }) => {
      const other = otherIn(data, name, instance);
      if (other === null) return;
      others.push(other);
      resolve();
    });
  });
  await bus.flush();
  // What the server refused is told before this.
  await setImmediate();
  if (isHeard) {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise((resolve) => (timer = setTimeout(resolve, NAME_CHECK_MS)));
    await Promise.race([found, late]);
    clearTimeout(timer);
  }
  end();
  isStarting = false;
  const [refusal] = refusals;
  if (refusal !== undefined) {
    const hint = 'give the user of the agent the permissions of examples/fleet/nats.conf; they are for its --name';
    throw new RunError('fleet_refused', `NATS does not let the agent ${name} be one: ${refusal}`, hint);
  }
  const [other] = others;
  if (other === undefined) return;
  const seenFrom = other.description?.seenFrom ?? null;
  const where = seenFrom === null ? '' : `, connected from ${printable(seenFrom)}`;
  const message = `an agent of the name ${name} is there already (conngen ${printable(other.conngen)}${where})`;
  throw new RunError('fleet_name_taken', message, OWN_ERROR_CODES.fleet_name_taken.remedy);
}

export class Agent {
  /** Rejects with `RunError` where the connection is gone for good; pending while the agent is there. */
  readonly broken: Promise<never>;
  readonly #o: AgentOptions;
  readonly #identity: Identity;
  readonly #gate: Gate;
  readonly #refusals: SparseLog;
  readonly #ends: (() => void)[] = [];
  /** The run that is under way, or the last one. */
  #run: AgentRun | null = null;
  /** Ends listening to the controller of that run. */
  #endBeats: () => void = () => undefined;
  #busy: Description['busy'] = null;
  #description: Uint8Array = new Uint8Array(0);
  #describedFrom: string | null = null;
  #isStopping = false;
  /** The instance of another agent of the same name, of which the log told; undefined where it told of none. */
  #twin: string | null | undefined;

  constructor(options: AgentOptions, identity: Identity) {
    this.#o = options;
    this.#identity = identity;
    const { bus, name, trusted } = options;
    this.#refusals = new SparseLog(options.log);
    this.#gate = new Gate({ agent: name, trusted, nowNs: monotonicNs });
    this.#describe();
    this.broken = new Promise((_resolve, reject) => {
      bus.onEvent((event) => this.#onBusEvent(event, reject));
    });
    this.broken.catch(() => undefined);
    // First, so that nothing stands before it where messages come together.
    this.#on(SUBJECTS.clock(name), ({ respond }) => respond?.(encode(String(monotonicNs()))));
    this.#on(SUBJECTS.who, ({ respond }) => respond?.(this.#description));
    this.#on(SUBJECTS.ticket(name), ({ respond }) => respond?.(encodeJson(this.#gate.giveTicket())));
    this.#on(SUBJECTS.order(name), (message) => void this.#onOrder(message));
    this.#on(SUBJECTS.alive(name), ({ data }) => this.#onAlive(data));
    const timer = setInterval(() => this.#beAlive(), TIMES.beatMs);
    this.#ends.push(() => clearInterval(timer));
    this.#beAlive();
  }

  get identity(): Identity {
    return this.#identity;
  }

  /** Ends a run that is under way, waits for what is open, tells its controller, and goes. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    const run = this.#run;
    if (run !== null) await run.end('agent_stopped', 'the agent was stopped');
    this.#endBeats();
    for (const end of this.#ends) end();
    await this.#o.bus.flush();
  }

  #on(subject: string, onMessage: (message: Message) => void): void {
    this.#ends.push(this.#o.bus.subscribe(subject, onMessage));
  }

  #describe(): void {
    const { bus } = this.#o;
    this.#describedFrom = bus.seenFrom;
    const description: Description = { ...this.#identity, seenFrom: bus.seenFrom, busy: this.#busy };
    this.#description = encodeJson(description);
  }

  #beAlive(): void {
    const { bus, name } = this.#o;
    // It may have come back another way.
    if (bus.seenFrom !== this.#describedFrom) this.#describe();
    if (!bus.isConnected) return;
    bus.publish(SUBJECTS.alive(name), this.#description);
    this.#run?.spoke();
  }

  #setBusy(busy: Description['busy']): void {
    this.#busy = busy;
    this.#describe();
    this.#beAlive();
  }

  #onAlive(data: Uint8Array): void {
    const other = otherIn(data, this.#o.name, this.#identity.instance);
    if (other === null || other.instance === this.#twin) return;
    this.#twin = other.instance;
    const seenFrom = other.description?.seenFrom ?? null;
    const where = seenFrom === null ? '' : ` (from ${printable(seenFrom)})`;
    this.#o.log.warn(`another agent of the name ${this.#o.name} has connected${where}: orders may reach either`);
  }

  async #onOrder({ data, respond }: Message): Promise<void> {
    const admitted = this.#gate.admit(data);
    if ('refused' in admitted) {
      this.#refusals.warn(`refused: ${admitted.refused.message} (${admitted.detail})`);
      respond?.(encodeJson({ refused: admitted.refused }));
      return;
    }
    const { order } = admitted;
    const answer = order.kind === 'open' ? await this.#open(order) : await this.#obey(order);
    respond?.(encodeJson(answer));
  }

  async #open(order: OpenOrder): Promise<Answer<unknown>> {
    const { bus, log, name } = this.#o;
    if (this.#isStopping) {
      this.#gate.release();
      return { refused: { code: 'failed', message: 'the agent is being stopped' } };
    }
    log.info(
      `ordered by ${order.controller}: ${order.called}, ${formatPercent(100 * partOf(order.share))} of the load`,
    );
    const run = new AgentRun({
      ...{ order, agent: name, instance: this.#identity.instance, log },
      ...{ own: this.#o.own, limits: this.#o.limits, machine: this.#o.machine },
      fetch: ({ files }) =>
        fetchFiles({ files, request: this.#requestOf(order.run), ...{ maxPayloadBytes: bus.maxPayloadBytes } }),
      bus,
      send: (message) => bus.publish(SUBJECTS.report(name), message),
      maxMessageBytes: () => bus.maxPayloadBytes,
      keep: this.#keeper(),
      onOver: () => this.#onOver(run),
    });
    // The reports of the run before are not wanted any more.
    this.#endBeats();
    this.#endBeats = bus.subscribe(SUBJECTS.beat(order.run), (message) => {
      const beat = this.#gate.admitBeat(message.data);
      if (beat !== null) run.heard(beat);
    });
    this.#run = run;
    this.#setBusy({ run: order.run, controller: order.controller, command: order.called, target: targetOf(order) });
    const answer = await run.open();
    const { session } = run;
    if ('ok' in answer && session !== null) {
      const { workers } = session.opened;
      log.info(
        `ready: ${order.called} ${session.target} (${session.opened.address}) at ${session.asked} over all agents, ${formatCountOf(workers, 'worker')}`,
      );
    }
    return answer;
  }

  #requestOf(run: string): (piece: FileRequest, timeoutMs: number) => Promise<Uint8Array | null> {
    return (piece, timeoutMs) => this.#o.bus.request(SUBJECTS.file(run), encodeJson(piece), timeoutMs);
  }

  async #obey(order: Exclude<Order, { readonly kind: 'open' }>): Promise<Answer> {
    const run = this.#run;
    if (run === null) return { refused: { code: 'run_unknown', message: 'this agent does not have this run' } };
    const answer = await run.obey(order);
    if ('refused' in answer) this.#o.log.warn(`refused to ${order.kind}: ${answer.refused.message}`);
    return answer;
  }

  #keeper(): ((rounds: readonly (RoundResult | RttRound)[], run: AgentRun) => Promise<void>) | null {
    const { keepDirectory, log } = this.#o;
    if (keepDirectory === null) return null;
    return async (rounds, run) => {
      const { session } = run;
      if (session === null || rounds.length === 0) return;
      await keepResult(keepDirectory, run.part, session.result(rounds, run.isInterrupted), log);
    };
  }

  #onOver(run: AgentRun): void {
    this.#gate.release();
    // A controller that was away may still acknowledge the reports of this run, and so get them. One that comes back later has ended it.
    setTimeout(() => this.#forget(run), TIMES.keptMs).unref();
    this.#o.log.info(run.session === null ? 'free' : 'the run is over; free');
    this.#setBusy(null);
  }

  #forget(run: AgentRun): void {
    run.reports.clear();
    if (this.#run === run) this.#endBeats();
  }

  #onBusEvent(event: BusEvent, reject: (error: Error) => void): void {
    const { log } = this.#o;
    switch (event.kind) {
      case 'disconnected':
        log.warn(
          this.#busy === null
            ? 'the connection to NATS broke; connecting again'
            : `the connection to NATS broke; the run goes on for ${TIMES.disconnectedMs / 1000} s`,
        );
        break;
      case 'reconnected':
        log.info('connected to NATS again');
        this.#describe();
        this.#run?.reports.sendAgain();
        this.#beAlive();
        break;
      case 'refused':
        log.warn(`NATS refused: ${event.message}`);
        break;
      case 'closed':
        if (this.#isStopping) break;
        void this.#run?.end('controller_lost', `the connection to NATS ended: ${event.message}`);
        reject(
          new RunError('fleet_no_server', `the connection to NATS ended: ${event.message}`, 'start the agent again'),
        );
    }
  }
}

/** What the controller says that it aims at, until the agent has resolved it. */
function targetOf({ values }: OpenOrder): string {
  const text = (name: string, otherwise: string): string => {
    const value = values[name];
    return typeof value === 'string' || typeof value === 'number' ? printable(String(value)) : otherwise;
  };
  return text('target', `${text('host', '127.0.0.1')}:${text('port', '2345')}`);
}

/** Returns what another agent of this name says of itself, of this protocol or another; null for a sign of life of this one, or of none. */
function otherIn(data: Uint8Array, name: string, instance: string): Answered | null {
  const said = readDescription(data);
  return said?.name === name && said.instance !== instance ? said : null;
}

function encode(text: string): Uint8Array {
  return Buffer.from(text);
}
