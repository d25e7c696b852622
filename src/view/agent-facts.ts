/** What reports tell of the agents of a round: text, Markdown and HTML are made from the same. */
import type { RoundResult } from '../document/client.ts';
import type { Finding, VerdictStatus } from '../document/common.ts';
import type { AgentRound, FleetPart, FleetUse, LostAgent } from '../document/fleet.ts';
import { saidOfAgent } from '../judge/agent-words.ts';
import { kernelSentences } from '../judge/kernel-sentences.ts';
import { formatCount, formatCountOf, formatLatency, formatShare } from '../units/format.ts';
import type { Fact } from './facts.ts';
import type { Column } from './text/round-table.ts';

/** Up to as many agents each have a row. */
const ROWS_MAX = 40;
/** Of more agents those have a row that most need a look. */
const ROWS_OF_MORE = 20;
/** Agents that a line names. */
const NAMED = 6;
/** Agents of which the same is told, each in a line of its own. */
const TOLD_MAX = 3;
/** With names as long as this, a table of agents fits 80 columns. */
const NAME_CHARACTERS = 18;

const WORDS: Readonly<Record<VerdictStatus, string>> = {
  valid: 'valid',
  generator_limited: 'limited',
  invalid: 'invalid',
};

/** A round whose agents are told. */
type Round = Pick<RoundResult, 'agents'>;

/** What results say of a fleet at their head. */
interface OfFleet {
  readonly fleet?: FleetUse;
  readonly fleet_part?: FleetPart;
}

/** `fleet of 3 agents at nats://10.0.0.1:4222: a, b, c`, or whose part of a fleet's run it is; nothing where one machine measured. */
export function fleetDetails({ fleet, fleet_part: part }: OfFleet): string[] {
  if (part !== undefined) {
    const { agent, share, run, controller } = part;
    return [`one agent's part of a fleet's run: ${agent}, ${formatShare(share, 1)} of run ${run} of ${controller}`];
  }
  if (fleet === undefined) return [];
  const { agents, url, notes = [] } = fleet;
  const isEqual = agents.every(({ share }) => Math.abs(share - agents[0]!.share) < 1e-9);
  const names = agents.map(({ name, share }) => (isEqual ? name : `${name} (${formatShare(share, 1)})`));
  return [`fleet of ${formatCountOf(agents.length, 'agent')} at ${url}: ${someOf(names)}`, ...notes];
}

function someOf(texts: readonly string[]): string {
  const more = texts.length - NAMED;
  // One more would take as much room as saying so.
  if (more <= 1) return texts.join(', ');
  return `${texts.slice(0, NAMED).join(', ')} and ${formatCount(more)} more`;
}

/** The same for a run that looks for a limit: the worst of its rounds. */
export function fleetOfLimit(result: { readonly fleet?: FleetUse }, rounds: readonly Round[]): string[] {
  return [...fleetDetails(result), ...agentFacts(rounds).map(([, text]) => text)];
}

/** How far apart the clocks of the agents may be, and which agents were lost; nothing where one machine measured. */
export function agentFacts(rounds: readonly Round[]): Fact[] {
  const all = rounds.flatMap(({ agents = [] }) => agents);
  if (all.length === 0) return [];
  const count = Math.max(...rounds.map(({ agents = [] }) => agents.length));
  const lost = all.flatMap(({ name, lost: how }) => (how === null ? [] : [`${name}${unreportedText(how)}`]));
  const apartNs = Math.max(...rounds.map(({ agents = [] }) => apartAtMostNs(agents) ?? -Infinity));
  const within = count === 1 ? 'its clock is known to' : 'agree within';
  const clocks = apartNs === -Infinity ? '' : `, ${within} ${formatLatency(apartNs)}`;
  const ends = lost.length === 0 ? '' : `; lost: ${someOf([...new Set(lost)])}`;
  const text = `${formatCountOf(count, 'agent')}${clocks}${ends}`;
  return [lost.length === 0 ? ['agents', text] : ['agents', text, 'red']];
}

/** The part of what is missed that may have been started. */
function unreportedText({ unreported }: LostAgent): string {
  return unreported > 0 ? ` (${formatCount(unreported)} not reported)` : '';
}

/** The clocks of two agents are apart by at most the sum of their bounds. Null where these are not known. */
function apartAtMostNs(agents: readonly AgentRound[]): number | null {
  const known = agents.flatMap(({ clock_error_ns: errorNs }) => errorNs ?? []);
  const [first, second = 0] = known.toSorted((a, b) => b - a);
  return first === undefined ? null : first + second;
}

