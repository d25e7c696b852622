/** Attempts that failed, by the side that caused them. */
import { countByOwner, OUTCOMES, OUTCOME_TRAITS, type Owner } from '../../../../document/outcome.ts';
import { formatCount, formatShare } from '../../../../units/format.ts';
import type { LiveRun } from '../live-run.ts';
import { besideLabel, heading, labelled, type PanelSetup } from '../panel.ts';
import { span, widthOf, type Line } from '../spans.ts';

const NAMES: readonly (readonly [owner: Owner, name: string])[] = [
  ['target', 'target'],
  ['network', 'network'],
  ['generator', 'this machine'],
  ['nobody', 'not known'],
];

export function failuresPanel(setup: PanelSetup): Line[] {
  const { run } = setup;
  const { scheduled, outcomes, missed } = run.whole;
  const counts = countByOwner(outcomes, missed);
  const rows = NAMES.map(([owner, name]) => {
    const count = owner === 'nobody' ? counts.unattributed : counts[owner];
    const names = outcomesText(run, owner);
    const short = `${formatCount(count)}${count === 0 ? '' : names}`;
    const long = `${short} (${formatShare(count, scheduled)})`;
    const text = count === 0 || widthOf(long) > besideLabel(setup) ? short : long;
    const who = owner === 'generator' && run.isFleet ? 'agents' : name;
    return labelled(who, span(text, count > 0 ? 'red' : undefined));
  });
  return [heading('failures by owner', setup), ...rows];
}

/** Which outcomes they had, the most frequent first. */
function outcomesText({ whole: { outcomes, missed } }: LiveRun, owner: Owner): string {
  const names = OUTCOMES.filter((name) => name !== 'ok' && OUTCOME_TRAITS[name].owner === owner && outcomes[name] > 0)
    .map((name): [string, number] => [name, outcomes[name]])
    .sort(([, a], [, b]) => b - a);
  const all = owner === 'generator' && missed > 0 ? [['missed', missed] as [string, number], ...names] : names;
  return all.length === 0 ? '' : ` ${all.map(([name]) => name).join(', ')}`;
}

/** The pings that were lost, of `rtt`. */
export function pingsPanel(setup: PanelSetup): Line[] {
  const { whole, inFlight } = setup.run;
  const share = whole.lost === 0 ? '' : ` (${formatShare(whole.lost, whole.started)})`;
  return [
    heading('pings', setup),
    labelled('sent', span(formatCount(whole.started))),
    labelled('lost', span(`${formatCount(whole.lost)}${share}`, whole.lost > 0 ? 'red' : undefined)),
    labelled('in flight', span(inFlight === null ? '-' : formatCount(inFlight))),
  ];
}
