/** When the agents of a fleet make a round not the target's figure. Each agent has judged its own part: the whole is judged by the agents. */
import type { Finding } from '../../document/common.ts';
import type { AgentRound } from '../../document/fleet.ts';
import { ALONE_SEC } from '../../plan/fleet/fleet-choice.ts';
import { formatCount, formatCountOf, formatLatency, formatPerSec } from '../../units/format.ts';
import { saidOfAgent } from '../agent-words.ts';
import type { Rule } from '../verdict.ts';

/** Agents that are named in a sentence; of more it says how many. */
const NAMED = 3;

/** What a table of rules has to tell of its facts, so that agents can be judged by them. */
interface AgentsIn<Facts> {
  /** Undefined where this machine measured. */
  readonly agentsOf: (facts: Facts) => readonly AgentRound[] | undefined;
  /** What is counted: attempts or pings. */
  readonly noun: 'attempt' | 'ping';
}

/** Returns the rules of a fleet. None applies where this machine measured. */
export function agentRules<Facts>(table: AgentsIn<Facts>): Rule<Facts>[] {
  return [lostRule(table), ...incompleteRules(table), limitedRule(table)];
}

function lostRule<Facts>({ agentsOf, noun }: AgentsIn<Facts>): Rule<Facts> {
  return {
    code: 'agent_lost',
    status: 'invalid',
    when: 'With --fleet: an agent was lost before its part of the round was over. What it did not start, or did not report, is missed; no other agent takes it. `lost.unreported` of the agent says how much of that it may have started.',
    remedy: "Look at the agent's log (journalctl -u conngen-agent), and at the way between it and NATS.",
    applies: (facts) => {
      const lost = those(agentsOf(facts), isLost);
      if (lost.length === 0) return undefined;
      const missed = sumOf(lost, (agent) => agent.lost?.missed ?? 0);
      const tell = (agent: AgentRound): string => `${agent.name} ${sinceWhen(agent)} (${agent.lost?.why ?? ''})`;
      const unreported = sumOf(lost, (agent) => agent.lost?.unreported ?? 0);
      return {
        message: `${agentsWere(lost.length, agentsOf(facts)!.length)} lost: ${listed(lost, tell)}. ${missedText(missed, noun)}${unknownText(unreported, missed)}`,
        evidence: { agents_lost: lost.length, missed, unreported },
      };
    },
  };
}

function missedText(missed: number, noun: 'attempt' | 'ping'): string {
  const [is, it] = missed === 1 ? ['is', 'it'] : ['are', 'them'];
  return `${formatCountOf(missed, noun)} due there ${is} missed; no other agent took ${it}.`;
}

/** A lost agent may be alive, and know nothing of it. */
function unknownText(unreported: number, missed: number): string {
  if (missed === 0) return '';
  if (unreported === 0) return ' All that was done there is in the counts.';
  const which = unreported < missed ? `${formatCount(unreported)} of them were` : missed === 1 ? 'It was' : 'They were';
  return ` ${which} not reported, and may have been started: without a connection to NATS an agent goes on for up to ${ALONE_SEC} s, and the target may have had that load.`;
}

/** Returns whether all is known that the agents did: lost ones have told all, and no report is missing. True where this machine measured. */
export function tellsAll(agents: readonly AgentRound[] | undefined): boolean {
  return (agents ?? []).every(isWhole);
}

/** Returns whether an agent of which all is known started something. */
export function hasWhole(agents: readonly AgentRound[] | undefined): boolean {
  return (agents ?? []).some((agent) => isWhole(agent) && agent.started > 0);
}

/** A lost agent that has told all that it did has told its verdict, too. */
function isWhole(agent: AgentRound): boolean {
  return (!isLost(agent) || agent.verdict !== null) && agent.reports_missing === 0;
}

function incompleteRules<Facts>({ agentsOf }: AgentsIn<Facts>): Rule<Facts>[] {
  return [
    {
      code: 'agent_invalid',
      status: 'invalid',
      when: 'With --fleet: an agent measured nothing with its part of the round, where others did.',
      remedy: "See the reasons of its own verdict, in `agents`: most often the agent's way to the target.",
      applies: (facts) => {
        const judged = those(agentsOf(facts), (agent) => agent.verdict !== null && agent.scheduled > 0);
        const invalid = judged.filter(({ verdict }) => verdict?.status === 'invalid');
        // Where no agent measured anything, the reasons of the whole say so.
        if (invalid.length === 0 || invalid.length === judged.length) return undefined;
        return {
          message: `${agentsHave(invalid.length, agentsOf(facts)!.length)} measured nothing: ${byReason(invalid)}`,
          evidence: { agents_invalid: invalid.length },
        };
      },
    },
    {
      code: 'reports_missing',
      status: 'invalid',
      when: 'With --fleet: reports of an agent did not arrive, so that the sums are too small. What was due and is in no report counts as missed; it may have been started.',
      remedy: "Look at NATS and at the agent's log for what was refused or dropped.",
      applies: (facts) => {
        const short = those(agentsOf(facts), (agent) => agent.reports_missing > 0);
        if (short.length === 0) return undefined;
        const missing = sumOf(short, (agent) => agent.reports_missing);
        const tell = (agent: AgentRound): string => `${agent.name} (${formatCount(agent.reports_missing)})`;
        return {
          message: `${formatCountOf(missing, 'report')} of agents did not arrive, so what they counted is missing in the sums: ${listed(short, tell)}. What is in none of their reports counts as missed, and may have been started. Look at NATS and at the logs of these agents.`,
          evidence: { reports_missing: missing },
        };
      },
    },
  ];
}

