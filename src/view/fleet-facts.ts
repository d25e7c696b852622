/** What reports tell of the agents of a fleet: text, Markdown and HTML are made from the same. */
import type { FleetResult, ListedAgent } from '../document/fleet.ts';
import { formatCount, formatCountOf, formatLatency, formatPerSec } from '../units/format.ts';
import type { Column } from './text/round-table.ts';

/** Networks and engines that a cell has room for. */
const IN_CELL = 2;
/** A network with a list of ports may be longer than a row. */
const CELL_CHARACTERS = 60;

/** What the list of agents is called. */
export function fleetTitle({ url }: FleetResult): string {
  return `conngen fleet ${url}`;
}

/** How many are there, and how many of them can be used now. */
export function fleetSentence({ agents }: FleetResult): string {
  if (agents.length === 0) return 'No agent answered.';
  const free = agents.filter(({ state }) => state === 'free').length;
  return `${formatCountOf(agents.length, 'agent')}, ${free === agents.length && free > 1 ? 'all' : formatCount(free)} free.`;
}

/** What to type on another machine where no agent is there. */
export function startAdvice(url: string): string {
  const shown = url.replace(/(?<=:\/\/)(?:localhost|127\.[\d.]+|\[::1\])(?=:)/, 'ADDRESS-OF-THIS-MACHINE');
  return `conngen agent --fleet ${shown} --allow-target CIDR:PORTS --trust conngen-fleet.pub`;
}

/** The agents, a row each. */
export function listColumns(agents: readonly ListedAgent[]): Column[] {
  const column = (header: string, dropRank: number, cell: (agent: ListedAgent) => string): Column => ({
    header,
    dropRank,
    cells: agents.map(cell),
  });
  return [
    column('agent', 0, ({ name }) => name),
    column('state', 0, ({ state }) => state),
    column('cpus', 0, ({ cpus }) => (cpus === undefined ? '-' : formatCount(cpus))),
    column('round trip', 4, ({ round_trip_ns: ns }) => (ns === null ? '-' : formatLatency(ns))),
    column('max rate', 3, ({ max_rate_per_sec: rate }) =>
      rate === undefined || rate === null ? '-' : formatPerSec(rate),
    ),
    column('engines', 2, ({ engines = [] }) => shortList(engines, engines.length)),
    column('conngen', 1, ({ conngen }) => conngen),
    column('may aim at', 5, ({ targets = [] }) => shortList(targets, IN_CELL)),
  ];
}

function shortList(texts: readonly string[], room: number): string {
  if (texts.length === 0) return '-';
  const more = texts.length - room;
  const shown = texts.slice(0, room).join(' ');
  const cut = shown.length > CELL_CHARACTERS ? `${shown.slice(0, CELL_CHARACTERS - 1)}…` : shown;
  return `${cut}${more > 0 ? ` +${formatCount(more)}` : ''}`;
}

/** Which agents have one name, why agents cannot be used now, and what they may aim at where a cell has no room for it: a sentence each. */
export function listNotes(agents: readonly ListedAgent[]): string[] {
  const names = agents.map(({ name }) => name);
  const twins = [...new Set(names.filter((name, at) => names.indexOf(name) !== at))];
  const told = twins.map((name) => {
    const count = names.filter((each) => each === name).length;
    return `${formatCount(count)} agents have the name ${name}: orders may reach any of them; give each its own --name`;
  });
  const own = agents.flatMap((agent) => {
    const { name, targets = [], state } = agent;
    return [
      ...(state === 'free' ? [] : [`${name} ${stateText(agent)}`]),
      ...(targets.length > IN_CELL ? [`${name} may aim at ${targets.join(', ')}`] : []),
    ];
  });
  return [...told, ...own];
}

/** `is free`, `runs client against 10.0.0.5:80 for me@host`, `speaks protocol 2 (conngen 0.3.0)`. */
export function stateText({ state, running, protocol, conngen }: ListedAgent): string {
  if (state === 'incompatible') return `speaks another protocol: ${formatCount(protocol)} (conngen ${conngen})`;
  return running === null ? 'is free' : `runs ${running.command} against ${running.target} for ${running.controller}`;
}
