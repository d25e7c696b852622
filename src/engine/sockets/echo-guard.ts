import type { Rate } from '../../units/quantity.ts';
import type { Clock } from '../../runtime/clock.ts';
import { isPing, isReply, markReply } from './ping-mark.ts';

/** What to do with a datagram. */
export const ANSWER = 0;
/** It is an echo's reply to a ping. Two echoes that answer replies never stop. */
export const DROP_REPLY = 1;
/** Its source port is one on which servers send without being asked, or this server's own. */
export const DROP_ECHO_PORT = 2;
/** Its peer sends more than is answered. */
export const DROP_OVER_RATE = 3;

/** echo, systat, daytime, qotd, chargen, time, DNS, TFTP, NTP: a datagram from there is a server's, which may answer the answer. */
const SERVER_PORTS = new Set([7, 11, 13, 17, 19, 37, 53, 69, 123]);

/** Peers with the same hash share a place, and with it a rate: forged addresses cannot make the memory grow. */
const PLACES = 65_536;
/** A peer that was silent may send the datagrams of a second in one burst. */
const BURST_NS = 1e9;

/**
 * Decides which datagrams an echo answers. Two echoes that answer each other never stop (CVE-1999-0103), and one datagram with
 * a forged source starts them. Pings of `conngen rtt` carry a mark, and replies to them another one: pings are answered at any
 * rate, replies are never answered. Other datagrams are answered up to a rate for each peer, which is an address and a port.
 */
export class EchoGuard {
  readonly #clock: Clock;
  readonly #ownPort: number;
  readonly #intervalNs: number;
  readonly #burstNs: number;
  /** For each place, when its next datagram would be due at the rate that is allowed. */
  readonly #nextNs = new Float64Array(PLACES);
  /** Keeps others from choosing an address that shares a place with a given one. */
  readonly #seed = (Math.random() * 2 ** 32) | 0;

  constructor(ownPort: number, ratePerPeer: Rate, clock: Clock) {
    this.#ownPort = ownPort;
    this.#clock = clock;
    this.#intervalNs = ratePerPeer === 'max' ? 0 : 1e9 / ratePerPeer;
    this.#burstNs = Math.max(BURST_NS, this.#intervalNs);
  }

  /** The place of a peer, from the bytes of its address and its port. */
  placeOf(address: Uint8Array, from: number, to: number, port: number): number {
    let hash = this.#seed ^ port;
    for (let i = from; i < to; i++) hash = Math.imul(hash ^ address[i]!, 0x01000193);
    return ((hash >>> 16) ^ hash) & (PLACES - 1);
  }

  /** What to do with a datagram of `count` bytes. A ping that is to be answered has the mark of a reply then. */
  judge(bytes: Uint8Array, count: number, sourcePort: number, place: number): number {
    if (isPing(bytes, count)) {
      markReply(bytes);
      return ANSWER;
    }
    if (isReply(bytes, count)) return DROP_REPLY;
    if (sourcePort === this.#ownPort || SERVER_PORTS.has(sourcePort)) return DROP_ECHO_PORT;
    return this.#isWithinRate(place) ? ANSWER : DROP_OVER_RATE;
  }

  #isWithinRate(place: number): boolean {
    if (this.#intervalNs === 0) return true;
    const nowNs = this.#clock.now();
    const nextNs = Math.max(this.#nextNs[place]!, nowNs) + this.#intervalNs;
    if (nextNs - nowNs > this.#burstNs) return false;
    this.#nextNs[place] = nextNs;
    return true;
  }
}
