/** What plans may open: the limit of open files, and how many connections it has room for. */
import { engineHas, type EngineChoice } from '../engines.ts';
import { problemOf, type Given, type Problem } from '../../units/problem.ts';
import type { Machine } from './machine.ts';

/**
 * With a limit of open files below this a ring's table of descriptors, which the limit bounds too, has no room for more than the
 * connections themselves. A server whose table is full loses a connection that was taken already, where ordinary descriptors
 * leave it in the backlog: with small limits it does without such a table.
 */
export const ROOMY_FD_LIMIT = 4096;

/** The largest `--max-in-flight`: a table of 4 000 000 slots is some 240 MB. */
export const IN_FLIGHT_MAX = 4_000_000;

/** Files that are open anyway: standard streams, threads, the engine's own, a margin for the rest. */
export const FDS_RESERVED = 64;

/** How many connections have a descriptor of their own under a limit of open files. Where it has no room for the margin, half of it is left. */
export function descriptorsFor(fdLimit: number): number {
  return fdLimit >= FDS_RESERVED && fdLimit < 2 * FDS_RESERVED ? Math.floor(fdLimit / 2) : fdLimit - FDS_RESERVED;
}

/** How many connections can be open at the same time, over all threads. `needsDescriptors`: each takes a descriptor of the process, whatever the engine. */
export function affordableSlots(
  machine: Machine,
  reserved: number,
  engine: EngineChoice,
  threads: number,
  needsDescriptors: boolean,
): number {
  if (engineHas(engine, 'hasOwnConnections')) return IN_FLIGHT_MAX;
  const ordinary = machine.fdLimit - reserved;
  const isDirect =
    machine.hasDirectDescriptors &&
    !needsDescriptors &&
    (engine === 'auto' || engineHas(engine, 'hasDirectDescriptors'));
  return isDirect && ordinary > 0 ? Math.max(ordinary, machine.fdLimit * threads) : ordinary;
}

/** Refuses an option that asks for more connections than the limit of open files has room for, and says what it would take. */
export function checkAffordable(
  given: Given<number>,
  affordable: number,
  reserved: number,
  machine: Machine,
  problems: Problem[],
): void {
  if (given.value <= affordable) return;
  const wayOut = `ulimit -n ${given.value + reserved}`;
  const most = Math.max(0, affordable);
  const expected = `at most ${most}, because the limit of open files is ${machine.fdLimit} (to raise it: ${wayOut})`;
  problems.push(problemOf(given, expected));
}
