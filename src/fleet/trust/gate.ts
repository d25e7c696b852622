/** What comes in at an agent: orders and beats that are signed, for it, of its run, and new. All else stays outside. */
import type { TrustedKeys } from './keys.ts';
import { protocolOf, readBeat, readOrder } from './order-shape.ts';
import { unseal, type Purpose, type Unsealed } from './sealed.ts';
import { Tickets } from './tickets.ts';
import { printable } from '../../units/printable.ts';
import { PROTOCOL, type Beat, type Order, type Refusal, type Ticket } from '../protocol.ts';

/** An order that may be carried out; or what the sender is told, and what the agent's log says beyond that. */
export type Admitted =
  { readonly order: Order } | { readonly refused: Refusal; /** For the log. */ readonly detail: string };

/** The run that holds an agent. */
interface Held {
  readonly run: string;
  /** Null where no signature is asked for. */
  readonly key: string | null;
  readonly controller: string;
  readonly called: string;
  orderNumber: number;
  beatNumber: number;
}

export interface GateOptions {
  /** The name of the agent. */
  readonly agent: string;
  /** Empty: orders need no signature. */
  readonly trusted: TrustedKeys;
  /** The time on a monotonic clock. */
  readonly nowNs: () => bigint;
}

/**
 * The gate of an agent. An `open` that it admits takes hold of the agent; until `release`, orders of no other run, and of no other key,
 * are admitted. After it, the controller of that run may still acknowledge reports (by its beats) and close, until another run is opened. It says the same to all who have no right to ask: details are for the agent's log.
 */
export class Gate {
  readonly #options: GateOptions;
  readonly #tickets: Tickets;
  #held: Held | null = null;
  /** The last run, which is over: what it reported may still be acknowledged, or given up. */
  #past: Held | null = null;

  constructor(options: GateOptions) {
    this.#options = options;
    this.#tickets = new Tickets(options.nowNs);
  }

  /** The answer to a request for a ticket. */
  giveTicket(): Ticket {
    return { ticket: this.#tickets.give() };
  }

  /** The run that holds the agent; null where it is free. */
  get run(): string | null {
    return this.#held?.run ?? null;
  }

  /** Looks at the bytes of an order. Never throws. */
  admit(data: Uint8Array): Admitted {
    const unsealed = this.#unseal(data, 'order');
    if ('refused' in unsealed) return unsealed;
    const shaped = readOrder(unsealed.value);
    if (!shaped.ok) return refused('protocol', 'the order cannot be read', shaped.why);
    const order = shaped.value;
    if (order.agent !== this.#options.agent) {
      return refused('replayed', NOT_OURS, `the order is for the agent ${order.agent}`);
    }
    return order.kind === 'open' ? this.#open(order, unsealed.key) : this.#continue(order, unsealed.key);
  }

  /** Looks at the bytes of a beat. Returns the beat where it is of the controller that holds the agent, or held it last, and new; null otherwise. */
  admitBeat(data: Uint8Array): Beat | null {
    const held = this.#held ?? this.#past;
    if (held === null) return null;
    const unsealed = this.#unseal(data, 'beat');
    if ('refused' in unsealed || unsealed.key !== held.key) return null;
    const shaped = readBeat(unsealed.value);
    if (!shaped.ok || shaped.value.run !== held.run || shaped.value.number <= held.beatNumber) return null;
    held.beatNumber = shaped.value.number;
    return shaped.value;
  }

  /** The run is over, however it ended: the agent is free. */
  release(): void {
    this.#past = this.#held ?? this.#past;
    this.#held = null;
  }

  #unseal(data: Uint8Array, purpose: Purpose): Unsealed | { readonly refused: Refusal; readonly detail: string } {
    const { trusted } = this.#options;
    const unsealed = unseal(data, purpose, trusted);
    if ('why' in unsealed) {
      if (unsealed.isMalformed) return refused('protocol', 'the order cannot be read', unsealed.why);
      return refused('untrusted', 'this agent takes orders of the controllers that it trusts', unsealed.why, KEY_HINT);
    }
    const protocol = protocolOf(unsealed.value);
    if (protocol !== null && protocol !== PROTOCOL) {
      const message = `this agent speaks protocol ${PROTOCOL}, and the controller ${protocol}`;
      return refused('protocol', message, message, 'install the same version of conngen on all machines of the fleet');
    }
    return unsealed;
  }

  #open(order: Order & { readonly kind: 'open' }, key: string | null): Admitted {
    const fault = this.#tickets.take(order.ticket);
    if (fault !== null) return refused('replayed', NOT_OURS, fault);
    if (this.#held !== null) {
      const { called, controller } = this.#held;
      return refused(
        'busy',
        `this agent runs ${called} for ${controller}`,
        `${printable(order.controller)} asked for it meanwhile`,
      );
    }
    const { run, called, number } = order;
    // It goes into logs and onto terminals.
    const controller = printable(order.controller);
    this.#held = { run, key, controller, called, orderNumber: number, beatNumber: -1 };
    return { order };
  }

  #continue(order: Order, key: string | null): Admitted {
    const held = this.#held ?? (order.kind === 'close' ? this.#past : null);
    if (order.run !== held?.run || key !== held.key) {
      return refused(
        'run_unknown',
        'this agent does not have this run',
        `an order to ${order.kind} of the run ${order.run}`,
      );
    }
    if (order.number <= held.orderNumber) {
      const detail = `an order to ${order.kind} has number ${order.number}, and ${held.orderNumber} was seen before`;
      return refused('replayed', NOT_OURS, detail);
    }
    held.orderNumber = order.number;
    return { order };
  }
}

const NOT_OURS = 'the order is not for now: it was made for another time, or for another agent';
const KEY_HINT = 'give the controller the private key (--fleet-key) whose public key the agent has (--trust)';

function refused(
  code: Refusal['code'],
  message: string,
  detail: string,
  hint?: string,
): { readonly refused: Refusal; readonly detail: string } {
  return { refused: { code, message, ...(hint === undefined ? {} : { hint }) }, detail };
}
