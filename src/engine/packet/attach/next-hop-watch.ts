/** Follows the next hop while a run goes on: another router may take its address over, which is what firewalls in pairs do. */
import { errnoName } from '../../../kernel/errno.ts';
import type { Link } from '../../../kernel/net/links.ts';
import { PacketSocket } from '../../../kernel/net/packet-socket.ts';
import { RunError } from '../../../units/run-error.ts';
import { macTold, neighbourChecks, questionFrame } from './neighbour-question.ts';
import { NextHopMac } from '../link/next-hop-mac.ts';
import type { NextHop } from './next-hop.ts';
import { countersOf, NEXT_HOP_CHANGES, NEXT_HOP_UNANSWERED, RECEIVED, SENT } from '../packet-counters.ts';
import { sumOfCounter } from '../read-counters.ts';
import type { PacketLink } from '../../seam/link.ts';

const LOOK_MS = 50;
/** After so many looks without a packet received, while packets were sent, the next hop is asked where it is. */
const LOOKS_OF_SILENCE = 20;

/**
 * NextHopWatch runs on the main thread. It believes what the kernel believes: ARP packets of the next hop's address (gratuitous ones,
 * requests and replies, RFC 826), and advertisements that replace what is known (RFC 4861). It asks where nothing at all has come back
 * for a second. Threads find what it has learnt in the memory of the link.
 */
export class NextHopWatch {
  readonly #socket: PacketSocket;
  readonly #hop: NextHop;
  readonly #link: Pick<PacketLink, 'mac' | 'vlan' | 'counters'>;
  readonly #mac: NextHopMac;
  readonly #timer: NodeJS.Timeout;
  #looks = 0;
  #questions = 0;
  #sent = 0;
  #received = 0;
  /** The answers before the question that is open; -1 where none is. */
  #answersBefore = -1;

  constructor(hop: NextHop, iface: Link, link: PacketLink) {
    const { address } = hop;
    const socket = PacketSocket.openFor(iface.ifindex, neighbourChecks(address, link.vlan));
    if (typeof socket === 'number') {
      const code = errnoName(socket);
      throw new RunError(code, `ARP of the next hop cannot be read on ${iface.name} (${code})`, 'run it as root');
    }
    this.#socket = socket;
    this.#hop = hop;
    this.#link = link;
    this.#mac = new NextHopMac(link.nextHop!);
    this.#timer = setInterval(() => this.#look(), LOOK_MS);
    this.#timer.unref();
  }

  /** Writes what it has counted where the threads write theirs. */
  count(): void {
    countersOf(this.#link.counters, 0)[NEXT_HOP_CHANGES] = this.#mac.changes;
  }

  close(): void {
    clearInterval(this.#timer);
    this.#socket.close();
  }

  #look(): void {
    for (let frame = this.#socket.receive(); frame !== null; frame = this.#socket.receive()) {
      const mac = macTold(frame, this.#hop.address, this.#answersBefore >= 0);
      if (mac !== null) this.#mac.told(mac, 0);
    }
    if (++this.#looks % LOOKS_OF_SILENCE === 0) this.#listen();
  }

  #listen(): void {
    if (this.#answersBefore >= 0 && this.#mac.answers === this.#answersBefore) {
      countersOf(this.#link.counters, 0)[NEXT_HOP_UNANSWERED]!++;
    }
    this.#answersBefore = -1;
    const sent = this.#sum(SENT);
    const received = this.#sum(RECEIVED);
    const isSilent = sent > this.#sent && received === this.#received;
    this.#sent = sent;
    this.#received = received;
    if (isSilent) this.#ask();
  }

  #ask(): void {
    const { address, senders } = this.#hop;
    const sender = senders[this.#questions++ % senders.length]!;
    const { mac, vlan } = this.#link;
    if (this.#socket.send(questionFrame({ target: address, sender, mac, vlan })) === 0) {
      this.#answersBefore = this.#mac.answers;
    }
  }

  #sum(index: number): number {
    return sumOfCounter(this.#link.counters, index);
  }
}
