/** What a run on a fleet cannot have: what each agent has of its own, and files of the agents' disks. */
import type { Sink } from '../plan.ts';
import { isExplicit, problemOf, type Given, type Problem } from '../../units/problem.ts';

/** Options that each agent has of its own, of `conngen agent`. */
export const AGENTS_OWN = ['source', 'source-ports', 'freebind', 'interface', 'gateway', 'vlan'] as const;

type OwnName = (typeof AGENTS_OWN)[number];

/** The options that are refused beside `--fleet`, as far as a command has them. */
export type RefusableInput = Readonly<
  Partial<Record<OwnName, Given<unknown> | readonly Given<unknown>[] | undefined>>
> & {
  readonly fleet?: Given<unknown> | undefined;
  readonly sink?: Given<Sink> | undefined;
  readonly 'spill-dir'?: Given<unknown> | undefined;
  readonly samples?: Given<number> | undefined;
  readonly quantity?: readonly Given<unknown>[];
  readonly 'max-connections'?: Given<unknown>;
};

/** Returns all that is asked for and that a fleet cannot have; nothing where no fleet is asked for. */
export function fleetRefusals(input: RefusableInput): Problem[] {
  if (input.fleet === undefined) return [];
  const problems: Problem[] = [];
  for (const name of AGENTS_OWN) {
    const given = [input[name] ?? []].flat().filter(isExplicit);
    const expected = `to be left out beside --fleet: each agent has its own (conngen agent --${name})`;
    problems.push(...given.map((each) => problemOf(each, expected)));
  }
  const { sink, 'spill-dir': spill, samples } = input;
  if (sink?.value.kind === 'file') {
    problems.push(problemOf(sink, 'null, memory or gather beside --fleet: a run writes no files on its agents'));
  }
  if (spill !== undefined && isExplicit(spill)) {
    problems.push(problemOf(spill, 'to be left out beside --fleet: a run writes no files on its agents'));
  }
  if (samples !== undefined && samples.value > 0) {
    problems.push(
      problemOf(samples, 'to be left out beside --fleet: agents send counts and histograms, not single round trips'),
    );
  }
  const { quantity = [], 'max-connections': most } = input;
  const asked = quantity.find(({ value }) => value === 'connections');
  if (most !== undefined && !isExplicit(most) && asked !== undefined) {
    const expected =
      '--max-connections N beside it and --fleet: how many connections the agents can have together is not known beforehand';
    problems.push({ ...problemOf(asked, expected), needs: 'max-connections' });
  }
  return problems;
}
