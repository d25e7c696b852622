/**
 * Tickets: an agent gives one to every controller that asks, and takes each back once. A ticket carries its own time and proof, so that to give one
 * costs no memory, and requests in any number cannot push out the ticket of another controller.
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { TIMES } from '../protocol.ts';
import { NS_PER_MS } from '../../units/quantity.ts';

/** Why a ticket is not taken, for the log; null where it is. */
export type TicketFault =
  'it has a ticket that this agent did not give' | 'its ticket was used' | 'its ticket is too old';

const TIME_BYTES = 8;
const NONCE_BYTES = 16;
const HEAD_BYTES = TIME_BYTES + NONCE_BYTES;
const PROOF_BYTES = 32;
const TICKET_NS = BigInt(TIMES.ticketMs * NS_PER_MS);
/** Used tickets are remembered while they are young. Only orders that are trusted use any. */
const USED_MAX = 10_000;

export class Tickets {
  readonly #secret = randomBytes(32);
  readonly #nowNs: () => bigint;
  /** When each used ticket was given, by its text. The oldest use first. */
  readonly #used = new Map<string, bigint>();

  /** `nowNs`: the time on a monotonic clock. */
  constructor(nowNs: () => bigint) {
    this.#nowNs = nowNs;
  }

  /** Returns a new ticket, which can be used once within `TIMES.ticketMs`. */
  give(): string {
    const head = Buffer.alloc(HEAD_BYTES);
    head.writeBigUInt64BE(this.#nowNs());
    randomBytes(NONCE_BYTES).copy(head, TIME_BYTES);
    return Buffer.concat([head, this.#proofOf(head)]).toString('base64url');
  }

  /** Takes a ticket back. Returns what is wrong with it; null where it is good, and then never again. */
  take(ticket: string): TicketFault | null {
    const bytes = Buffer.from(ticket, 'base64url');
    // Several texts stand for the same bytes: only the one that was given is taken.
    const isWhole = bytes.length === HEAD_BYTES + PROOF_BYTES && bytes.toString('base64url') === ticket;
    if (!isWhole || !timingSafeEqual(this.#proofOf(bytes.subarray(0, HEAD_BYTES)), bytes.subarray(HEAD_BYTES))) {
      return 'it has a ticket that this agent did not give';
    }
    if (this.#used.has(ticket)) return 'its ticket was used';
    const givenNs = bytes.readBigUInt64BE();
    const oldestNs = this.#nowNs() - TICKET_NS;
    if (givenNs < oldestNs) return 'its ticket is too old';
    for (const [used, usedGivenNs] of this.#used) if (usedGivenNs < oldestNs) this.#used.delete(used);
    if (this.#used.size >= USED_MAX) return 'its ticket is too old';
    this.#used.set(ticket, givenNs);
    return null;
  }

  #proofOf(head: Uint8Array): Buffer {
    return createHmac('sha256', this.#secret).update(head).digest();
  }
}
