/** Asks the agents of a run for their clocks: a few agents at a time, because answers of many wait for each other. */
import { monotonicNs } from '../../runtime/clock.ts';
import type { Bus } from '../bus/bus.ts';
import { SUBJECTS, TIMES } from '../protocol.ts';
import type { Member } from './member.ts';

/**
 * Readings of a clock, one right after the other: a first one finds processes asleep and takes a millisecond, the next ones a tenth.
 */
const BURST = 4;
/** Readings of each clock before a run, of all clocks, and the time that they may take at least. */
const FIRST_READINGS = 40;
const FIRST_READINGS_LEAST = 2 * BURST;
const FIRST_READINGS_OF_ALL = 8000;
const FIRST_READINGS_MS = 500;
const TIMEOUT_MS = 1000;
/** How many agents are asked at the same time. One that does not answer holds its place for so long. */
const AT_A_TIME = 16;
const PLACE_MS = 50;
/** Up to so many agents each is asked every second. Of more each is asked less often: 1 000 of them every 4 s. */
const AGENTS_PER_SEC = 250;

export interface ClockReaderOptions {
  readonly bus: Bus;
  readonly members: readonly Member[];
  /** Answers that come later are left out. */
  readonly isOpen: () => boolean;
  readonly ticksPerSec: number;
}

export class ClockReader {
  readonly #o: ClockReaderOptions;
  readonly #ticksPerTurn: number;

  constructor(options: ClockReaderOptions) {
    this.#o = options;
    this.#ticksPerTurn = options.ticksPerSec * Math.ceil(options.members.length / AGENTS_PER_SEC);
  }

  /** Reads every clock as often as it takes for a first offset, and no longer than `meanwhile` takes. */
  async readFirst(meanwhile: Promise<unknown>): Promise<void> {
    const untilMs = performance.now() + FIRST_READINGS_MS;
    let isOver = false;
    const end = (): void => void (isOver = true);
    meanwhile.then(end, end);
    const isTime = (): boolean => !isOver || performance.now() < untilMs;
    const { members } = this.#o;
    const ofEach = Math.max(FIRST_READINGS_LEAST, FIRST_READINGS_OF_ALL / members.length);
    const most = Math.min(FIRST_READINGS, ofEach);
    for (let reading = 0; reading < most && (reading === 0 || isTime()); reading += BURST) {
      // The first reading of each agent is taken whatever time it is.
      await this.#readAll(members, reading === 0 ? () => true : isTime);
    }
  }

  /** Reads the clocks whose turn it is. Readings that are not back before the next turn are the last. */
  readTurn(tick: number): void {
    const { members, isOpen, ticksPerSec } = this.#o;
    const untilMs = performance.now() + TIMES.beatMs * (1 - 1 / ticksPerSec);
    const turn = tick % this.#ticksPerTurn;
    const due = members.filter((member, at) => !member.isLost && at % this.#ticksPerTurn === turn);
    void this.#readAll(due, () => isOpen() && performance.now() < untilMs);
  }

  /** Resolves when every member was asked. */
  async #readAll(members: readonly Member[], isTime: () => boolean): Promise<void> {
    const left = members.values();
    const place = async (): Promise<void> => {
      for (const member of left) {
        if (!isTime()) return;
        let timer: NodeJS.Timeout | undefined;
        const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, PLACE_MS)));
        await Promise.race([this.#read(member, isTime), late]);
        clearTimeout(timer);
      }
    };
    await Promise.all(Array.from({ length: AT_A_TIME }, place));
  }

  async #read(member: Member, isTime: () => boolean): Promise<void> {
    for (let reading = 0; reading < BURST && isTime(); reading++) {
      const sentNs = monotonicNs();
      const data = await this.#o.bus.request(SUBJECTS.clock(member.name), EMPTY, TIMEOUT_MS);
      const receivedNs = monotonicNs();
      // One that does not answer is not asked again before its next turn.
      if (data === null) return;
      if (data.length === 0 || data.length > 20) continue;
      const text = Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('latin1');
      if (!/^\d+$/.test(text)) continue;
      member.clock.add({ sentNs, remoteNs: BigInt(text), receivedNs });
      member.heardMs = performance.now();
    }
  }
}

const EMPTY = new Uint8Array(0);
