/** Plans `conngen lab`: from its options to a lab that can run, new or resumed, or to every problem with it. */
import { join } from 'node:path';
import type { Lab, LabTimes } from './lab.ts';
import type { Cell } from '../document/lab-description.ts';
import { LAB_DESCRIPTIONS } from '../document/labs.ts';
import { cellsOf, selectCells, uselessPatterns } from './matrix.ts';
import { planChanges } from './cells.ts';
import type { LabPlan, LabResult } from '../document/lab.ts';
import type { LabSystem } from '../document/system.ts';
import { type Given, isExplicit, type Problem, problemOf } from '../units/problem.ts';
import { NS_PER_SEC } from '../units/quantity.ts';
import { readLab, whyNotEmpty } from './directory.ts';
import type { InputOf } from '../units/option.ts';
import type { LAB_OPTIONS } from '../options/tables/lab.ts';

export type LabInput = InputOf<typeof LAB_OPTIONS>;

export interface PlannedLab {
  readonly lab: Lab;
  /** All cells of the plan, in order. */
  readonly cells: readonly Cell[];
  readonly times: LabTimes;
  readonly plan: LabPlan;
  readonly directory: string;
  readonly system: LabSystem;
  /** When the lab first began. */
  readonly startedAt: string;
  /** What an interrupted run has left. */
  readonly before: LabResult | null;
}

/** Opens nothing for writing. Complete: every problem is in the list. */
export async function planLab(
  input: LabInput,
  system: LabSystem,
  version: string,
  now: Date,
): Promise<PlannedLab | { readonly problems: readonly Problem[] }> {
  const problems: Problem[] = [];
  const before = await readBefore(input, problems);
  const lab = await labOf(input, before, problems);
  if (lab === null) return { problems };
  const quick = isExplicit(input.quick) ? input.quick.value : (before?.plan.quick ?? input.quick.value);
  const times = timesOf(lab, input, quick, before);
  const only = input.only.length > 0 ? input.only.map(({ value }) => value) : (before?.plan.only ?? []);
  const cells = chooseCells(lab, quick, only, input, problems);
  const plan: LabPlan = {
    lab: lab.name,
    quick,
    only,
    settle_sec: times.settleNs / NS_PER_SEC,
    warmup_sec: times.warmupNs / NS_PER_SEC,
    duration_sec: times.durationNs / NS_PER_SEC,
    cells: cells.map(({ name }) => name),
  };
  const directory = input.resume?.value ?? input.out?.value ?? defaultDirectory(lab, now);
  if (before !== null && input.resume !== undefined) {
    const identity = { conngen: version, ...system };
    const changes = [
      ...planChanges(before.plan, plan),
      ...planChanges({ conngen: before.conngen, ...before.system }, identity),
    ];
    for (const change of changes) {
      problems.push(problemOf(input.resume, `the plan and the machine that it began with: ${change}`));
    }
  } else if (input.resume === undefined && !input.list.value) {
    await checkDirectory(directory, input.out, problems);
  }
  // Cells that only have their names wrong need no look at the machine.
  if (problems.length === 0 && !input.list.value) problems.push(...(await refusedCells(lab, cells)));
  if (problems.length > 0) return { problems };
  const startedAt = before?.started_at ?? now.toISOString();
  return { lab, cells, times, plan, directory, system, startedAt, before };
}

async function readBefore(input: LabInput, problems: Problem[]): Promise<LabResult | null> {
  const { resume, out } = input;
  if (resume === undefined) return null;
  if (out !== undefined) problems.push(problemOf(out, 'to be left out beside --resume, which names the directory'));
  const read = await readLab(resume.value);
  if ('result' in read) return read.result;
  problems.push(problemOf(resume, read.expected));
  return null;
}

async function labOf(input: LabInput, before: LabResult | null, problems: Problem[]): Promise<Lab | null> {
  const names = LAB_DESCRIPTIONS.map(({ name }) => name).join(', ');
  if (input.name !== undefined) return labByName(input.name.value);
  // The problem with the directory has been reported already.
  if (input.resume !== undefined && before === null) return null;
  const lab = before === null ? null : await labByName(before.lab);
  if (lab === null) {
    problems.push({ option: 'name', got: before?.lab ?? null, expected: `the name of a lab: ${names}` });
  }
  return lab;
}

/** Labs, with the engines that they measure, are loaded here: where no lab is named, or none of that name, none is. */
async function labByName(name: string): Promise<Lab | null> {
  if (!LAB_DESCRIPTIONS.some((each) => each.name === name)) return null;
  return (await import('./labs.ts')).labNamed(name) ?? null;
}

/** What the user says, else what was begun with, else the lab's own. */
function timesOf(lab: Lab, input: LabInput, quick: boolean, before: LabResult | null): LabTimes {
  const own = quick ? lab.times.quick : lab.times.full;
  const begun = (sec: number | undefined): number | undefined =>
    sec === undefined ? undefined : Math.round(sec * NS_PER_SEC);
  return {
    settleNs: input.settle?.value ?? begun(before?.plan.settle_sec) ?? own.settleNs,
    warmupNs: input.warmup?.value ?? begun(before?.plan.warmup_sec) ?? own.warmupNs,
    durationNs: input.duration?.value ?? begun(before?.plan.duration_sec) ?? own.durationNs,
  };
}

function chooseCells(
  lab: Lab,
  quick: boolean,
  only: readonly string[],
  { only: given }: LabInput,
  problems: Problem[],
): Cell[] {
  const all = cellsOf(lab, quick);
  const useless = uselessPatterns(all, only);
  for (const each of given.filter(({ value }) => useless.includes(value))) {
    problems.push(problemOf(each, expectedPattern(lab, quick, each.value)));
  }
  const cells = selectCells(all, only);
  if (cells.length === 0 && useless.length === 0 && given[0] !== undefined) {
    problems.push(problemOf(given[0], 'patterns that leave at least one cell'));
  }
  return cells;
}

/** Completes "expected …" for a pattern that matches nothing. */
function expectedPattern(lab: Lab, quick: boolean, pattern: string): string {
  const isLeftOut = quick && uselessPatterns(cellsOf(lab, false), [pattern]).length === 0;
  const asked = `conngen lab ${lab.name}${quick ? ' --quick' : ''} --list`;
  return isLeftOut
    ? `a pattern that matches one of the few cells of --quick, which ${asked} shows; without --quick there are more`
    : `a pattern that matches a cell of lab ${lab.name}; ${asked} shows them`;
}

async function checkDirectory(directory: string, out: Given<string> | undefined, problems: Problem[]): Promise<void> {
  const expected = await whyNotEmpty(directory);
  if (expected !== null) problems.push({ option: out?.label ?? '--out', got: directory, expected });
}

async function refusedCells(lab: Lab, cells: readonly Cell[]): Promise<Problem[]> {
  const refused = await lab.refusals(cells);
  return refused.map(({ cell, expected }) => ({
    option: 'cell',
    got: cell,
    expected: `${expected}; to leave it out: --only '!${cell}'`,
  }));
}

/** `lab-abstraction-20260411T093000Z` where we are. */
function defaultDirectory(lab: Lab, now: Date): string {
  const time = now
    .toISOString()
    .replace(/\.\d+Z$/, 'Z')
    .replaceAll(/[-:]/g, '');
  return join('.', `lab-${lab.name}-${time}`);
}
