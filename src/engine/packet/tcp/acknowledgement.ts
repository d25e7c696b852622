import {
  HAS_SACK,
  HAS_TIMESTAMPS,
  IS_RECOVERING,
  IS_STALLED,
  IS_TIMED,
  type ConnectionTable,
} from './connection-table.ts';
import { baseTimeoutMs, learnRoundTrip } from './retransmission.ts';
import type { SegmentReader } from './segment-reader.ts';
import { FIN } from './segment-writer.ts';
import { isAfter, isBefore } from './sequence.ts';

/** The third duplicate says that a segment is lost (RFC 5681, section 3.2). */
const DUPLICATES_OF_A_LOSS = 3;
const MOST_WINDOW = 0xffff;
const MOST_DUPLICATES = 0xff;

/**
 * Takes over the acknowledgement and the window of a segment that is acceptable: what may be sent from now on. True where it shows that a
 * segment is lost.
 */
export function acknowledge(connections: ConnectionTable, row: number, reader: SegmentReader, nowMs: number): boolean {
  const { acknowledgement, sequence } = reader;
  const before = connections.sendUnacknowledged[row]!;
  const advanced = (acknowledgement - before) | 0;
  if (advanced < 0) return false;
  if (advanced > 0) {
    connections.sendUnacknowledged[row] = acknowledgement;
    if (isBefore(connections.sendNext[row]!, acknowledgement)) connections.sendNext[row] = acknowledgement;
    connections.duplicateAcks[row] = 0;
    learn(connections, row, reader, nowMs);
    connections.retries[row] = 0;
    widen(connections, row);
  }
  const last = connections.windowUpdate[row]!;
  const window = reader.window << connections.windowShift[row]!;
  const current = connections.sendWindow[row]!;
  // As Linux does (tcp_may_update_window): what acknowledges more brings its window with it, also where a later segment came before it.
  // Otherwise the window of an earlier acknowledgement would count from this one, beyond what the peer allows.
  if (advanced > 0 || isAfter(sequence, last) || (sequence === last && window > current)) {
    connections.windowUpdate[row] = sequence;
    if (window !== current) setWindow(connections, row, window);
  }
  return advanced === 0 && isThirdDuplicate(connections, row, reader, window === current);
}

function setWindow(connections: ConnectionTable, row: number, window: number): void {
  connections.sendWindow[row] = window;
  const flags = connections.flags[row]!;
  if (window === 0 || (flags & IS_STALLED) === 0) return;
  // The timer was that of the probes.
  connections.flags[row] = flags & ~IS_STALLED;
  connections.deadlineMs[row] = 0;
}

/** Takes the round trip of what was acknowledged: from the timestamp that comes back, or of what was timed. */
function learn(connections: ConnectionTable, row: number, reader: SegmentReader, nowMs: number): void {
  const flags = connections.flags[row]!;
  if ((flags & HAS_TIMESTAMPS) !== 0) {
    if (!reader.hasTimestamps) return;
    const elapsedMs = (nowMs + connections.timestampOffset[row]! - reader.timestampEcho) | 0;
    // An echo of what was never sent is none.
    if (elapsedMs >= 0 && elapsedMs < 600_000)
      learnRoundTrip(connections, row, mostRoundTripMs(connections, row, elapsedMs));
    return;
  }
  if ((flags & IS_TIMED) === 0 || isBefore(reader.acknowledgement, connections.timestampRecent[row]!)) return;
  connections.flags[row] = flags & ~IS_TIMED;
  learnRoundTrip(connections, row, (nowMs - connections.timestampOffset[row]!) | 0);
}

/**
 * Bounds a sample where segments were sent again. If the first acknowledgement was lost, the echo is that of the first transmission, and the
 * sample has all the timeouts since then in it, so that a few losses in a row would make each later timeout last for seconds. The timeout
 * without its doublings as the bound lets it still grow to a round trip that is longer.
 */
function mostRoundTripMs(connections: ConnectionTable, row: number, elapsedMs: number): number {
  if (connections.retries[row] === 0) return elapsedMs;
  const mostMs = baseTimeoutMs(connections, row);
  return elapsedMs < mostMs ? elapsedMs : mostMs;
}

/** Slow start, then one segment a round trip (RFC 5681, section 3.1), in eighths of a segment. */
function widen(connections: ConnectionTable, row: number): void {
  if ((connections.flags[row]! & IS_RECOVERING) !== 0) return;
  const window = connections.congestionWindow[row]!;
  const isSlowStart = window < connections.slowStartThreshold[row]!;
  const more = isSlowStart ? 8 : Math.max(1, (64 / window) | 0);
  connections.congestionWindow[row] = Math.min(MOST_WINDOW, window + more);
}

function isThirdDuplicate(
  connections: ConnectionTable,
  row: number,
  reader: SegmentReader,
  hasSameWindow: boolean,
): boolean {
  const highest = connections.sendHighest[row]!;
  if (highest === connections.sendUnacknowledged[row]!) {
    // Nothing is under way: it answers a probe, and the peer is there.
    connections.retries[row] = 0;
    return false;
  }
  if (!hasSameWindow || reader.payloadBytes > 0 || (reader.flags & FIN) !== 0) return false;
  const flags = connections.flags[row]!;
  if ((flags & HAS_SACK) !== 0 && !hasBeyond(connections, row, reader)) return false;
  const count = connections.duplicateAcks[row]! + 1;
  if ((flags & IS_RECOVERING) !== 0) {
    // Each is a segment that has left the network.
    connections.duplicateAcks[row] = Math.min(count, MOST_DUPLICATES);
    return false;
  }
  if (count > DUPLICATES_OF_A_LOSS) return false;
  connections.duplicateAcks[row] = count;
  // While what was lost before is being sent again, duplicates are answers to that.
  return count === duplicatesOfALoss(connections, row) && connections.sendNext[row] === highest;
}

/** With SACK a duplicate says what the peer has beyond a gap; one that does not answers something else (RFC 6675, section 2). */
function hasBeyond(connections: ConnectionTable, row: number, reader: SegmentReader): boolean {
  return reader.sackBlocks > 0 && isAfter(reader.sackEdges[0]!, connections.sendUnacknowledged[row]!);
}

/**
 * Three segments under way, or two, cannot make three duplicates: one less than they are says that one is lost (RFC 5827, section 3.1).
 * Of one segment a duplicate says nothing.
 */
function duplicatesOfALoss(connections: ConnectionTable, row: number): number {
  const bytes = (connections.sendNext[row]! - connections.sendUnacknowledged[row]!) | 0;
  const segment = connections.segmentBytes[row]!;
  if (bytes <= segment || bytes > 3 * segment) return DUPLICATES_OF_A_LOSS;
  return bytes <= 2 * segment ? 1 : 2;
}