function limitedRule<Facts>({ agentsOf }: AgentsIn<Facts>): Rule<Facts> {
  return {
    code: 'agent_limited',
    status: 'generator_limited',
    when: 'With --fleet: an agent was the limit of its part of the round, by its own verdict.',
    remedy: 'Do what its own reasons say, in `agents`; or give it a smaller part (--share), or use more agents.',
    applies: (facts) => {
      const limited = those(agentsOf(facts), ({ verdict }) => verdict?.status === 'generator_limited');
      if (limited.length === 0) return undefined;
      return {
        message: `${agentsWere(limited.length, agentsOf(facts)!.length)} at ${limited.length === 1 ? 'its' : 'their'} limit, not the target: ${byReason(limited)}`,
        evidence: { agents_limited: limited.length },
      };
    },
  };
}

/**
 * Returns rules that are not asked where agents measured: those by which a machine is the limit. Each agent has asked them of itself,
 * with its own kernel and threads, and `agent_limited` tells.
 */
export function ofOneMachine<Facts>(rules: readonly Rule<Facts>[], { agentsOf }: AgentsIn<Facts>): Rule<Facts>[] {
  return rules.map((rule) => ({
    ...rule,
    applies: (facts) =>
      rule.status === 'generator_limited' && agentsOf(facts) !== undefined ? undefined : rule.applies(facts),
  }));
}

export const CLOCKS_APART = {
  code: 'clocks_apart',
  when: 'With --fleet: the clock of an agent may be further from that of the controller than half of the time between two starts of the whole. The counts are exact all the same; starts of different agents may be closer together, or further apart, than the schedule has them.',
  remedy: 'Use a network between the controller, NATS and the agents with a shorter and steadier round trip.',
} as const;

/** Returns that the clocks of agents are further apart than half of the time between two starts of the whole. */
export function clocksApart(
  agents: readonly AgentRound[] | undefined,
  offeredRatePerSec: number | null,
): Finding | undefined {
  if (agents === undefined || offeredRatePerSec === null || offeredRatePerSec === 0) return undefined;
  const limitNs = 1e9 / offeredRatePerSec / 2;
  const known = agents.flatMap(({ name, clock_error_ns: errorNs }) => (errorNs === null ? [] : [{ name, errorNs }]));
  const apart = known.filter(({ errorNs }) => errorNs > limitNs);
  if (apart.length === 0 || agents.length < 2) return undefined;
  const worst = Math.max(...apart.map(({ errorNs }) => errorNs));
  const tell = ({ name, errorNs }: (typeof apart)[number]): string => `${name} ±${formatLatency(errorNs)}`;
  return {
    code: CLOCKS_APART.code,
    message: `The clocks of ${formatCount(apart.length)} of ${formatCountOf(agents.length, 'agent')} may be off by more than half of the ${formatLatency(limitNs * 2)} between two starts at ${formatPerSec(offeredRatePerSec)}: ${listed(apart, tell)}. Counts are exact; starts of different agents may be closer together than the schedule has them.`,
    evidence: { clock_error_ns: worst, limit_ns: Math.round(limitNs), agents: apart.length },
  };
}

function those(agents: readonly AgentRound[] | undefined, test: (agent: AgentRound) => boolean): AgentRound[] {
  return (agents ?? []).filter(test);
}

function isLost({ lost }: AgentRound): boolean {
  return lost !== null;
}

function sinceWhen({ lost }: AgentRound): string {
  const second = lost?.reported_sec ?? null;
  return second === null ? 'before its first second' : `after second ${formatCount(second)}`;
}

/** `b: …`, with the first reason of its own verdict. Of agents with the same reason the first tells it. */
function byReason(agents: readonly AgentRound[]): string {
  const groups = new Map<string, AgentRound[]>();
  for (const agent of agents) {
    const code = agent.verdict?.reasons[0]?.code ?? '';
    groups.set(code, [...(groups.get(code) ?? []), agent]);
  }
  const told = [...groups.values()].map(([first, ...others]) => {
    const reason = first!.verdict?.reasons[0];
    const same = others.length === 0 ? '' : ` The same (${reason?.code ?? ''}): ${listed(others, nameOf)}.`;
    return `${first!.name}: ${reason === undefined ? 'it does not say why.' : saidOfAgent(reason.message)}${same}`;
  });
  return told.slice(0, NAMED).join(' ');
}

function nameOf({ name }: AgentRound): string {
  return name;
}

function agentsWere(count: number, all: number): string {
  return `${formatCount(count)} of ${formatCountOf(all, 'agent')} ${count === 1 ? 'was' : 'were'}`;
}

function agentsHave(count: number, all: number): string {
  return `${formatCount(count)} of ${formatCountOf(all, 'agent')}`;
}

function listed<Agent>(agents: readonly Agent[], tell: (agent: Agent) => string): string {
  const named = agents.slice(0, NAMED).map(tell);
  const more = agents.length - named.length;
  const rest = more > 0 ? [`and ${formatCount(more)} more`] : [];
  return [...named, ...rest].join(', ');
}

function sumOf(agents: readonly AgentRound[], of: (agent: AgentRound) => number): number {
  return agents.reduce((sum, agent) => sum + of(agent), 0);
}