/** A row for each agent; of many, for those that were lost, limited or late. */
export function agentColumns(agents: readonly AgentRound[]): Column[] {
  const shown = shownAgents(agents);
  const column = (header: string, dropRank: number, cell: (agent: AgentRound) => string): Column => ({
    header,
    dropRank,
    cells: shown.map(cell),
  });
  return [
    column('agent', 0, ({ name }) => shortName(name)),
    column('share', 1, ({ share }) => formatShare(share, 1)),
    column('started', 3, ({ started }) => formatCount(started)),
    column('missed', 0, ({ missed }) => formatCount(missed)),
    column('lag p99', 4, (agent) => (agent.started === 0 ? '-' : formatLatency(agent.lag_p99_ns))),
    column('clock', 2, ({ clock_error_ns: errorNs }) => (errorNs === null ? '-' : `±${formatLatency(errorNs)}`)),
    column('verdict', 0, verdictWord),
  ];
}

/** What the table of agents has no room for. */
export function agentRest(agents: readonly AgentRound[]): string[] {
  const shown = new Set(shownAgents(agents));
  const rest = agents.filter((agent) => !shown.has(agent));
  if (rest.length === 0) return [];
  const words = rest.map(verdictWord);
  const tally = [...new Set(words)].map(
    (word) => `${formatCount(words.filter((each) => each === word).length)} ${word}`,
  );
  return [`${formatCountOf(rest.length, 'more agent')}: ${tally.join(', ')}; the JSON has all`];
}

/** The same as rows, the heading first. */
export function agentRows(agents: readonly AgentRound[]): string[][] {
  const columns = agentColumns(agents);
  const count = columns[0]?.cells.length ?? 0;
  return [
    columns.map(({ header }) => header),
    ...Array.from({ length: count }, (_, row) => columns.map(({ cells }) => cells[row] ?? '')),
  ];
}

function shownAgents(agents: readonly AgentRound[]): readonly AgentRound[] {
  if (agents.length <= ROWS_MAX) return agents;
  return agents.toSorted((a, b) => gravity(b) - gravity(a) || b.lag_p99_ns - a.lag_p99_ns).slice(0, ROWS_OF_MORE);
}

function gravity({ lost, verdict, scheduled }: AgentRound): number {
  if (lost !== null) return 3;
  if (scheduled === 0) return -1;
  return verdict === null ? 2 : ['valid', 'generator_limited', 'invalid'].indexOf(verdict.status);
}

export function verdictWord({ lost, verdict }: AgentRound): string {
  if (lost !== null) return 'lost';
  return verdict === null ? '-' : WORDS[verdict.status];
}

/** Names of pods end in what tells them apart. */
function shortName(name: string): string {
  if (name.length <= NAME_CHARACTERS) return name;
  const head = Math.floor((NAME_CHARACTERS - 1) / 2);
  return `${name.slice(0, head)}…${name.slice(head + 1 - NAME_CHARACTERS)}`;
}

/** What single agents show that the whole does not, a sentence each. */
export function agentFindings({ agents = [], findings }: RoundResult): string[] {
  const told = new Set(findings.map(({ code }) => code));
  const found = agents.flatMap(({ name, findings: own }) =>
    own.filter(({ code }) => !told.has(code)).map((finding) => ({ name, finding })),
  );
  return someOfEach(found, ({ finding }) => finding.code).map(
    ({ name, finding }) => `${name}: ${saidOfAgent(finding.message)}`,
  );
}

/** What the kernels of the agents counted that matters, a sentence each. */
export function agentKernelSentences({ agents = [], duration_sec: durationSec }: RoundResult): string[] {
  const said = agents.flatMap(({ name, kernel, started, verdict, findings }) => {
    const told: readonly Pick<Finding, 'code'>[] = [...(verdict?.reasons ?? []), ...findings];
    const sentences = kernel === undefined ? [] : kernelSentences(kernel, started, durationSec, told);
    return sentences.map((sentence) => ({ name, sentence: saidOfAgent(sentence) }));
  });
  // Agents on one host have the same kernel.
  const bySentence = new Map<string, string[]>();
  for (const { name, sentence } of said) bySentence.set(sentence, [...(bySentence.get(sentence) ?? []), name]);
  const apart = [...bySentence].map(([sentence, names]) => ({ name: someOf(names), sentence }));
  // The figures differ from one agent to the next, the words do not.
  return someOfEach(apart, ({ sentence }) => sentence.replaceAll(/[\d.,]+/g, '')).map(
    ({ name, sentence }) => `${name}: ${sentence}`,
  );
}

function someOfEach<T extends { readonly name: string }>(all: readonly T[], kindOf: (each: T) => string): T[] {
  const counts = new Map<string, number>();
  return all.filter((each) => {
    const count = (counts.get(kindOf(each)) ?? 0) + 1;
    counts.set(kindOf(each), count);
    return count <= TOLD_MAX;
  });
}
