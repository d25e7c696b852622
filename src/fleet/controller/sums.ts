/** Sums over the agents of a fleet of what each measured of its own machine. */
import type { RoundResult, WorkerResult } from '../../document/client.ts';
import type { CpuTimes, WorkResult } from '../../document/common.ts';
import type { KernelEvidence } from '../../document/kernel-evidence.ts';
import { machineSystem, type LoadSystem } from '../../document/system.ts';
import { sumCounters, sumKernelEvidence, type Placed } from '../../judge/kernel-sum.ts';
import type { MachineSecond, ThreadUse } from '../../run/events.ts';
import type { Member } from './member.ts';

/** The agents' machines as one `system`: what they have in common, and the sums of what adds up. */
export function systemOf(members: readonly Member[]): LoadSystem {
  const systems = members.flatMap(({ opened }) => (opened === null ? [] : [opened.system]));
  if (systems.length === 0) return { ...machineSystem(), engine: 'none', workers: 0 };
  const all = (of: (system: LoadSystem) => string): string => [...new Set(systems.map(of))].join(', ');
  const notes = [...new Set(systems.flatMap(({ engine_notes: each }) => each ?? []))];
  return {
    kernel: all(({ kernel }) => kernel),
    node: all(({ node }) => node),
    cpus: oneOfEachMachine(members).reduce((sum, { opened }) => sum + (opened?.system.cpus ?? 0), 0),
    engine: all(({ engine }) => engine),
    ...(notes.length > 0 ? { engine_notes: notes } : {}),
    workers: systems.reduce((sum, { workers }) => sum + workers, 0),
  };
}

/** Agents on the same machine share its processors: the first of each. */
function oneOfEachMachine(members: readonly Member[]): Member[] {
  const machines = new Set<string>();
  return members.filter(({ description: { machine } }) => {
    if (machines.has(machine)) return false;
    machines.add(machine);
    return true;
  });
}

function placed<Counted>({ description: { machine, host } }: Member, counted: Counted): Placed<Counted> {
  return { machine, host, counted };
}

/** The kernels added up, each counted once; undefined where none was told. */
export function kernelOf(
  members: readonly Member[],
  results: ReadonlyMap<Member, Partial<Pick<RoundResult, 'kernel'>>>,
): KernelEvidence | undefined {
  return sumKernelEvidence(
    members.flatMap((member) => {
      const kernel = results.get(member)?.kernel;
      return kernel === undefined ? [] : [placed(member, kernel)];
    }),
  );
}

export function cpuOf(results: Iterable<{ readonly cpu: CpuTimes }>): NodeJS.CpuUsage {
  const sum = { user: 0, system: 0 };
  for (const { cpu } of results) {
    sum.user += cpu.user_usec;
    sum.system += cpu.system_usec;
  }
  return sum;
}

/** The times of an agent's threads, without what the sums count themselves. */
export function threadUses(name: string, workers: number, result: RoundResult | undefined): ThreadUse[] {
  return Array.from({ length: workers }, (_, worker) => {
    const { started: _started, missed: _missed, ...use } = result?.workers[worker] ?? ({} as WorkerResult);
    return { ...use, agent: name };
  });
}

export function workOf(results: readonly RoundResult[]): WorkResult | undefined {
  const works = results.flatMap(({ sink_work: work }) => (work === undefined ? [] : [work]));
  const [first] = works;
  if (first === undefined) return undefined;
  const sum = (of: (work: WorkResult) => number): number => works.reduce((total, work) => total + of(work), 0);
  return {
    jobs: sum(({ jobs }) => jobs),
    done: sum(({ done }) => done),
    unfinished: sum(({ unfinished }) => unfinished),
    on_loop: sum((work) => work.on_loop),
    on_threads: sum((work) => work.on_threads),
    waited: sum(({ waited }) => waited),
    queue_full: sum((work) => work.queue_full),
    caller_runs: sum((work) => work.caller_runs),
    // The peaks of different machines need not be at the same time: an upper bound.
    running_max: works.some((work) => work.running_max === null) ? null : sum((work) => work.running_max ?? 0),
    ...(first.stand_in === undefined ? {} : { stand_in: first.stand_in }),
  };
}

/** What the agents read of their machines in about one second, as one reading. */
export function healthOf(readings: ReadonlyMap<Member, MachineSecond>): MachineSecond | null {
  const members = [...readings.keys()];
  if (members.length === 0) return null;
  const all = [...readings.values()];
  return {
    lengthSec: Math.max(...all.map(({ lengthSec }) => lengthSec)),
    threads: all.flatMap(({ threads }) => threads),
    cpuUsec: all.reduce((sum, { cpuUsec }) => sum + cpuUsec, 0),
    added: sumCounters([...readings].map(([member, reading]) => placed(member, reading.added))),
    fills: sumCounters([...readings].map(([member, { fills }]) => placed(member, fills))),
    ...(all.some(({ packet }) => packet !== undefined) ? { packet: added(all.map(({ packet }) => packet ?? {})) } : {}),
  };
}

function added(each: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const sum: Record<string, number> = {};
  for (const counts of each) for (const [name, count] of Object.entries(counts)) sum[name] = (sum[name] ?? 0) + count;
  return sum;
}
