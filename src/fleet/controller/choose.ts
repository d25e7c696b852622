/** Which of the agents that are there run a plan. Pure: descriptions in, agents or the reasons against them out. */
import type { AgentChoice } from '../../plan/fleet/fleet-choice.ts';
import { formatHostPort } from '../../plan/address/address.ts';
import { divideShares } from '../../plan/fleet/share.ts';
import { parseSource } from '../../plan/address/sources.ts';
import { PROTOCOL, type Description } from '../protocol.ts';
import { allowsTarget, parseAllowedTarget } from '../../plan/address/allowed-targets.ts';
import { agentLines, shortList, type Said } from './agent-lines.ts';
import { Member } from './member.ts';

/** What agents are chosen for. */
export interface Wanted {
  readonly agents: AgentChoice;
  /** By name; 1 where it has none. */
  readonly weights: ReadonlyMap<string, number>;
  readonly target: { readonly address: string; readonly port: number };
  /** `auto`: any. */
  readonly engine: string;
}

/** The agents, or why there are too few: a line each. */
export type Choice =
  { readonly members: readonly Member[] } | { readonly tooFew: string; readonly lines: readonly string[] };

/** Chooses among those that answered. The order is that of the names, or that in which they were named. */
export function chooseAgents(there: readonly Description[], wanted: Wanted): Choice {
  const known = [...there].sort((a, b) => (a.name < b.name ? -1 : 1));
  const judged = known.map((agent) => ({ agent, reasons: reasonsAgainst(agent, wanted) }));
  const { agents } = wanted;
  if (agents.kind === 'count') {
    const free = judged.filter(({ reasons }) => reasons.length === 0).map(({ agent }) => agent);
    const able = withOwnInterfaces(free, wanted).slice(0, agents.count);
    if (able.length === agents.count)
      return {
        members: membersOf(able, wanted),
      };
    for (const each of judged) {
      const holder =
        free.includes(each.agent) && !able.includes(each.agent) ? holderOf(each.agent, able, wanted) : null;
      if (holder !== null) each.reasons.push(sharedText(each.agent, holder));
    }
    // Those that come closest first.
    const byReasons = [...judged].sort((a, b) => a.reasons.length - b.reasons.length);
    return { tooFew: countText(agents.count, able.length, there.length), lines: agentLines(byReasons.map(saidOf)) };
  }
  const named = agents.names.map((name) => ({ name, found: judged.find(({ agent }) => agent.name === name) }));
  const absent = named.filter(({ found }) => found === undefined);
  const unable = named.flatMap(({ found }) => (found !== undefined && found.reasons.length > 0 ? [found] : []));
  for (const [at, { found }] of named.entries()) {
    const before = named.slice(0, at).flatMap(({ found: each }) => each?.agent ?? []);
    const holder = found === undefined ? null : holderOf(found.agent, before, wanted);
    if (holder === null) continue;
    found!.reasons.push(sharedText(found!.agent, holder));
    if (!unable.includes(found!)) unable.push(found!);
  }
  if (absent.length === 0 && unable.length === 0) {
    return {
      members: membersOf(
        named.map(({ found }) => found!.agent),
        wanted,
      ),
    };
  }
  const others = judged.filter(({ agent }) => !agents.names.includes(agent.name));
  return {
    tooFew: `${shortList([...absent.map(({ name }) => name), ...unable.map(({ agent }) => agent.name)])} cannot be used`,
    lines: agentLines([
      ...absent.map(({ name }) => ({ name, text: 'is not there' })),
      ...unable.map(saidOf),
      ...others.map(saidOf),
    ]),
  };
}

/** Those of the agents that do not have to share an interface with one before. */
function withOwnInterfaces(agents: readonly Description[], wanted: Wanted): Description[] {
  const taken: Description[] = [];
  for (const agent of agents) if (holderOf(agent, taken, wanted) === null) taken.push(agent);
  return taken;
}

/** The agent of the same host that would work on the same interface, which only one can; null where there is none. */
function holderOf(agent: Description, others: readonly Description[], { engine }: Wanted): Description | null {
  if (engine !== 'packet' || agent.interface === null) return null;
  return others.find((other) => other.host === agent.host && other.interface === agent.interface) ?? null;
}

function sharedText({ interface: name }: Description, holder: Description): string {
  return `has the --interface ${name} of the agent ${holder.name} on the same host, and one agent at a time can work on it`;
}

