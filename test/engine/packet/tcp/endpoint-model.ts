/**
 * What one end of one connection may send, by RFC 9293, from what reached it and what its user asked for. It shares nothing with the
 * engine: numbers are plain, and it decides on whole packets. It demands nothing that needs a clock; that something is sent at all is
 * for the test to see.
 */
import { ACK, FIN, RST, SYN, flagsText, type TcpPacket } from '../packets.ts';

const MODULUS = 2 ** 32;
/** `a - b` as sequence numbers: from -2^31 to 2^31 - 1. */
export function distance(a: number, b: number): number {
  const difference = (((a - b) % MODULUS) + MODULUS) % MODULUS;
  return difference >= MODULUS / 2 ? difference - MODULUS : difference;
}
const plus = (a: number, bytes: number): number => (a + bytes + MODULUS) % MODULUS;

/** The states of RFC 9293, section 3.3.2, and `GONE`: all that comes is answered with RST. */
export type State =
  | 'LISTEN'
  | 'CLOSED'
  | 'SYN-SENT'
  | 'SYN-RECEIVED'
  | 'ESTABLISHED'
  | 'FIN-WAIT-1'
  | 'FIN-WAIT-2'
  | 'CLOSING'
  | 'TIME-WAIT'
  | 'CLOSE-WAIT'
  | 'LAST-ACK'
  | 'GONE';

const ESTABLISHED_OR_LATER: readonly State[] = [
  'ESTABLISHED',
  'FIN-WAIT-1',
  'FIN-WAIT-2',
  'CLOSING',
  'TIME-WAIT',
  'CLOSE-WAIT',
  'LAST-ACK',
];

/** A segment that came after a gap. */
interface Kept {
  readonly sequence: number;
  readonly end: number;
  readonly bytes: Uint8Array;
  readonly isFin: boolean;
}

/** So many ranges after gaps an end remembers: what would be one more, it may drop. */
const MOST_RANGES = 16;

export class EndpointModel {
  state: State;
  /** What the user has asked for so far: bytes, and whether FIN follows them. */
  queuedBytes = 0;
  isShutDown = false;
  /** The user has closed: bytes that come now are answered with RST. */
  isClosed = false;
  /** The user has reset, or the engine gave up. */
  mayReset = false;
  /** The bytes that the user was given so far, in order, as the model has them. */
  readonly received: number[] = [];
  /** Violations, in words. */
  readonly faults: string[] = [];
  /** Packets of the connection, both ways: for messages. */
  readonly history: string[] = [];
  readonly #name: string;
  /** The byte that the user sends at a position. */
  readonly #byteAt: (position: number) => number;
  #iss = -1;
  #irs = -1;
  /** The sequence number after all that was ever sent. */
  #sendHighest = 0;
  #sendUnacknowledged = 0;
  #receiveNext = 0;
  /** Where the window ends that was announced to us, and the window that we announced. */
  #sendEdge = 0;
  #receiveEdge = 0;
  #isFinSent = false;
  #isFinReceived = false;
  /** What came after a gap. */
  #kept: Kept[] = [];
  /** Shifts of windows: what each SYN offered. */
  #ourShift: number | undefined;
  #theirShift: number | undefined;
  #hasOurSyn = false;
  /** Whether each SYN offered selective acknowledgements. */
  #doWeSack = false;
  #doTheySack = false;
  /** The window of the peer's SYN, which is never scaled (RFC 7323, section 2.2). */
  #synWindow = 0;
  /** TS.Recent, where both ends send timestamps. */
  #recentStamp: number | undefined;

  constructor(name: string, isActive: boolean, byteAt: (position: number) => number) {
    this.#name = name;
    this.state = isActive ? 'CLOSED' : 'LISTEN';
    this.#byteAt = byteAt;
  }

  get hasEnd(): boolean {
    return this.#isFinReceived;
  }

  /** The peer has all that was queued, and the FIN after it. */
  get isAllAcknowledged(): boolean {
    const end = this.queuedBytes + 1 + (this.isShutDown ? 1 : 0);
    return distance(this.#sendUnacknowledged, plus(this.#iss, end)) >= 0;
  }

  // --- what reaches the end ---

  /** A segment was delivered. */
  delivered(packet: TcpPacket): void {
    if (!packet.isSound) return;
    this.#note('<', packet);
    switch (this.state) {
      case 'CLOSED':
      case 'GONE':
        return;
      case 'LISTEN':
        if ((packet.flags & (SYN | ACK | RST)) === SYN) this.#takeSyn(packet, 'SYN-RECEIVED');
        return;
      case 'SYN-SENT':
        this.#inSynSent(packet);
        return;
      default:
        this.#inWindow(packet);
    }
  }

  #takeSyn(packet: TcpPacket, state: State): void {
    this.#irs = packet.sequence;
    this.#receiveNext = plus(packet.sequence, 1);
    this.#receiveEdge = this.#receiveNext;
    this.#theirShift = packet.options.windowScale;
    this.#doTheySack = packet.options.sackPermitted === true;
    this.#synWindow = packet.window;
    this.#recentStamp = packet.options.timestamps?.[0];
    this.state = state;
  }

