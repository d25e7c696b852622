/** The bus over NATS: the one place that knows `@nats-io/transport-node`. */
import { setImmediate } from 'node:timers/promises';
import {
  NoRespondersError,
  RequestError,
  connect,
  type Msg,
  type NatsConnection,
  type NodeConnectionOptions,
} from '@nats-io/transport-node';
import type { Bus, BusEvent, BusOptions, Message } from './bus.ts';
import { connectionError } from './nats-errors.ts';
import { readNatsFiles, type NatsFiles } from './nats-options.ts';
import { isLoopbackServer } from './server-url.ts';

/** How long a first connection may take, over all servers. */
const CONNECT_MS = 5000;
/** A server that does not answer must leave time for the next one of the list. */
const LEAST_DIAL_MS = 1000;
/** The shortest and the longest wait between two tries to connect again. It grows with the time since the connection broke. */
const SHORTEST_WAIT_MS = 200;
const LONGEST_WAIT_MS = 2000;
const WAIT_PART = 0.25;
/** A connection that answers none of two pings is taken as broken: TCP alone would notice after minutes. */
const PING_MS = 2000;
/** Answers of many may come for so many times as long as one more is waited for. */
const ANSWERS_QUIET_TIMES = 10;
/** What is published without a connection is kept up to this many bytes. What is older is lost first. */
const KEPT_BYTES = 1 << 20;

/**
 * Connects to the first server that answers. Rejects with `RunError` where none does within 5 s. `files` is for a command that connects
 * more than once: a pipe can be read only once.
 */
export async function connectBus(options: BusOptions, files?: NatsFiles): Promise<Bus> {
  const { tls, authenticator } = files ?? (await readNatsFiles(options));
  const waits = new Waits();
  const settings: NodeConnectionOptions = {
    ...{ servers: [...options.servers], name: options.name, noAsyncTraces: true },
    timeout: Math.max(LEAST_DIAL_MS, CONNECT_MS / options.servers.length),
    // Servers that the user did not name are not connected to: they may be on another machine.
    ...{ ignoreClusterUpdates: true, ignoreAuthErrorAbort: true },
    ...{ reconnect: true, maxReconnectAttempts: -1, pingInterval: PING_MS, maxPingOut: 2 },
    reconnectDelayHandler: () => waits.nowMs(),
    ...(tls === undefined ? {} : { tls }),
    ...(options.inbox === undefined ? {} : { inboxPrefix: options.inbox }),
    authenticator,
  };
  const connection = await connectInTime(settings, options);
  return new NatsBus(connection, options.servers.every(isLoopbackServer), waits);
}

/** How long to wait before the next try. The client of NATS asks again while it waits, so it is a function of time alone. */
class Waits {
  /** Spreads the tries of many agents. */
  readonly #factor = 0.75 + Math.random() / 2;
  /** When the connection broke; null while there is one. */
  brokenAtMs: number | null = null;

  nowMs(): number {
    const sinceMs = this.brokenAtMs === null ? 0 : performance.now() - this.brokenAtMs;
    return this.#factor * Math.min(LONGEST_WAIT_MS, Math.max(SHORTEST_WAIT_MS, sinceMs * WAIT_PART));
  }
}

async function connectInTime(settings: NodeConnectionOptions, options: BusOptions): Promise<NatsConnection> {
  const connecting = connect(settings);
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error('timeout')), CONNECT_MS);
  });
  try {
    return await Promise.race([connecting, late]);
  } catch (error) {
    connecting.then(
      (connection) => connection.close(),
      () => undefined,
    );
    throw connectionError(error, options);
  } finally {
    clearTimeout(timer);
  }
}

class NatsBus implements Bus {
  readonly isLocal: boolean;
  readonly #connection: NatsConnection;
  readonly #listeners: ((event: BusEvent) => void)[] = [];
  readonly #waits: Waits;
  #isConnected = true;
  #isClosing = false;
  #maxPayloadBytes = 0;
  #seenFrom: string | null = null;
  /** What was published without a connection, oldest first. */
  #kept: { readonly subject: string; readonly data: Uint8Array }[] = [];
  #keptBytes = 0;
  /** Requests that wait for a connection. */
  #waiting: (() => void)[] = [];

  constructor(connection: NatsConnection, isLocal: boolean, waits: Waits) {
    this.#connection = connection;
    this.#waits = waits;
    this.isLocal = isLocal;
    this.#readInfo();
    void this.#watch();
  }

  get maxPayloadBytes(): number {
    return this.#maxPayloadBytes;
  }

  get isConnected(): boolean {
    return this.#isConnected;
  }

  get seenFrom(): string | null {
    return this.#seenFrom;
  }

