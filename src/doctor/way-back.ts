/** The way of answers back to the sources of the packet engine: what the other side must have for them. */
import { isInNetwork, type LinkAddress } from '../kernel/net/links.ts';
import { addressIn, type AddressRun } from '../plan/address/address-runs.ts';
import { NEIGHBOURS_USUAL } from '../plan/packet/packet-plan.ts';
import { formatCount } from '../units/format.ts';
import { ok, unknown, type CheckResult } from './check.ts';
import type { PacketMachineFacts } from './packet-facts.ts';
import type { Situation } from './situation.ts';

/** More neighbours than these need another remedy than room for them: an entry takes about 400 bytes of the kernel. */
const NEIGHBOURS_MAX = 65_536;

/** Where the network of the target is not ours, it can only be said what it needs. */
export function wayBack({ addresses, nextHop: hop }: PacketMachineFacts, { plan }: Situation): CheckResult {
  const runs = (plan.packet?.addresses ?? []).filter(({ isKernels }) => !isKernels);
  if (runs.length === 0)
    return ok('the address of the interface', 'The other side answers it as any packet of this machine.');
  if (hop.kind === 'none') return unknown('Without a next hop there is no way back either.');
  const count = runs.reduce((sum, run) => sum + run.count, 0);
  // An address of the interface is not in the VLAN.
  const known = plan.packet?.vlan === null ? addresses : [];
  const [own, ...others] = known
    .filter((each) => isInNetwork(hop.address, each))
    .sort((a, b) => a.prefixLength - b.prefixLength);
  if (own !== undefined && runs.every((run) => [own, ...others].some((each) => isOnLink(run, each)))) {
    return onLink(runs, count, hop.address, own);
  }
  const gateway = own ?? known.find(({ family, address }) => family === runs[0]!.family && isLinkLocal(address));
  const isDirect = gateway === undefined;
  const fix = `on ${hop.address}: ${routesTo(runs, gateway)}`;
  const needed = 'a route to the sources';
  const cannotSee = `Whether ${hop.address} has a route to the sources cannot be seen from here. Without one, every connection times out.`;
  if (!isDirect || count <= NEIGHBOURS_USUAL) return { ...unknown(cannotSee), needed, fix };
  const why = `${cannotSee} ${neighboursWhy(count, hop.address)}`;
  return { status: 'warning', value: null, needed, why, fix: `${fix} && ${roomFor(count, hop.address)}` };
}

/** The other side asks for each source, and remembers each. */
function onLink(runs: readonly AddressRun[], count: number, hop: string, own: LinkAddress): CheckResult {
  const value = 'on the link';
  if (count <= NEIGHBOURS_USUAL) {
    return ok(
      value,
      `The sources are in the network that ${hop} is in too: it finds them by ARP or neighbour discovery.`,
    );
  }
  // A route that has the address of its own gateway or of the machine it is on would take more than the sources.
  const canRoute = runs.every(
    (run) => prefixLengthOf(run) > own.prefixLength && ![hop, own.address].some((each) => isInPrefix(each, run)),
  );
  const fix = canRoute
    ? `on ${hop}: ${routesTo(runs, own)}`
    : count <= NEIGHBOURS_MAX
      ? `on ${hop}: ${roomFor(count, hop)}`
      : 'fewer addresses, or --source outside of this network with a route to them on the other side';
  return {
    status: 'warning',
    value: `${formatCount(count)} ${value}`,
    needed: `at most ${NEIGHBOURS_USUAL}`,
    why: neighboursWhy(count, hop),
    fix,
  };
}

function neighboursWhy(count: number, hop: string): string {
  const key = `net.ipv${hop.includes(':') ? 6 : 4}.neigh.default.gc_thresh3`;
  return `${hop} then keeps a neighbour entry for each of ${formatCount(count)} sources. Linux has room for 1,024 by default (${key}); where they are full it drops packets, those of its other programs too.`;
}

function roomFor(count: number, hop: string): string {
  const key = `net.ipv${hop.includes(':') ? 6 : 4}.neigh.default.gc_thresh`;
  const room = 2 ** Math.ceil(Math.log2(count + NEIGHBOURS_USUAL));
  return `sysctl -w ${key}3=${room} ${key}2=${room}`;
}

/** By an address of ours the other side needs one neighbour entry for all sources; without one, an entry each. */
function routesTo(runs: readonly AddressRun[], own: LinkAddress | undefined): string {
  const shown = runs.slice(0, 3);
  const over = own === undefined || isLinkLocal(own.address) ? ' dev ITS_INTERFACE' : '';
  const via = own === undefined ? '' : ` via ${own.address}`;
  const commands = shown.map((run) => `ip route add ${prefixOf(run)}${via}${over}`);
  return `${commands.join(' && ')}${runs.length > shown.length ? ' && …' : ''}`;
}

function isOnLink(run: AddressRun, own: LinkAddress): boolean {
  return [addressIn(run), addressIn(run, run.count - 1)].every((address) => isInNetwork(address, own));
}

function isInPrefix(address: string, run: AddressRun): boolean {
  return isInNetwork(address, { family: run.family, address: addressIn(run), prefixLength: prefixLengthOf(run) });
}

function isLinkLocal(address: string): boolean {
  return /^fe[89ab][0-9a-f]:/i.test(address);
}

/** The shortest prefix that has all of a run, as a route has it. */
function prefixOf(run: AddressRun): string {
  const changing = changingBits(run);
  const low = (run.low >> BigInt(changing)) << BigInt(changing);
  return `${addressIn({ ...run, low })}/${prefixLengthOf(run)}`;
}

function prefixLengthOf(run: AddressRun): number {
  return (run.family === 4 ? 32 : 128) - changingBits(run);
}

/** How many low bits differ between the first and the last address. */
function changingBits({ low, count }: AddressRun): number {
  return (low ^ (low + BigInt(count - 1))).toString(2).replace(/^0$/, '').length;
}
