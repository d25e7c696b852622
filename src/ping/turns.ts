/** The state of a connection. */
const IDLE = 0;
const READY = 1;
const THINKING = 2;
const BLOCKED = 3;
const DOWN = 4;

/**
 * The line of connections: those that can send, in the order in which they became able to, and those that pause after a
 * reply. Two rings of slots; makes nothing.
 */
export class Turns {
  /** Since when a slot is ready. */
  readonly readyNs: Float64Array;
  readonly #states: Uint8Array;
  readonly #ready: Int32Array;
  #readyHead = 0;
  #readyCount = 0;
  readonly #thinking: Int32Array;
  readonly #thinkingEndNs: Float64Array;
  #thinkingHead = 0;
  #thinkingCount = 0;
  #up = 0;

  constructor(connections: number) {
    this.readyNs = new Float64Array(connections);
    this.#states = new Uint8Array(connections).fill(DOWN);
    this.#ready = new Int32Array(connections);
    this.#thinking = new Int32Array(connections);
    this.#thinkingEndNs = new Float64Array(connections);
  }

  /** How many connections are up. */
  get up(): number {
    return this.#up;
  }

  isUp(slot: number): boolean {
    return this.#states[slot] !== DOWN;
  }

  get isAnyReady(): boolean {
    return this.#readyCount > 0;
  }

  /** The end of the pause that ends first; Infinity if none does. */
  get thinkEndNs(): number {
    return this.#thinkingCount === 0 ? Infinity : this.#thinkingEndNs[this.#thinkingHead]!;
  }

  /** A connection is up; it is not ready yet. */
  rise(slot: number): void {
    this.#states[slot] = IDLE;
    this.#up++;
  }

  /** It is down, and gets no more turns. */
  fall(slot: number): void {
    if (this.#states[slot] === DOWN) return;
    this.#removeReady(slot);
    this.#removeThinking(slot);
    this.#states[slot] = DOWN;
    this.#up--;
  }

  /** Gets in line, unless it is there or has reasons not to. */
  queue(slot: number, nowNs: number): void {
    if (this.#states[slot] !== IDLE) return;
    this.#states[slot] = READY;
    this.readyNs[slot] = nowNs;
    this.#ready[(this.#readyHead + this.#readyCount++) % this.#ready.length] = slot;
  }

  /** Takes the first connection out of the line, which must not be empty. */
  take(): number {
    const slot = this.#ready[this.#readyHead]!;
    this.#readyHead = (this.#readyHead + 1) % this.#ready.length;
    this.#readyCount--;
    this.#states[slot] = IDLE;
    return slot;
  }

  /** Pauses until `endNs`, which never goes back from call to call. */
  think(slot: number, endNs: number): void {
    if (this.#states[slot] !== IDLE) return;
    this.#states[slot] = THINKING;
    const place = (this.#thinkingHead + this.#thinkingCount++) % this.#thinking.length;
    this.#thinking[place] = slot;
    this.#thinkingEndNs[place] = endNs;
  }

  /** Puts connections whose pause is over into the line. */
  wake(nowNs: number): void {
    while (this.#thinkingCount > 0 && this.#thinkingEndNs[this.#thinkingHead]! <= nowNs) {
      const slot = this.#thinking[this.#thinkingHead]!;
      const endNs = this.#thinkingEndNs[this.#thinkingHead]!;
      this.#thinkingHead = (this.#thinkingHead + 1) % this.#thinking.length;
      this.#thinkingCount--;
      this.#states[slot] = IDLE;
      this.queue(slot, endNs);
    }
  }

  /** The kernel takes nothing of it for now. */
  block(slot: number): void {
    this.#states[slot] = BLOCKED;
  }

  unblock(slot: number): void {
    if (this.#states[slot] === BLOCKED) this.#states[slot] = IDLE;
  }

  #removeReady(slot: number): void {
    if (this.#states[slot] !== READY) return;
    let kept = 0;
    for (let i = 0; i < this.#readyCount; i++) {
      const each = this.#ready[(this.#readyHead + i) % this.#ready.length]!;
      if (each !== slot) this.#ready[(this.#readyHead + kept++) % this.#ready.length] = each;
    }
    this.#readyCount = kept;
  }

  #removeThinking(slot: number): void {
    if (this.#states[slot] !== THINKING) return;
    const length = this.#thinking.length;
    let kept = 0;
    for (let i = 0; i < this.#thinkingCount; i++) {
      const from = (this.#thinkingHead + i) % length;
      const to = (this.#thinkingHead + kept) % length;
      if (this.#thinking[from] === slot) continue;
      this.#thinking[to] = this.#thinking[from]!;
      this.#thinkingEndNs[to] = this.#thinkingEndNs[from]!;
      kept++;
    }
    this.#thinkingCount = kept;
  }
}