  /** Section 3.10.7.3. */
  #inSynSent(packet: TcpPacket): void {
    const { flags } = packet;
    const isAckRight = (flags & ACK) !== 0 && packet.acknowledgement === plus(this.#iss, 1);
    if ((flags & ACK) !== 0 && !isAckRight) return;
    if ((flags & RST) !== 0) {
      if (isAckRight) this.state = 'GONE';
      return;
    }
    if ((flags & SYN) === 0 || !isAckRight) return;
    this.#takeSyn(packet, 'ESTABLISHED');
    this.#sendUnacknowledged = packet.acknowledgement;
    this.#sendEdge = plus(packet.acknowledgement, this.#synWindow);
  }

  /** Section 3.10.7.4, with the checks of RFC 5961. */
  #inWindow(packet: TcpPacket): void {
    const { flags, sequence, acknowledgement } = packet;
    if ((flags & RST) !== 0) {
      // A tuple that rests is not woken by a reset (RFC 1337).
      if (sequence === this.#receiveNext && this.state !== 'TIME-WAIT') this.state = 'GONE';
      return;
    }
    if ((flags & SYN) !== 0 || (flags & ACK) === 0) return;
    const length = packet.payload.length + ((flags & FIN) !== 0 ? 1 : 0);
    const isOld = distance(plus(sequence, length), this.#receiveNext) < 0;
    const isBeyond = distance(sequence, this.#receiveEdge) > 0;
    // An old duplicate by its timestamp (RFC 7323, section 5.3).
    const stamp = packet.options.timestamps?.[0];
    if (stamp !== undefined && this.#recentStamp !== undefined) {
      if (distance(stamp, this.#recentStamp) < 0) return;
      const isNext = sequence === this.#receiveNext;
      const bringsMore = distance(plus(sequence, length), this.#receiveNext) > 0;
      const touches = isNext || (distance(sequence, this.#receiveNext) < 0 && bringsMore);
      if (touches) this.#recentStamp = stamp;
    }
    if (distance(acknowledgement, this.#sendHighest) > 0) return;
    if (this.state === 'SYN-RECEIVED') {
      if (acknowledgement !== this.#sendHighest || isOld || isBeyond) return;
      this.state = 'ESTABLISHED';
    }
    if (isBeyond) return;
    this.#takeAck(packet, isOld);
    this.#takeText(packet);
  }

  #takeAck({ acknowledgement, window }: TcpPacket, isOld: boolean): void {
    if (distance(acknowledgement, this.#sendUnacknowledged) > 0) this.#sendUnacknowledged = acknowledgement;
    const edge = plus(acknowledgement, window << this.#shiftOf(this.#theirShift));
    // A window is not taken back here: what was allowed once is sent rightly.
    if (distance(edge, this.#sendEdge) > 0) this.#sendEdge = edge;
    const isFinAcknowledged = this.#isFinSent && this.#sendUnacknowledged === this.#sendHighest;
    if (!isFinAcknowledged || isOld) return;
    if (this.state === 'FIN-WAIT-1') this.state = 'FIN-WAIT-2';
    else if (this.state === 'CLOSING') this.state = 'TIME-WAIT';
    else if (this.state === 'LAST-ACK') this.state = 'GONE';
  }

  #takeText(packet: TcpPacket): void {
    const { sequence, payload, flags } = packet;
    const skip = distance(this.#receiveNext, sequence);
    if (skip < 0) this.#keep(packet);
    // A hole in front of it, or nothing new.
    if (skip < 0 || this.#isFinReceived || !ESTABLISHED_OR_LATER.includes(this.state)) return;
    const room = distance(this.#receiveEdge, this.#receiveNext);
    const fresh = payload.subarray(skip, skip + room);
    if (skip > payload.length) return;
    if (this.isClosed && fresh.length > 0) {
      // The user does not read any more: what comes is lost, and the peer is told so.
      this.mayReset = true;
      return;
    }
    this.received.push(...fresh);
    this.#receiveNext = plus(this.#receiveNext, fresh.length);
    const isWhole = skip + fresh.length === payload.length;
    this.#takeKept();
    if ((flags & FIN) !== 0 && isWhole && plus(sequence, payload.length) === this.#receiveNext) this.#takeFin();
  }

  /** Keeps what came after a gap, as far as it lies in the window, and as there are no more gaps than an end remembers. */
  #keep({ sequence, payload, flags }: TcpPacket): void {
    if (this.#isFinReceived || this.isClosed || !ESTABLISHED_OR_LATER.includes(this.state)) return;
    const bytes = payload.slice(0, distance(this.#receiveEdge, sequence));
    const isFin = (flags & FIN) !== 0 && bytes.length === payload.length;
    const kept = { sequence, bytes, isFin, end: plus(sequence, bytes.length + (isFin ? 1 : 0)) };
    if (kept.end === sequence) return;
    this.#kept.push(kept);
    if (this.#keptRanges().length > MOST_RANGES) this.#kept.pop();
  }

  /** What is kept, as ranges from `receiveNext` on. */
  #keptRanges(): [number, number][] {
    const all = this.#kept.map(({ sequence, end }): [number, number] => [
      distance(sequence, this.#receiveNext),
      distance(end, this.#receiveNext),
    ]);
    const ranges: [number, number][] = [];
    for (const [start, end] of all.sort(([a], [b]) => a - b)) {
      const last = ranges.at(-1);
      if (last === undefined || start > last[1]) ranges.push([start, end]);
      else last[1] = Math.max(last[1], end);
    }
    return ranges;
  }

  /** Takes what was kept, as far as there is no gap in front of it. */
  #takeKept(): void {
    const isNext = ({ sequence, end }: Kept): boolean =>
      distance(sequence, this.#receiveNext) <= 0 && distance(end, this.#receiveNext) > 0;
    for (let next = this.#kept.find(isNext); next !== undefined; next = this.#kept.find(isNext)) {
      const fresh = next.bytes.subarray(distance(this.#receiveNext, next.sequence));
      if (this.isClosed && fresh.length > 0) {
        this.mayReset = true;
        return;
      }
      this.received.push(...fresh);
      this.#receiveNext = plus(this.#receiveNext, fresh.length);
      if (next.isFin) {
        this.#takeFin();
        return;
      }
    }
    this.#kept = this.#kept.filter(({ end }) => distance(end, this.#receiveNext) > 0);
  }

  #takeFin(): void {
    this.#receiveNext = plus(this.#receiveNext, 1);
    this.#isFinReceived = true;
    if (this.state === 'ESTABLISHED') this.state = 'CLOSE-WAIT';
    else if (this.state === 'FIN-WAIT-1') this.state = 'CLOSING';
    else if (this.state === 'FIN-WAIT-2') this.state = 'TIME-WAIT';
  }

  // --- what the end sends ---

  /** A segment was sent. */
  sent(packet: TcpPacket): void {
    this.#note('>', packet);
    if (!packet.isSound) this.#fault('a wrong checksum');
    if ((packet.flags & RST) !== 0) this.#sentReset(packet);
    else if (this.state === 'GONE') this.#fault('something but RST when it is gone');
    else if ((packet.flags & SYN) !== 0) this.#sentSyn(packet);
    else this.#sentText(packet);
  }

  #sentReset({ sequence }: TcpPacket): void {
    // Before it is synchronised, an end answers an acknowledgement of something else with RST, and goes on (section 3.10.7).
    const isBefore = this.state === 'SYN-SENT' || this.state === 'SYN-RECEIVED';
    if (isBefore && sequence !== this.#sendHighest) return;
    const isAnswer = this.state === 'GONE' || this.state === 'CLOSED' || this.state === 'LISTEN';
    if (isAnswer || this.state === 'TIME-WAIT') return;
    if (!this.mayReset) this.#fault(`RST in ${this.state}`);
    this.state = 'GONE';
  }

  #sentSyn(packet: TcpPacket): void {
    const isActive = this.state === 'CLOSED' || this.state === 'SYN-SENT';
    const isAnswer = (packet.flags & ACK) !== 0;
    if (!isActive && this.state !== 'SYN-RECEIVED') this.#fault(`SYN in ${this.state}`);
    if (isActive === isAnswer) this.#fault(`${flagsText(packet.flags)} in ${this.state}`);
    if (packet.payload.length > 0) this.#fault('a SYN with data');
    if (isAnswer && packet.acknowledgement !== this.#receiveNext) this.#fault('SYN ACK of something else');
    if (this.#hasOurSyn) {
      if (packet.sequence !== this.#iss) this.#fault('another SYN than before');
      return;
    }
    this.#hasOurSyn = true;
    this.#iss = packet.sequence;
    this.#sendUnacknowledged = packet.sequence;
    this.#sendHighest = plus(packet.sequence, 1);
    this.#ourShift = packet.options.windowScale;
    this.#doWeSack = packet.options.sackPermitted === true;
    if (isActive) this.state = 'SYN-SENT';
    else {
      this.#sendEdge = plus(packet.sequence, 1 + this.#synWindow);
      this.#receiveEdge = plus(this.#receiveNext, packet.window);
    }
  }

  #sentText(packet: TcpPacket): void {
    const { flags, sequence, payload, acknowledgement } = packet;
    // What is not acceptable is answered before the handshake is complete too (section 3.10.7.4).
    const isAnswer = this.state === 'SYN-RECEIVED' && flags === ACK && payload.length === 0;
    if (!isAnswer && !ESTABLISHED_OR_LATER.includes(this.state)) this.#fault(`a segment in ${this.state}`);
    if ((flags & ACK) === 0) this.#fault('a segment without ACK');
    if (acknowledgement !== this.#receiveNext)
      this.#fault(`acknowledges ${distance(acknowledgement, this.#receiveNext)} more than it has`);
    for (const [start, end] of packet.options.sack ?? []) this.#checkBlock(start, end);
    const edge = plus(acknowledgement, packet.window << this.#shiftOf(this.#ourShift));
    if (distance(edge, this.#receiveEdge) > 0) this.#receiveEdge = edge;
    const end = plus(sequence, payload.length);
    const isFin = (flags & FIN) !== 0;
    if (payload.length > 0) this.#checkPayload(sequence, payload);
    if (isFin) this.#sentFin(end);
    const after = plus(end, isFin ? 1 : 0);
    if (distance(after, this.#sendHighest) > 0) {
      if (distance(sequence, this.#sendHighest) > 0) this.#fault('leaves a hole');
      this.#sendHighest = after;
    }
  }

  /** RFC 2018, section 3: what is reported has come, and neither what is before it nor after it has. */
  #checkBlock(start: number, end: number): void {
    if (!this.#hasSack) this.#fault('a selective acknowledgement that was not agreed on');
    if (distance(end, start) <= 0 || distance(start, this.#receiveNext) <= 0) this.#fault('a block that is none');
    const [from, to] = [distance(start, this.#receiveNext), distance(end, this.#receiveNext)];
    if (!this.#keptRanges().some((range) => range[0] === from && range[1] === to))
      this.#fault(`a block from ${from} to ${to}, which is not what has come`);
  }

  #checkPayload(sequence: number, payload: Uint8Array): void {
    const position = distance(sequence, plus(this.#iss, 1));
    const end = position + payload.length;
    if (position < 0 || end > this.queuedBytes) {
      this.#fault(`sends ${position} to ${end} of ${this.queuedBytes}`);
      return;
    }
    if (payload.some((byte, i) => byte !== this.#byteAt(position + i))) this.#fault(`wrong bytes from ${position} on`);
    // One byte beyond a closed window is a probe (section 3.8.6.1).
    const excess = distance(plus(sequence, payload.length), this.#sendEdge);
    if (excess > 0 && !(payload.length === 1 && excess === 1)) this.#fault(`${excess} beyond the window`);
  }

  #sentFin(at: number): void {
    if (!this.isShutDown) this.#fault('FIN that no one asked for');
    const end = plus(this.#iss, 1 + this.queuedBytes);
    if (at !== end) this.#fault(`FIN ${distance(at, end)} after the end`);
    if (this.#isFinSent) return;
    this.#isFinSent = true;
    if (this.state === 'ESTABLISHED') this.state = 'FIN-WAIT-1';
    else if (this.state === 'CLOSE-WAIT') this.state = 'LAST-ACK';
  }

  get #hasSack(): boolean {
    return this.#doWeSack && this.#doTheySack;
  }

  /** The shift is used only where both ends offered one (RFC 7323, section 2.2). */
  #shiftOf(shift: number | undefined): number {
    return this.#ourShift === undefined || this.#theirShift === undefined ? 0 : Math.min(shift ?? 0, 14);
  }

  #fault(what: string): void {
    if (this.faults.length < 5)
      this.faults.push(`${this.#name}: ${what}; before: ${this.history.slice(-12).join(', ')}`);
  }

  #note(direction: string, { flags, sequence, acknowledgement, payload, window }: TcpPacket): void {
    const ours = direction === '>';
    const from = ours ? this.#iss : this.#irs;
    const to = ours ? this.#irs : this.#iss;
    const seq = from < 0 ? sequence : distance(sequence, from);
    const ack = to < 0 ? acknowledgement : distance(acknowledgement, to);
    this.history.push(`${direction} ${flagsText(flags)} ${seq}+${payload.length} ack ${ack} win ${window}`);
    if (this.history.length > 200) this.history.shift();
  }
}
