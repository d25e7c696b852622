import { HAS_SACK, HAS_SCOREBOARD, IS_RECOVERING, type ConnectionTable } from './connection-table.ts';
import { Places } from './places.ts';
import type { SegmentReader } from './segment-reader.ts';
import { isAfter, isBefore } from './sequence.ts';
import { SequenceRanges } from './sequence-ranges.ts';
import { NONE } from './tcp-user.ts';

/** As many connections of a thread can have lost something at the same time. Others go back to what was lost, and send all from there again. */
const PLACES = 4096;
/** More than two segments beyond a gap say that it is a loss (RFC 6675, section 4, IsLost). */
const SEGMENTS_OF_A_LOSS = 2;

/**
 * What is sent again after a loss: only that which the peer lacks. With SACK this is RFC 6675, without it RFC 6582 (NewReno). A connection that has lost
 * nothing costs nothing: a flag says that a row has a place here.
 */
export class LossRecovery {
  readonly #connections: ConnectionTable;
  readonly #places = new Places(PLACES);
  /** What the peer has beyond the first gap. */
  readonly #received = new SequenceRanges(PLACES);
  /** By place: the end of what was sent when the loss was seen, and up to where what was lost has been sent again. */
  readonly #point = new Int32Array(PLACES);
  readonly #again = new Int32Array(PLACES);
  /** By place: what was sent again has arrived, so that all that is lacking up to the point is lost. */
  readonly #isProven = new Uint8Array(PLACES);
  /** By place: all up to the point is being sent again. */
  readonly #hasTimedOut = new Uint8Array(PLACES);
  /** What `findHole` found. */
  hole = 0;
  holeBytes = 0;

  constructor(connections: ConnectionTable) {
    this.#connections = connections;
  }

  /** How many connections have a place. For tests. */
  get used(): number {
    return this.#places.used;
  }

  /** Takes over the SACK blocks of a segment. */
  note(row: number, reader: SegmentReader): void {
    const { sendUnacknowledged, sendHighest } = this.#connections;
    let place = NONE;
    for (let block = 0; block < reader.sackBlocks; block++) {
      const start = reader.sackEdges[2 * block]!;
      const end = reader.sackEdges[2 * block + 1]!;
      // What was acknowledged already tells of duplicates (RFC 2883). What was never sent is from elsewhere.
      if (!isAfter(end, start) || !isAfter(start, sendUnacknowledged[row]!) || isAfter(end, sendHighest[row]!))
        continue;
      if (place === NONE) place = this.#reach(row);
      if (place === NONE) return;
      this.#received.add(place, start, end);
    }
  }

