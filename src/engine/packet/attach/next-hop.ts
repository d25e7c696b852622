/** Where the frames of a client go: the router or target that is next on the way, and its hardware address. */
import { EACCES, ENETDOWN, EPERM, errnoName } from '../../../kernel/errno.ts';
import { formatMac, isInNetwork, readAddresses, readLink, readLinks, type Link } from '../../../kernel/net/links.ts';
import { PacketSocket } from '../../../kernel/net/packet-socket.ts';
import { neighbourOf, routeOver, routeTo, type KernelRoute } from '../../../kernel/net/routes.ts';
import { addressIn } from '../../../plan/address/address-runs.ts';
import type { Endpoint } from '../../../plan/plan.ts';
import { sleepNs } from '../../../runtime/timer.ts';
import { RunError } from '../../../units/run-error.ts';
import type { AttachRequest } from '../../seam/link.ts';
import { linkLocalOf, macTold, neighbourChecks, questionFrame } from './neighbour-question.ts';
import { carrierError } from '../refusals.ts';

/** The next hop of a run: where its frames go. */
export interface NextHop {
  readonly mac: Uint8Array;
  readonly address: string;
  /** From which addresses it is asked where it is. */
  readonly senders: readonly string[];
  /** Remarks for the log: which way, and where it is another than the kernel's. */
  readonly notes: readonly string[];
}

/** What is asked for, by a client: see `AttachRequest`. */
export type Wanted = Pick<AttachRequest, 'gateway' | 'vlan' | 'addresses'> & { readonly target: Endpoint };
/** What is known of the interface that the frames leave by. */
export type Interface = Pick<Link, 'name' | 'ifindex' | 'mac'>;

/** The router or target that comes next, and why this one. */
interface Way {
  readonly address: string;
  readonly notes: readonly string[];
}

/** How long each of the three questions waits for its answer, and how often is looked for it. */
const TRIES = 3;
const TRY_NS = 1e9;
const LOOK_NS = 5e6;

/**
 * Finds the next hop of a client's packets over an interface: `--gateway`, else what the kernel's routes say. Its hardware address is asked
 * for: another router may have taken the address over since the kernel asked. Permanent entries of the kernel's table of neighbours are
 * taken without a question, and entries that it has confirmed lately where 1 s brings no answer. To be called before a program takes the answers away from the
 * kernel. Rejects with `RunError` where there is no way, or no such entry and no answer within 3 s.
 */
export async function resolveNextHop(wanted: Wanted, iface: Interface): Promise<NextHop> {
  const { address, notes } = findWay(wanted, iface);
  const family = familyOfLiteral(address);
  // With a tag of ours the network is another than the one whose neighbours the kernel knows.
  const known = wanted.vlan === null ? neighbourOf(iface.ifindex, family, address) : undefined;
  const senders = sendersOf(address, wanted, iface);
  const kernels = known?.isConfirmed === true ? known.mac : null;
  const told = known?.isPermanent === true ? null : await askForMac({ address, senders, kernels }, wanted, iface);
  const mac = told ?? kernels!;
  const how =
    told === null ? "from the kernel's table of neighbours" : family === 4 ? 'by ARP' : 'by neighbour discovery';
  return { mac, address, senders, notes: [...notes, `next hop ${address} at ${formatMac(mac)}, ${how}`] };
}

function familyOfLiteral(address: string): 4 | 6 {
  return address.includes(':') ? 6 : 4;
}

/** Finds the router or target that comes next; sends nothing. Throws `RunError` where there is no way. */
export function findWay(wanted: Omit<Wanted, 'addresses'>, iface: Interface): Way {
  if (wanted.gateway !== null) return { address: wanted.gateway, notes: [] };
  const { family, address: target } = wanted.target;
  const found = routeTo(family, target);
  if (found.route?.kind === 'local') {
    const message = `${target} is an address of this machine, and packets to it do not leave by ${iface.name}`;
    throw new RunError('EADDRNOTAVAIL', message, 'run the server on another machine or in another network namespace');
  }
  if (found.route !== null && isOver(found.route, wanted, iface)) return viaRoute(found.route, target);
  if (wanted.vlan !== null) return assumedOnLink(target, wanted.vlan);
  const over = routeOver(family, target, iface.ifindex);
  if (over.route === null) throw noRoute(target, iface, found.route);
  const notes =
    found.route === null
      ? []
      : [
          `the kernel's route to ${target} leaves by ${nameOf(found.route.ifindex)}; the packets of this run by ${iface.name}`,
        ];
  return viaRoute(over.route, target, notes);
}

function viaRoute({ gateway }: KernelRoute, target: string, notes: readonly string[] = []): Way {
  return { address: gateway ?? target, notes };
}

/** Whether a route leaves by the interface, or with `--vlan` by the kernel's own VLAN on top of it. */
function isOver({ ifindex }: KernelRoute, { vlan }: Pick<Wanted, 'vlan'>, iface: Interface): boolean {
  if (vlan === null) return ifindex === iface.ifindex;
  const link = readLinks().find((each) => each.ifindex === ifindex);
  return link?.vlan === vlan && link.lowerIfindex === iface.ifindex;
}