  publish(subject: string, data: Uint8Array): void {
    if (this.#isConnected) this.#send(subject, data);
    else if (!this.#isClosing) this.#keep(subject, data);
  }

  subscribe(subject: string, onMessage: (message: Message) => void): () => void {
    const subscription = this.#connection.subscribe(subject, {
      callback: (error, message) => {
        // A refusal is told by the status of the connection, too.
        if (error === null) onMessage(this.#messageOf(message));
      },
    });
    return () => subscription.unsubscribe();
  }

  async request(subject: string, data: Uint8Array, timeoutMs: number): Promise<Uint8Array | null> {
    const leftMs = await this.#connected(timeoutMs);
    if (leftMs <= 0) return null;
    try {
      return (await this.#connection.request(subject, data, { timeout: leftMs })).data;
    } catch {
      // No answer in time, no listener, or the connection broke: the result is the same.
      return null;
    }
  }

  async isHeard(subject: string, data: Uint8Array, timeoutMs: number): Promise<boolean> {
    const leftMs = await this.#connected(timeoutMs);
    if (leftMs <= 0) return true;
    try {
      await this.#connection.request(subject, data, { timeout: leftMs });
      return true;
    } catch (error) {
      return !(error instanceof NoRespondersError || (error instanceof RequestError && error.isNoResponders()));
    }
  }

  async requestAll(
    subject: string,
    data: Uint8Array,
    quietMs: number,
    isEnough: (answers: readonly Uint8Array[]) => boolean = () => false,
  ): Promise<readonly Uint8Array[]> {
    const answers: Uint8Array[] = [];
    const leftMs = await this.#connected(quietMs);
    if (leftMs <= 0) return answers;
    const untilMs = performance.now() + ANSWERS_QUIET_TIMES * quietMs;
    try {
      const options = { maxWait: leftMs, strategy: 'stall', stall: quietMs } as const;
      for await (const message of await this.#connection.requestMany(subject, data, options)) {
        if (isNoResponders(message)) continue;
        answers.push(message.data);
        if (isEnough(answers) || performance.now() > untilMs) break;
      }
    } catch {
      // As above: what came until then is the answer. Where the server refused, the event of that is told before.
      await setImmediate();
    }
    return answers;
  }

  onEvent(listener: (event: BusEvent) => void): void {
    this.#listeners.push(listener);
  }

  async flush(): Promise<boolean> {
    if (!this.#isConnected) return false;
    try {
      await this.#connection.flush();
      return true;
    } catch {
      // The connection broke. Messages that must arrive are acknowledged by their receiver.
      return false;
    }
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    this.#wake();
    await this.flush();
    await this.#connection.close();
  }

  #messageOf(message: Msg): Message {
    const { subject, data, reply } = message;
    return reply === undefined || reply === ''
      ? { subject, data }
      : { subject, data, respond: (answer) => this.publish(reply, answer) };
  }

  #send(subject: string, data: Uint8Array): void {
    try {
      this.#connection.publish(subject, data);
    } catch (error) {
      // The message is too large for the server, or the connection was closed.
      this.#tell({ kind: 'refused', message: `${subject}: ${messageOf(error)}` });
    }
  }

  #keep(subject: string, data: Uint8Array): void {
    if (data.length > KEPT_BYTES) return;
    this.#kept.push({ subject, data });
    this.#keptBytes += data.length;
    while (this.#keptBytes > KEPT_BYTES) this.#keptBytes -= this.#kept.shift()!.data.length;
  }

  /** Resolves when there is a connection, with what is left of the time. */
  async #connected(timeoutMs: number): Promise<number> {
    if (this.#isConnected) return timeoutMs;
    const fromMs = performance.now();
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, timeoutMs);
      this.#waiting.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
    return this.isConnected && !this.#isClosing ? Math.floor(timeoutMs - (performance.now() - fromMs)) : 0;
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const each of waiting) each();
  }

  #readInfo(): void {
    const { info } = this.#connection;
    this.#maxPayloadBytes = info?.max_payload ?? this.#maxPayloadBytes;
    this.#seenFrom = info?.client_ip ?? this.#seenFrom;
  }

  async #watch(): Promise<void> {
    for await (const status of this.#connection.status()) {
      if (status.type === 'disconnect') this.#disconnected();
      else if (status.type === 'reconnect') this.#reconnected();
      else if (status.type === 'error') this.#tell({ kind: 'refused', message: messageOf(status.error) });
    }
    this.#isConnected = false;
    this.#wake();
    const error = await this.#connection.closed();
    this.#tell({ kind: 'closed', message: error === undefined ? 'closed' : messageOf(error) });
  }

  #disconnected(): void {
    if (!this.#isConnected) return;
    this.#isConnected = false;
    this.#waits.brokenAtMs = performance.now();
    if (!this.#isClosing) this.#tell({ kind: 'disconnected' });
  }

  #reconnected(): void {
    this.#isConnected = true;
    this.#waits.brokenAtMs = null;
    this.#readInfo();
    const kept = this.#kept;
    this.#kept = [];
    this.#keptBytes = 0;
    for (const { subject, data } of kept) this.#send(subject, data);
    this.#wake();
    this.#tell({ kind: 'reconnected' });
  }

  #tell(event: BusEvent): void {
    for (const listener of this.#listeners) listener(event);
  }
}

/** Whether a message is the server's answer to a request without a listener: no data and a status of 503. */
function isNoResponders({ data, headers }: Msg): boolean {
  return data.length === 0 && headers?.code === 503;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
