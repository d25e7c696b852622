/** The cells of a lab: those that were measured, and the one that is. */
import { cellLine } from '../../../text/lab.ts';
import { heading, type PanelSetup } from '../panel.ts';
import { plain, span, type Line } from '../spans.ts';
import { isDone } from '../../../../document/lab.ts';

export function cellsPanel(setup: PanelSetup): Line[] {
  const { run, listRows } = setup;
  const { lab } = run.plan;
  if (lab === null) return [];
  const { description, total, before } = lab;
  const failed = run.cells.filter((each) => !isDone(each)).length;
  const lines: Line[] = [heading('cells', setup, failed === 0 ? '' : `${failed} failed`)];
  const first = Math.max(0, run.cells.length - Math.max(1, listRows));
  for (const [index, result] of run.cells.slice(first).entries()) {
    const text = cellLine(description, result, `${before + first + index + 1}/${total}`);
    lines.push([span(` ${text}`, isDone(result) ? undefined : 'red')]);
  }
  if (run.cell !== null) {
    const position = `${before + run.cells.length + 1}/${total}`;
    lines.push([span(` cell ${position}  ${run.cell.name}  `, 'bold'), span(`${Math.floor(run.elapsedSec)} s`)]);
  }
  return run.cells.length === 0 && run.cell === null ? [...lines, plain(' no cell was begun yet')] : lines;
}