function assumedOnLink(target: string, vlan: number): Way {
  const note = `the kernel has no route to ${target} in VLAN ${String(vlan)}; it is taken to be in that network (else: --gateway ADDRESS)`;
  return { address: target, notes: [note] };
}

function noRoute(target: string, iface: Interface, elsewhere: KernelRoute | null): RunError {
  const gateway = `name the router in the network of ${iface.name}: --gateway ADDRESS; --gateway ${target} where the target is in that network itself`;
  if (elsewhere === null) {
    const add = `ip route add ${target} dev ${iface.name}`;
    return new RunError(
      'ENETUNREACH',
      `there is no route to ${target}`,
      `${gateway}; or give the kernel a route: ${add}`,
    );
  }
  const other = nameOf(elsewhere.ifindex);
  const message = `the route to ${target} leaves by ${other}, and none by ${iface.name}`;
  return new RunError('ENETUNREACH', message, `--interface ${other}; or ${gateway}`);
}

function nameOf(ifindex: number): string {
  return readLinks().find((link) => link.ifindex === ifindex)?.name ?? `interface ${String(ifindex)}`;
}

interface Asked extends Pick<NextHop, 'address' | 'senders'> {
  /** What the kernel knows; null where it knows nothing that it would rely on. */
  readonly kernels: Uint8Array | null;
}

/** The answer; null where there is none, and the kernel knows one. */
async function askForMac(
  { address, senders, kernels }: Asked,
  wanted: Wanted,
  iface: Interface,
): Promise<Uint8Array | null> {
  const socket = PacketSocket.openFor(iface.ifindex, neighbourChecks(address, wanted.vlan));
  if (typeof socket === 'number') throw cannotAsk(socket, iface);
  try {
    for (const sender of senders) {
      const errno = socket.send(questionFrame({ target: address, sender, mac: iface.mac, vlan: wanted.vlan }));
      if (errno !== 0) throw cannotAsk(errno, iface);
      const mac = await answerFor(address, socket);
      if (mac !== null) return mac;
      if (kernels !== null) return null;
    }
  } finally {
    socket.close();
  }
  if (readLink(iface.name)?.hasCarrier === false) throw carrierError(iface.name);
  throw noAnswer(address, senders, wanted, iface);
}

/** Looks for the answer for as long as one question waits. */
async function answerFor(address: string, socket: PacketSocket): Promise<Uint8Array | null> {
  for (let waitedNs = 0; waitedNs < TRY_NS; waitedNs += LOOK_NS) {
    await sleepNs(LOOK_NS);
    for (let frame = socket.receive(); frame !== null; frame = socket.receive()) {
      const mac = macTold(frame, address, true);
      if (mac !== null) return mac;
    }
  }
  return null;
}

/**
 * From which addresses is asked, one a try. A host answers only to an address that it has a route to (arp_process in net/ipv4/arp.c checks
 * it as it does for packets): first the interface's own in that network, then one that needs no route, then the first source.
 */
function sendersOf(address: string, { addresses, vlan }: Wanted, { ifindex, mac }: Interface): readonly string[] {
  const family = familyOfLiteral(address);
  const run = addresses.find((each) => each.family === family);
  const source = run === undefined ? null : addressIn(run);
  const own = vlan === null ? readAddresses(ifindex).find((each) => isInNetwork(address, each))?.address : undefined;
  const routeless = family === 4 ? '0.0.0.0' : linkLocalOf(mac);
  const senders = [own ?? source ?? routeless, routeless, source ?? routeless];
  return senders.slice(0, TRIES);
}

function cannotAsk(errno: number, { name }: Interface): RunError {
  const code = errnoName(errno);
  if (errno === EPERM || errno === EACCES) {
    return new RunError(
      code,
      `packets cannot be sent on ${name}: this process may not`,
      'run it as root, or with CAP_NET_RAW',
    );
  }
  const hint = errno === ENETDOWN ? `ip link set ${name} up` : `see the state of the interface: ip link show ${name}`;
  return new RunError(code, `packets cannot be sent on ${name} (${code})`, hint);
}

function noAnswer(
  address: string,
  senders: readonly string[],
  { vlan, target }: Wanted,
  { name }: Interface,
): RunError {
  const how = address.includes(':') ? 'neighbour solicitations' : 'ARP requests';
  const where = vlan === null ? name : `${name} in VLAN ${String(vlan)}`;
  const from = [...new Set(senders)].join(', ');
  const who = address === target.address ? 'the target' : 'the router on the way to the target';
  const message = `${address}, ${who}, does not answer on ${where}: ${String(TRIES)} ${how} in 3 s, from ${from}`;
  const hint = `see whether it is there: ip neigh show ${address} dev ${name}; is it behind a router? --gateway ADDRESS; in a VLAN? --vlan ID`;
  return new RunError('EHOSTUNREACH', message, hint);
}
