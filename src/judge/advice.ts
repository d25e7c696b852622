/** What the sentences of a verdict say to do, as far as it helps in this run. */
import { NEIGHBOURS_USUAL } from '../plan/packet/packet-plan.ts';
import { formatCount, formatLatency } from '../units/format.ts';
import type { PacketCounts } from '../document/packet-evidence.ts';
import type { PortFacts, RoundFacts } from './facts.ts';
import { CONNECT_TIMEOUT, REFUSED, UNREACHABLE } from '../document/outcome.ts';
import type { LoadTally } from '../count/load.ts';

/** What to do about a rate that is too high for this machine, as far as the user has a say in it. */
export function waysOut({ isTrial, offeredRatePerSec }: RoundFacts, ...ways: readonly string[]): string {
  const all = isTrial || offeredRatePerSec === null ? ways : ['lower the rate', ...ways];
  return all.length === 1 ? all[0]! : `${all.slice(0, -1).join(', ')} or ${all.at(-1)!}`;
}

/** What to try where a name leads to addresses of both families, and that of the chosen one does not answer; empty if it has one. */
export function otherFamilyAdvice(otherAddress: string | undefined): string {
  if (otherAddress === undefined) return '';
  const [tried, flag] = otherAddress.includes(':') ? ['an IPv4', '-6'] : ['an IPv6', '-4'];
  return ` conngen used ${tried} address of this name; to use ${otherAddress}, give ${flag}.`;
}

export function nothingEstablished(tally: LoadTally, timeoutNs: number, isFleet: boolean): string {
  const { outcomes } = tally;
  const part = (outcome: number): string => formatCount(outcomes[outcome]!);
  const were = (outcome: number): string => `${part(outcome)} ${outcomes[outcome] === 1 ? 'was' : 'were'}`;
  const noAnswer = `${part(CONNECT_TIMEOUT)} had no answer within ${formatLatency(timeoutNs)}`;
  const kinds = [
    {
      outcome: REFUSED,
      text: `${were(REFUSED)} refused`,
      advice: 'check that a server listens there (conngen server) and that no firewall rejects it',
    },
    {
      outcome: UNREACHABLE,
      text: `${were(UNREACHABLE)} unreachable`,
      advice: `check the address, the routes of ${isFleet ? 'the agents' : 'this machine'} and what a router in between rejects`,
    },
    { outcome: CONNECT_TIMEOUT, text: noAnswer, advice: 'check the address, and that nothing in between drops it' },
  ].filter(({ outcome }) => outcomes[outcome]! > 0);
  const [first] = kinds;
  if (first === undefined) return ': check that a server listens there (conngen server), and the way to it.';
  // Who rejects may do so for some only: routers limit the rate of their ICMP messages. An answer says more than none.
  return `; ${kinds.map(({ text }) => text).join(', ')}: ${first.advice}.`;
}

/** What to look for where packets of the packet engine left and no segment came back for its addresses; empty with other engines. */
export function wayBackAdvice(packet: PacketCounts | undefined): string {
  if (packet === undefined || packet.syn_acks !== undefined || packet.resets.syn_sent > 0) return '';
  if (Object.keys(packet.icmp).length > 0) return '';
  return ' Nothing came back to the addresses of the run: the other side needs a route to them (conngen doctor has the command).';
}

/** What else to look for where so many sources may each be a neighbour of the next hop; empty where another Linux has room for them. */
export function neighbourAdvice(sources: number): string {
  if (sources <= NEIGHBOURS_USUAL) return '';
  return `; with ${formatCount(sources)} sources also for a full neighbour table of the next hop (dmesg there: "neighbor table overflow"; conngen doctor has the command against it)`;
}

/** `--source-ports most` has these, even where the system's own range is all that there is. */
const PORTS_MAX = 56_000;

/** What frees source ports, as far as it does in this run. */
export function portAdvice({ perSource, reuseDelayNs, wouldResetHelp, restsInTimeWait, isHeld }: PortFacts): string {
  const ways = ['give more addresses (--source)'];
  if (perSource === null || perSource < PORTS_MAX) ways.push('more ports (--source-ports most)');
  if (wouldResetHelp) ways.push('close with --close rst');
  if (restsInTimeWait && reuseDelayNs >= 60e9)
    ways.push('let ports in TIME_WAIT be used again (sysctl -w net.ipv4.tcp_tw_reuse=1)');
  if (isHeld) ways.push('shorten --hold');
  // Then a port is only taken while its connection is open.
  if (!restsInTimeWait) ways.push('shorten --timeout');
  return ways.length === 1 ? ways[0]! : `${ways.slice(0, -1).join(', ')} or ${ways.at(-1)!}`;
}
