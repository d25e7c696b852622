import type { ClientDriver, ClientEngine } from '../../src/engine/seam/engine.ts';
import type { Clock } from '../../src/runtime/clock.ts';

/** What the seam allows for a slot now. */
export const FREE = 'free';
export const CONNECTING = 'connecting';
export const ESTABLISHED = 'established';
/** `ended` or `failed` was reported: only a close may follow. */
export const FINAL = 'final';
/** Closed, not released. */
export const CLOSING = 'closing';
export type FakeState = typeof FREE | typeof CONNECTING | typeof ESTABLISHED | typeof FINAL | typeof CLOSING;

export interface FakeOpen {
  readonly slot: number;
  readonly source: number;
  readonly port: number;
  readonly atNs: number;
  /** What `open` answered. */
  readonly errno: number;
}

export interface FakeClose {
  readonly slot: number;
  readonly reset: boolean;
  readonly atNs: number;
}

interface TimeSource extends Clock {
  readonly atNs: number;
}

/**
 * A client engine without a network: it records what it is asked, and a test reports events by hand. It throws where driver
 * or test break the rules of the seam (engine.ts).
 */
export class FakeClientEngine implements ClientEngine {
  readonly name = 'node';
  readonly opens: FakeOpen[] = [];
  readonly closes: FakeClose[] = [];
  /** Slots whose payload was asked for, with the time. */
  readonly sendings: { readonly slot: number; readonly atNs: number }[] = [];
  readonly states: FakeState[];
  /** What `open` answers. */
  openErrno: (slot: number, source: number, port: number) => number = () => 0;
  /** Whether `released` is reported from inside `close`, as epoll does, or when the test calls `release`, as node:net does. */
  releasesAtOnce = true;
  /** The rules of the test's own, for each connection that is opened. */
  onOpen: ((slot: number, source: number, port: number) => void) | undefined;
  onSending: ((slot: number) => void) | undefined;
  onClose: ((slot: number, reset: boolean) => void) | undefined;
  /** Events reported so far. */
  eventCount = 0;
  readonly #clock: TimeSource;
  #driver: ClientDriver | undefined;

  constructor(capacity: number, clock: TimeSource) {
    this.states = new Array<FakeState>(capacity).fill(FREE);
    this.#clock = clock;
  }

  watch(): void {}

  /** Does not drive: the test steps the driver. */
  run(driver: ClientDriver): void {
    this.#driver = driver;
  }

  dispose(): void {}

  open(slot: number, source: number, port: number): number {
    this.#expect(slot, [FREE], 'open');
    const errno = this.openErrno(slot, source, port);
    this.opens.push({ slot, source, port, atNs: this.#clock.atNs, errno });
    if (errno !== 0) return errno;
    this.states[slot] = CONNECTING;
    this.onOpen?.(slot, source, port);
    return 0;
  }

  startSending(slot: number): void {
    this.#expect(slot, [ESTABLISHED], 'startSending');
    this.sendings.push({ slot, atNs: this.#clock.atNs });
    this.onSending?.(slot);
  }

  close(slot: number, reset: boolean): void {
    this.#expect(slot, [CONNECTING, ESTABLISHED, FINAL], 'close');
    this.states[slot] = CLOSING;
    this.closes.push({ slot, reset, atNs: this.#clock.atNs });
    this.onClose?.(slot, reset);
    if (this.releasesAtOnce) this.release(slot);
  }

  connect(slot: number): void {
    this.#expect(slot, [CONNECTING], 'connected');
    this.states[slot] = ESTABLISHED;
    this.#heard.connected(slot);
  }

  send(slot: number, bytes: number): void {
    this.#expect(slot, [ESTABLISHED], 'sent');
    this.#heard.sent(slot, bytes);
  }

  receive(slot: number, bytes: number): void {
    this.#expect(slot, [ESTABLISHED], 'received');
    this.#heard.received(slot, bytes);
  }

  /** The peer's FIN. */
  end(slot: number): void {
    this.#expect(slot, [ESTABLISHED], 'ended');
    this.states[slot] = FINAL;
    this.#heard.ended(slot);
  }

  fail(slot: number, errno: number): void {
    this.#expect(slot, [CONNECTING, ESTABLISHED], 'failed');
    this.states[slot] = FINAL;
    this.#heard.failed(slot, errno);
  }

  release(slot: number): void {
    this.#expect(slot, [CLOSING], 'released');
    this.states[slot] = FREE;
    this.#heard.released(slot);
  }

  /** The slots in one of these states, lowest first. */
  slots(...states: readonly FakeState[]): number[] {
    return this.states.flatMap((state, slot) => (states.includes(state) ? slot : []));
  }

  get #heard(): ClientDriver {
    if (this.#driver === undefined) throw new Error('no driver: call run first');
    this.eventCount++;
    return this.#driver;
  }

  #expect(slot: number, allowed: readonly FakeState[], what: string): void {
    const state = this.states[slot];
    if (state === undefined || !allowed.includes(state)) throw new Error(`${what} of slot ${slot}, which is ${state}`);
  }
}
