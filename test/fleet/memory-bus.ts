/** A bus in memory, for tests without NATS. Messages are delivered in order, each in a turn of the event loop of its own. */
import type { Bus, BusEvent, Message } from '../../src/fleet/bus/bus.ts';

interface Subscription {
  readonly owner: MemoryBus;
  readonly subject: string;
  readonly onMessage: (message: Message) => void;
}

/** What connects buses. Messages published on one are received on all that subscribe to their subject. */
export class MemoryCarrier {
  readonly subscriptions = new Set<Subscription>();
  readonly #buses: MemoryBus[] = [];
  /** Returns true for a message that is to be lost. */
  loses: (subject: string, data: Uint8Array) => boolean = () => false;

  /** A connection. `seenFrom`: the address from which the carrier sees it. */
  connect(seenFrom: string | null = '127.0.0.1', isLocal = true): MemoryBus {
    const bus = new MemoryBus(this, seenFrom, isLocal);
    this.#buses.push(bus);
    return bus;
  }

  /** Breaks every connection. */
  stop(): void {
    for (const bus of this.#buses) bus.disconnect();
  }

  /** Connects all of them again. */
  start(): void {
    for (const bus of this.#buses) bus.reconnect();
  }

  /** Returns how many will receive it. */
  deliver(subject: string, data: Uint8Array, respond?: (answer: Uint8Array) => void): number {
    if (this.loses(subject, data)) return 1;
    const found = [...this.subscriptions].filter((each) => each.owner.isConnected && matches(each.subject, subject));
    for (const { onMessage, owner } of found) {
      const copy = Uint8Array.from(data);
      setImmediate(() => {
        if (owner.isConnected) onMessage({ subject, data: copy, ...(respond === undefined ? {} : { respond }) });
      });
    }
    return found.length;
  }
}

/** One connection to a `MemoryCarrier`. */
export class MemoryBus implements Bus {
  readonly maxPayloadBytes = 1 << 20;
  readonly seenFrom: string | null;
  readonly isLocal: boolean;
  isConnected = true;
  readonly #carrier: MemoryCarrier;
  readonly #listeners: ((event: BusEvent) => void)[] = [];
  #kept: (() => void)[] = [];

  constructor(carrier: MemoryCarrier, seenFrom: string | null, isLocal: boolean) {
    this.#carrier = carrier;
    this.seenFrom = seenFrom;
    this.isLocal = isLocal;
  }

  publish(subject: string, data: Uint8Array): void {
    if (this.isConnected) this.#carrier.deliver(subject, data);
    else this.#kept.push(() => this.#carrier.deliver(subject, data));
  }

  subscribe(subject: string, onMessage: (message: Message) => void): () => void {
    const subscription = { owner: this, subject, onMessage };
    this.#carrier.subscriptions.add(subscription);
    return () => this.#carrier.subscriptions.delete(subscription);
  }

  request(subject: string, data: Uint8Array, timeoutMs: number): Promise<Uint8Array | null> {
    return new Promise((resolve) => {
      // A request that a test has left is not waited for.
      const timer = setTimeout(() => resolve(null), timeoutMs).unref();
      const answer = (value: Uint8Array | null): void => {
        clearTimeout(timer);
        setImmediate(() => resolve(value));
      };
      if (this.isConnected && this.#carrier.deliver(subject, data, answer) === 0) answer(null);
    });
  }

  isHeard(subject: string, data: Uint8Array): Promise<boolean> {
    return Promise.resolve(!this.isConnected || this.#carrier.deliver(subject, data, () => undefined) > 0);
  }

  async requestAll(
    subject: string,
    data: Uint8Array,
    quietMs: number,
    isEnough: (answers: readonly Uint8Array[]) => boolean = () => false,
  ): Promise<readonly Uint8Array[]> {
    const answers: Uint8Array[] = [];
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, quietMs);
      if (!this.isConnected) return;
      this.#carrier.deliver(subject, data, (answer) => {
        answers.push(answer);
        timer.refresh();
        if (!isEnough(answers)) return;
        clearTimeout(timer);
        resolve();
      });
    });
    return answers;
  }

  onEvent(listener: (event: BusEvent) => void): void {
    this.#listeners.push(listener);
  }

  flush(): Promise<boolean> {
    return new Promise((resolve) => setImmediate(() => resolve(this.isConnected)));
  }

  close(): Promise<void> {
    this.isConnected = false;
    for (const each of this.#carrier.subscriptions) if (each.owner === this) this.#carrier.subscriptions.delete(each);
    this.#tell({ kind: 'closed', message: 'closed' });
    return Promise.resolve();
  }

  /** Breaks this connection alone. */
  disconnect(): void {
    if (!this.isConnected) return;
    this.isConnected = false;
    this.#tell({ kind: 'disconnected' });
  }

  reconnect(): void {
    if (this.isConnected) return;
    this.isConnected = true;
    const kept = this.#kept;
    this.#kept = [];
    for (const send of kept) send();
    this.#tell({ kind: 'reconnected' });
  }

  #tell(event: BusEvent): void {
    for (const listener of this.#listeners) listener(event);
  }
}

/** A subject may end in `>`, and have `*` for a token. */
function matches(pattern: string, subject: string): boolean {
  const wanted = pattern.split('.');
  const tokens = subject.split('.');
  if (wanted.at(-1) === '>') return wanted.slice(0, -1).every((each, at) => each === '*' || each === tokens[at]);
  return wanted.length === tokens.length && wanted.every((each, at) => each === '*' || each === tokens[at]);
}
