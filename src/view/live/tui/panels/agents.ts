/** The agents of a fleet, those first that need a look. */
import type { AgentTold } from '../../../../run/events.ts';
import { formatCount, formatCountOf, formatLatency } from '../../../../units/format.ts';
import type { Colour } from '../../../layout.ts';
import { heading, type PanelSetup } from '../panel.ts';
import { cell, plain, span, type Line } from '../spans.ts';

const NAME_CELLS = 20;
const STATE_CELLS = 8;
const COUNT_CELLS = 12;
const LAG_CELLS = 10;

/** Nothing where one machine measures. */
export function agentsPanel(setup: PanelSetup): Line[] {
  const { run, listRows } = setup;
  const { agents } = run;
  if (agents.count === 0) return [];
  const all = agents.worstFirst;
  // The line that says how many more there are takes one.
  const shown = all.length <= listRows ? all : all.slice(0, Math.max(1, listRows - 1));
  const more = all.length - shown.length;
  const title = `${formatCountOf(agents.count, 'agent')}: started, missed, lag p99, clock`;
  const apart = agents.count < 2 ? '' : `agree within ${formatLatency(agents.apartAtMostNs)}`;
  return [
    heading(title, setup, apart),
    ...shown.map(agentLine),
    ...(more > 0 ? [plain(` and ${formatCountOf(more, 'more agent')}`)] : []),
  ];
}

function agentLine(told: AgentTold): Line {
  const { agent, state, why, started, missed, lagP99Ns, clockErrorNs } = told;
  const name = span(` ${cell(agent, NAME_CELLS, 'left')} `, 'bold');
  const colour: Colour | undefined = state === 'lost' ? 'red' : undefined;
  return [
    name,
    span(cell(state, STATE_CELLS, 'left'), colour),
    span(cell(formatCount(started), COUNT_CELLS)),
    span(cell(formatCount(missed), COUNT_CELLS), missed > 0 ? 'red' : undefined),
    span(cell(started === 0 ? '-' : formatLatency(lagP99Ns), LAG_CELLS)),
    span(cell(`±${formatLatency(clockErrorNs)}`, LAG_CELLS + 1)),
    ...(why === null ? [] : [span(`  ${why}`, 'red')]),
  ];
}