function countText(wanted: number, able: number, there: number): string {
  const found = there === 0 ? 'no agent answers' : `${able} of the ${there} that answer can run this`;
  return `${wanted} ${wanted === 1 ? 'agent is' : 'agents are'} asked for, and ${found}`;
}

function saidOf({ agent, reasons }: { readonly agent: Description; readonly reasons: readonly string[] }): Said {
  return { name: agent.name, text: reasons.length === 0 ? 'is free' : reasons.join('; ') };
}

/** Returns why an agent cannot run a plan; empty where it can. */
export function reasonsAgainst(agent: Description, { target, engine }: Wanted): string[] {
  if (agent.protocol !== PROTOCOL) {
    return [`speaks protocol ${agent.protocol} (conngen ${agent.conngen}), and this conngen ${PROTOCOL}`];
  }
  const reasons: string[] = [];
  const { busy } = agent;
  if (busy !== null) reasons.push(`runs ${busy.command} against ${busy.target} for ${busy.controller}`);
  if (!mayAim(agent, target)) {
    reasons.push(
      `may aim at ${agent.limits.targets.join(', ')}, not at ${formatHostPort(target.address, target.port)} (--allow-target of the agent)`,
    );
  }
  if (engine !== 'auto' && !agent.engines.includes(engine)) {
    reasons.push(`has no engine ${engine}, but ${agent.engines.join(', ')}`);
  }
  return reasons;
}

function mayAim({ limits }: Description, { address, port }: Wanted['target']): boolean {
  const allowed = limits.targets.map((text) => parseAllowedTarget(text));
  return allowsTarget(
    allowed.flatMap((each) => (each.ok ? [each.value] : [])),
    address,
    port,
  );
}

function membersOf(agents: readonly Description[], { weights }: Wanted): Member[] {
  const shares = divideShares(agents.map(({ name }) => weights.get(name) ?? 1));
  const parts = portsParts(agents);
  return agents.map((agent, at) => new Member(agent, shares[at]!, parts[at]!));
}

/** Agents with the same addresses to connect from share the ports of these. */
function portsParts(agents: readonly Description[]): { index: number; of: number }[] {
  const groups: number[][] = [];
  for (const at of agents.keys()) {
    const mates = groups.filter((group) => group.some((other) => shareAddress(agents[at]!, agents[other]!)));
    const joined = [...mates.flat(), at];
    for (const group of mates) groups.splice(groups.indexOf(group), 1);
    groups.push(joined);
  }
  return agents.map((_, at) => {
    const group = groups.find((each) => each.includes(at))!.sort((a, b) => a - b);
    return { index: group.indexOf(at), of: group.length };
  });
}

/** Whether two agents may connect from the same address. Where the kernel chooses, it may be any address of the host. */
function shareAddress(a: Description, b: Description): boolean {
  if (a.host !== b.host) return false;
  if (a.sources.length === 0 || b.sources.length === 0) return true;
  return a.sources.some((source) => b.sources.some((other) => overlap(source, other)));
}

/** Whether an address is in both. What cannot be read is taken to be anywhere. */
function overlap(a: string, b: string): boolean {
  const [one, other] = [parseSource(a), parseSource(b)];
  if (!one.ok || !other.ok || one.value.kind === 'zoned' || other.value.kind === 'zoned') {
    return !one.ok || !other.ok || a.trim() === b.trim();
  }
  const [left, right] = [one.value, other.value];
  if (left.family !== right.family) return false;
  return left.first < right.first + BigInt(right.count) && right.first < left.first + BigInt(left.count);
}

/** Returns what a user should know of agents on different hosts that NATS sees at one address; empty where there are none. */
export function natNotices(members: readonly Member[]): string[] {
  const bySeen = new Map<string, Member[]>();
  for (const member of members) {
    const { seenFrom } = member.description;
    if (seenFrom !== null) bySeen.set(seenFrom, [...(bySeen.get(seenFrom) ?? []), member]);
  }
  return [...bySeen].flatMap(([address, group]) => {
    const hosts = new Set(group.map(({ description }) => description.host));
    if (hosts.size < 2) return [];
    const names = shortList(group.map(({ name }) => name));
    return [
      `NATS sees ${names} at one address, ${address}: if they reach the target through the same NAT, they share its source ports`,
    ];
  });
}
