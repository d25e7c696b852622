/** What the main thread reads while a round runs: the kernel's counters, the time of each pacing thread, and the packet engine's counts. */
import { monotonicNs } from '../runtime/clock.ts';
import { callAfter } from '../runtime/timer.ts';
import type { Timer } from '../runtime/timer.ts';
import { readThreadTimes } from '../kernel/machine/thread-times.ts';
import type { ThreadTimes } from '../kernel/machine/thread-times.ts';
import { allowedCpus } from '../kernel/machine/cpus.ts';
import { busyShareBetween, readCores, type Cores } from '../kernel/machine/core-times.ts';
import { KernelWatch } from '../judge/kernel-evidence.ts';
import { PacketWatch, type PacketReading } from '../judge/packet-evidence.ts';
import type { KernelEvidence } from '../document/kernel-evidence.ts';
import type { PacketEvidence } from '../document/packet-evidence.ts';
import type { MachineSecond, ThreadUse } from '../run/events.ts';

const SAMPLE_MS = 1000;
/** The first reading must be over when the first connection that counts starts: what a late one did not see is missing. */
const READ_AHEAD_NS = 10e6;
/** A lead beyond this is no part of a round. */
const LONG_LEAD_NS = 2 * READ_AHEAD_NS;

interface Mark {
  readonly ns: number;
  readonly cpu: NodeJS.CpuUsage;
  readonly threads: readonly (ThreadTimes | undefined)[];
  readonly cores: Cores;
}

/** What the watch of one round comes to. */
export interface RoundEvidence {
  readonly cpu: NodeJS.CpuUsage;
  readonly kernel: KernelEvidence | undefined;
  readonly packet: PacketEvidence | undefined;
  /** One entry a worker. */
  readonly threads: readonly ThreadUse[];
  /** The share of the time of the load in which the cores that this process may run on were not idle; left out where it is not known. */
  readonly coresBusy?: number | undefined;
}

/** What is watched, and from when on. */
export interface WatchedRound {
  /** The kernel's numbers of the pacing threads. */
  readonly threadIds: readonly (number | null)[];
  /** Until the first connection of the warm-up, or of the round where there is none. */
  readonly leadNs: number;
  readonly warmupNs: number;
  /** Of the schedule after the warm-up. */
  readonly durationNs: number;
  /** Whether the round is in stages, so that its load goes on after the schedule. */
  readonly isStaged: boolean;
  /** Is told what each reading shows, once a second. */
  readonly onSecond?: (second: MachineSecond) => void;
  /** Reads what the packet engine has counted; undefined where the connections are the kernel's sockets. */
  readonly readPacket?: (() => PacketReading) | undefined;
}

/** Watches from the end of the warm-up on. Its readings cost about 1 ms each (bench/evidence-cost.ts) and are a second apart. */
export class RoundWatch {
  readonly #threadIds: readonly (number | null)[];
  readonly #kernel: KernelWatch;
  readonly #packet: PacketWatch | undefined;
  readonly #timers: Timer[] = [];
  #sampler: NodeJS.Timeout | undefined;
  #begin: Mark;
  /** When the schedule was over: waiting for the last connections is no load of the generator's. */
  #scheduleEnd: Mark | undefined;

  readonly #isStaged: boolean;
  readonly #onSecond: WatchedRound['onSecond'];
  /** The reading before, for what a second took. */
  #last: Mark;

  constructor({ threadIds, leadNs, warmupNs, durationNs, isStaged, onSecond, readPacket }: WatchedRound) {
    this.#threadIds = threadIds;
    this.#kernel = new KernelWatch({ keepsIntervals: true, hasSockets: readPacket === undefined });
    this.#packet = readPacket === undefined ? undefined : new PacketWatch(readPacket);
    this.#isStaged = isStaged;
    this.#onSecond = onSecond;
    this.#begin = this.#mark();
    this.#last = this.#begin;
    if (warmupNs === 0) {
      // Nothing of this run counts before the first connection, so there is no timer to come late.
      this.#beginKernel();
      // A leader may set the base far from here. What threads do not use until then must not make them look idle.
      if (leadNs > LONG_LEAD_NS) this.#at(leadNs - READ_AHEAD_NS, () => (this.#begin = this.#mark()));
    } else this.#at(leadNs + warmupNs - READ_AHEAD_NS, () => this.#beginKernel());
    this.#at(leadNs + warmupNs + durationNs, () => this.endSchedule());
  }

  #at(delayNs: number, run: () => void): void {
    this.#timers.push(callAfter(delayNs, run));
  }

  #beginKernel(): void {
    this.#begin = this.#mark();
    this.#last = this.#begin;
    this.#kernel.begin(this.#begin.ns);
    this.#packet?.begin(this.#begin.ns);
    this.#sampler = setInterval(() => this.#sample(), SAMPLE_MS);
  }

  #sample(): void {
    const sample = this.#kernel.sample(nowNs());
    const packet = this.#packet?.sample(nowNs()) ?? null;
    if (sample === null || this.#onSecond === undefined) return;
    const before = this.#last;
    this.#last = this.#mark();
    const { ns, cpu, threads } = this.#last;
    this.#onSecond({
      lengthSec: (ns - before.ns) / 1e9,
      threads: threads.map((times, worker) => threadUse(before.threads[worker], times, ns - before.ns)),
      cpuUsec: cpu.user + cpu.system - before.cpu.user - before.cpu.system,
      ...sample,
      ...(packet === null ? {} : { packet }),
    });
  }

  #mark(): Mark {
    return {
      ns: nowNs(),
      cpu: process.cpuUsage(),
      threads: this.#threadIds.map((id) => (id === null ? undefined : readThreadTimes(id))),
      cores: readCores(),
    };
  }

  /** Marks the end of the starts. */
  endSchedule(): void {
    this.#scheduleEnd ??= this.#mark();
  }

  end(): RoundEvidence {
    for (const timer of this.#timers) timer.cancel();
    clearInterval(this.#sampler);
    this.endSchedule();
    const end = this.#scheduleEnd!;
    const loadEnd = this.#isStaged ? readCores() : end.cores;
    return {
      cpu: process.cpuUsage(this.#begin.cpu),
      kernel: this.#kernel.end(nowNs()),
      packet: this.#packet?.end(nowNs()),
      threads: this.#threadIds.map((_, worker) =>
        threadUse(this.#begin.threads[worker], end.threads[worker], end.ns - this.#begin.ns),
      ),
      coresBusy: busyShareBetween(this.#begin.cores, loadEnd, allowedCpus()),
    };
  }
}

function nowNs(): number {
  return Number(monotonicNs());
}

function threadUse(begin: ThreadTimes | undefined, end: ThreadTimes | undefined, elapsedNs: number): ThreadUse {
  if (begin === undefined || end === undefined || elapsedNs <= 0) return {};
  const usec = (fromNs: number, toNs: number): number => Math.max(0, Math.round((toNs - fromNs) / 1e3));
  return {
    cpu_usec: usec(begin.runNs, end.runNs),
    ...(begin.waitNs === undefined || end.waitNs === undefined
      ? {}
      : { run_queue_wait_usec: usec(begin.waitNs, end.waitNs) }),
    elapsed_usec: Math.round(elapsedNs / 1e3),
  };
}