  #reach(row: number): number {
    const { flags, scoreboardPlace } = this.#connections;
    if ((flags[row]! & HAS_SCOREBOARD) !== 0) return scoreboardPlace[row]!;
    const place = this.#places.take();
    if (place === NONE) return NONE;
    flags[row] = flags[row]! | HAS_SCOREBOARD;
    scoreboardPlace[row] = place;
    this.#received.clear(place);
    this.#hasTimedOut[place] = 0;
    return place;
  }

  /** Whether the peer has so much beyond the first gap that it is a loss. */
  hasLoss(row: number): boolean {
    const { flags, scoreboardPlace, segmentBytes, sendUnacknowledged, sendHighest } = this.#connections;
    if ((flags[row]! & (HAS_SCOREBOARD | IS_RECOVERING)) !== HAS_SCOREBOARD || this.hasTimedOut(row)) return false;
    const place = scoreboardPlace[row]!;
    const beyond = this.#received.countBetween(place, sendUnacknowledged[row]!, sendHighest[row]!);
    return beyond > SEGMENTS_OF_A_LOSS * segmentBytes[row]! || this.#received.count(place) > SEGMENTS_OF_A_LOSS;
  }

  /** Whether what was sent before a timeout is not all acknowledged: what is lacking of it is being sent again (RFC 6582, section 4). */
  hasTimedOut(row: number): boolean {
    const { flags, scoreboardPlace, sendUnacknowledged } = this.#connections;
    if ((flags[row]! & HAS_SCOREBOARD) === 0) return false;
    const place = scoreboardPlace[row]!;
    return this.#hasTimedOut[place] === 1 && isBefore(sendUnacknowledged[row]!, this.#point[place]!);
  }

  /** Something is lost: from now on `findHole` tells what to send again. False where there is no place for it. */
  begin(row: number): boolean {
    const place = this.#reach(row);
    if (place === NONE) return false;
    const { flags, sendUnacknowledged, sendHighest } = this.#connections;
    flags[row] = flags[row]! | IS_RECOVERING;
    this.#point[place] = sendHighest[row]!;
    this.#again[place] = sendUnacknowledged[row]!;
    this.#isProven[place] = 0;
    this.#hasTimedOut[place] = 0;
    return true;
  }

  /** The peer has acknowledged more, of a row that has a place. */
  advance(row: number): void {
    const { flags, scoreboardPlace, sendUnacknowledged } = this.#connections;
    const place = scoreboardPlace[row]!;
    const acknowledged = sendUnacknowledged[row]!;
    this.#received.dropBefore(place, acknowledged);
    if ((flags[row]! & IS_RECOVERING) !== 0) {
      if (isBefore(acknowledged, this.#point[place]!)) {
        this.#partly(row, place, acknowledged);
        return;
      }
      flags[row] = flags[row]! & ~IS_RECOVERING;
    }
    if (this.#received.count(place) === 0) this.release(row);
  }

  /** What was sent again has arrived, and the next that is lacking is lost too (RFC 6582, section 3.2, step 3). */
  #partly(row: number, place: number, acknowledged: number): void {
    this.#isProven[place] = 1;
    const hasSack = (this.#connections.flags[row]! & HAS_SACK) !== 0;
    if (!hasSack || isBefore(this.#again[place]!, acknowledged)) this.#again[place] = acknowledged;
  }

  /**
   * Looks for the next that is to be sent again of a row in recovery: `hole`, and `holeBytes` of sequence numbers. The first that is not
   * acknowledged is to be sent whatever is under way.
   */
  findHole(row: number): boolean {
    const { flags, scoreboardPlace, segmentBytes, sendUnacknowledged } = this.#connections;
    const place = scoreboardPlace[row]!;
    const first = sendUnacknowledged[row]!;
    let at = this.#again[place]!;
    if ((flags[row]! & HAS_SACK) === 0) {
      this.hole = at;
      this.holeBytes = segmentBytes[row]! + 1;
      return at === first;
    }
    const range = this.#received.rangeOf(place, at);
    if (range >= 0) at = this.#received.end(place, range);
    const end = this.#holeEnd(place, at);
    this.hole = at;
    this.holeBytes = (end - at) | 0;
    if (this.holeBytes > 0) return true;
    // The loss was seen by duplicates alone.
    this.holeBytes = segmentBytes[row]! + 1;
    return at === first;
  }

  /** Where a hole from `at` on ends: at what the peer has, or where nothing is known of what follows. */
  #holeEnd(place: number, at: number): number {
    const ranges = this.#received;
    const count = ranges.count(place);
    for (let range = 0; range < count; range++)
      if (isAfter(ranges.start(place, range), at)) return ranges.start(place, range);
    return this.#isProven[place] === 1 ? this.#point[place]! : at;
  }

  /** What was found has been sent again, up to `end`. */
  sentAgain(row: number, end: number): void {
    this.#again[this.#connections.scoreboardPlace[row]!] = end;
  }

  /** How many bytes before `next` are under way, of a row that has a place: without what the peer has, and without what is lost. */
  bytesUnderWay(row: number, next: number): number {
    const { flags, scoreboardPlace, segmentBytes, duplicateAcks, sendUnacknowledged } = this.#connections;
    const place = scoreboardPlace[row]!;
    const first = sendUnacknowledged[row]!;
    const all = (next - first) | 0;
    if ((flags[row]! & HAS_SACK) === 0) return Math.max(0, all - duplicateAcks[row]! * segmentBytes[row]!);
    const left = all - this.#received.countBetween(place, first, next);
    if ((flags[row]! & IS_RECOVERING) === 0) return left;
    const from = this.#again[place]!;
    const to = this.#lostEnd(place, from);
    const lost = ((to - from) | 0) - this.#received.countBetween(place, from, to);
    return lost > 0 ? left - lost : left;
  }

  /** The end of what is known to be lost or received. */
  #lostEnd(place: number, from: number): number {
    if (this.#isProven[place] === 1) return this.#point[place]!;
    const count = this.#received.count(place);
    return count === 0 ? from : this.#received.start(place, count - 1);
  }

  /** The first from `sequence` on that the peer may lack, of a row that has a place: after a timeout all else is sent again. */
  skip(row: number, sequence: number): number {
    const place = this.#connections.scoreboardPlace[row]!;
    const range = this.#received.rangeOf(place, sequence);
    return range < 0 ? sequence : this.#received.end(place, range);
  }

  /** How many sequence numbers there are from `sequence` on before the next that the peer has. */
  bytesBefore(row: number, sequence: number, most: number): number {
    const place = this.#connections.scoreboardPlace[row]!;
    const count = this.#received.count(place);
    for (let range = 0; range < count; range++) {
      const bytes = (this.#received.start(place, range) - sequence) | 0;
      if (bytes > 0) return Math.min(bytes, most);
    }
    return most;
  }

  /** A timeout: what was sent again was lost too. With `forget` the peer may have dropped what it had (RFC 2018, section 8). */
  timeOut(row: number, forget: boolean): void {
    const { flags, scoreboardPlace, sendHighest } = this.#connections;
    flags[row] = flags[row]! & ~IS_RECOVERING;
    const place = scoreboardPlace[row]!;
    this.#point[place] = sendHighest[row]!;
    this.#hasTimedOut[place] = 1;
    if (forget || this.#received.count(place) === 0) this.release(row);
  }

  /** Gives back the place of a row that has one. */
  release(row: number): void {
    const { flags, scoreboardPlace } = this.#connections;
    flags[row] = flags[row]! & ~(HAS_SCOREBOARD | IS_RECOVERING);
    this.#places.give(scoreboardPlace[row]!);
  }
}
