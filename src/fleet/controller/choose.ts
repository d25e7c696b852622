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

/** The agents, or why there are too few: a line for each that cannot, and what to do. */
export type Choice =
  | { readonly members: readonly Member[] }
  | { readonly tooFew: string; readonly lines: readonly string[]; readonly hint: string };

/** Why an agent cannot run a plan. */
interface Reason {
  readonly text: string;
  /** What to do about it. */
  readonly way: string;
}

interface Judged {
  readonly agent: Description;
  readonly reasons: Reason[];
}

const MORE =
  'start more agents (conngen agent --fleet URL), or ask for fewer; conngen fleet lists those that are there';
const ABSENT =
  'start the agents that are not there (conngen agent --fleet URL --name NAME), or name others; conngen fleet lists those that are there';

/** Chooses among those that answered. The order is that of the names, or that in which they were named. */
export function chooseAgents(there: readonly Description[], wanted: Wanted): Choice {
  const known = [...there].sort((a, b) => (a.name < b.name ? -1 : 1));
  const judged = known.map((agent) => ({ agent, reasons: reasonsAgainst(agent, wanted) }));
  const { agents } = wanted;
  return agents.kind === 'count'
    ? chooseSoMany(judged, agents.count, wanted)
    : chooseNamed(judged, agents.names, wanted);
}

function chooseSoMany(judged: readonly Judged[], count: number, wanted: Wanted): Choice {
  const free = judged.filter(({ reasons }) => reasons.length === 0).map(({ agent }) => agent);
  const able = withOwnInterfaces(free, wanted).slice(0, count);
  if (able.length === count) return { members: membersOf(able, wanted) };
  for (const { agent, reasons } of judged) {
    const holder = free.includes(agent) && !able.includes(agent) ? holderOf(agent, able, wanted) : null;
    if (holder !== null) reasons.push(sharedReason(agent, holder));
  }
  // Those that come closest first.
  const unable = judged.filter(({ reasons }) => reasons.length > 0).sort((a, b) => a.reasons.length - b.reasons.length);
  return {
    tooFew: countText(count, able, judged.length),
    lines: agentLines(unable.map(saidOf)),
    hint: waysOf(unable, MORE),
  };
}

function chooseNamed(judged: readonly Judged[], names: readonly string[], wanted: Wanted): Choice {
  const named = names.map((name) => ({ name, found: judged.find(({ agent }) => agent.name === name) }));
  const absent = named.filter(({ found }) => found === undefined).map(({ name }) => name);
  const unable = named.flatMap(({ found }) => (found !== undefined && found.reasons.length > 0 ? [found] : []));
  for (const [at, { found }] of named.entries()) {
    const before = named.slice(0, at).flatMap(({ found: each }) => each?.agent ?? []);
    const holder = found === undefined ? null : holderOf(found.agent, before, wanted);
    if (holder === null) continue;
    found!.reasons.push(sharedReason(found!.agent, holder));
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
  const others = judged.filter(({ agent, reasons }) => reasons.length === 0 && !names.includes(agent.name));
  const instead =
    others.length === 0 ? [] : [`free and not named: ${shortList(others.map(({ agent }) => agent.name))}`];
  const said = [...absent.map((name) => ({ name, text: 'is not there' })), ...unable.map(saidOf)];
  return {
    tooFew: `${shortList([...absent, ...unable.map(({ agent }) => agent.name)])} cannot be used`,
    lines: [...agentLines(said), ...instead],
    hint: waysOf(unable, absent.length === 0 ? null : ABSENT),
  };
}

/** What to do about the reasons, each once. `last`: what else there is to do. */
function waysOf(judged: readonly Judged[], last: string | null): string {
  const ways = judged.flatMap(({ reasons }) => reasons.map(({ way }) => way));
  return [...new Set([...ways, ...(last === null ? [] : [last])])].join('; ');
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

function sharedReason({ interface: name }: Description, holder: Description): Reason {
  return {
    text: `has the --interface ${name} of the agent ${holder.name} on the same host, and one agent at a time can work on it`,
    way: 'start the agents of one host with an --interface each',
  };
}

function countText(wanted: number, able: readonly Description[], there: number): string {
  const asked = `${wanted} ${wanted === 1 ? 'agent is' : 'agents are'} asked for`;
  if (there === 0) return `${asked}, and no agent answers`;
  const names = able.length === 0 ? '' : `: ${shortList(able.map(({ name }) => name))}`;
  if (able.length === there) return `${asked}, and ${there} ${there === 1 ? 'answers' : 'answer'}${names}`;
  return `${asked}, and ${able.length} of the ${there} that answer can run this${names}`;
}

function saidOf({ agent, reasons }: Judged): Said {
  return { name: agent.name, text: reasons.map(({ text }) => text).join('; ') };
}

/** Returns why an agent cannot run a plan; empty where it can. */
function reasonsAgainst(agent: Description, { target, engine }: Wanted): Reason[] {
  if (agent.protocol !== PROTOCOL) {
    const text = `speaks protocol ${agent.protocol} (conngen ${agent.conngen}), and this conngen ${PROTOCOL}`;
    return [{ text, way: 'install the same version of conngen everywhere' }];
  }
  const reasons: Reason[] = [];
  const { busy } = agent;
  if (busy !== null) {
    const text = `runs ${busy.command} against ${busy.target} for ${busy.controller}`;
    reasons.push({ text, way: 'wait for those that are busy' });
  }
  if (!mayAim(agent, target)) {
    const place = formatHostPort(target.address, target.port);
    const text = `may aim at ${agent.limits.targets.join(', ')}, not at ${place} (--allow-target of the agent)`;
    reasons.push({ text, way: `start agents that may aim there: conngen agent --allow-target ${place}` });
  }
  if (engine !== 'auto' && !agent.engines.includes(engine)) reasons.push(engineReason(agent, engine));
  return reasons;
}

function engineReason(agent: Description, engine: string): Reason {
  if (engine === 'packet' && agent.interface === null) {
    const text = 'was started without --interface, on which the engine packet works';
    return { text, way: 'start agents with an interface: conngen agent --interface IF' };
  }
  const text = `has no engine ${engine}, but ${agent.engines.join(', ')}`;
  return { text, way: 'take an --engine that all agents have' };
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
