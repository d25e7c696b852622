import type { PacketLink } from '../engine/seam/link.ts';
import type { EngineName } from '../plan/engines.ts';
import { RunError } from '../units/run-error.ts';
import { ThreadHost, moduleBeside, type ThreadFailure } from '../runtime/thread-host.ts';
import type { ServerPlan } from '../plan/plan.ts';
import { ListenerCounters } from './counters.ts';
import { CONTROL_STATE, DRAIN, QUIT } from './listener.ts';
import type { ServerWork } from './work.ts';
import type { FromWorker, ListenCommand, WorkerInit } from './worker-protocol.ts';

const WORKER_URL = moduleBeside(import.meta.url, 'worker');

/** How a listener ended before its time. */
export interface ListenerFailure extends ThreadFailure {
  readonly listener: number;
}

interface Member {
  readonly thread: ThreadHost<ListenCommand, FromWorker>;
  readonly protocol: WorkerInit['protocol'];
  readonly counters: ListenerCounters;
  /** Resolves with the port, or with null if the listener ends without having listened. */
  readonly listening: Promise<number | null>;
  /** Whether it was told to listen: from then on it obeys the control words. */
  told: boolean;
  failure: ListenerFailure | undefined;
}

export interface ListenerPoolOptions {
  readonly plan: ServerPlan;
  readonly engine: EngineName;
  /** Threads for each protocol of the plan. */
  readonly listeners: number;
  readonly baseNs: bigint;
  readonly work: ServerWork | null;
  /** The interface of an engine that works on one; null for others. */
  readonly link: PacketLink | null;
  /** A listener died while it served. */
  readonly onFailure: (failure: ListenerFailure) => void;
}

/** The threads of a server, one listener each. What a thread that dies has counted stays in shared memory. */
export class ListenerPool {
  readonly #members: Member[];
  readonly #control = new Int32Array(new SharedArrayBuffer(8));
  readonly #onFailure: (failure: ListenerFailure) => void;

  constructor({ plan, engine, listeners, baseNs, work, link, onFailure }: ListenerPoolOptions) {
    this.#onFailure = onFailure;
    const control = this.#control.buffer;
    const protocols = (['tcp', 'udp'] as const).filter((each) => plan.protocol === each || plan.protocol === 'both');
    const shared = { plan, engine, baseNs, control, work };
    this.#members = protocols.flatMap((protocol, offset) =>
      Array.from({ length: listeners }, (_, index) => {
        const cpu = plan.cpus.length === 0 ? null : plan.cpus[index % plan.cpus.length]!;
        const listener = offset * listeners + index;
        const own = {
          link: link === null ? null : { ...link, worker: index },
          counters: ListenerCounters.createMemory(),
        };
        return this.#spawn({ ...shared, ...own, protocol, cpu, listener });
      }),
    );
  }

  #spawn(workerData: WorkerInit): Member {
    const { listener } = workerData;
    let hasListened: (port: number | null) => void = () => undefined;
    const thread = new ThreadHost<ListenCommand, FromWorker>({
      url: WORKER_URL,
      workerData,
      name: `listener ${listener}`,
      onMessage: (message) => {
        if (message.type === 'listening') hasListened(message.port);
        else thread.expectEnd();
      },
      onFailure: (failure) => {
        member.failure = { listener, ...failure };
        hasListened(null);
        this.#onFailure(member.failure);
      },
    });
    const member: Member = {
      thread,
      protocol: workerData.protocol,
      counters: new ListenerCounters(workerData.counters),
      listening: new Promise((resolve) => (hasListened = resolve)),
      told: false,
      failure: undefined,
    };
    return member;
  }

  get counters(): readonly ListenerCounters[] {
    return this.#members.map((member) => member.counters);
  }

  /** The counters of the threads that serve one protocol. */
  countersOf(protocol: WorkerInit['protocol']): readonly ListenerCounters[] {
    return this.#members.filter((member) => member.protocol === protocol).map((member) => member.counters);
  }

  get failures(): readonly ListenerFailure[] {
    return this.#members.flatMap((member) => member.failure ?? []);
  }

  /**
   * Has every listener listen and returns the port; with port 0 that is the one that the first was given. Rejects with the
   * reason of the first that cannot.
   */
  async listen(port: number): Promise<number> {
    const [first, ...others] = this.#members;
    let bound = port;
    if (port === 0) {
      bound = (await this.#listenOn([first!], 0))[0]!;
      await this.#listenOn(others, bound);
    } else await this.#listenOn(this.#members, port);
    return bound;
  }

  async #listenOn(members: readonly Member[], port: number): Promise<(number | null)[]> {
    for (const member of members) {
      member.told = true;
      member.thread.post({ port });
    }
    const ports = await Promise.all(members.map((member) => member.listening));
    const [failure] = this.failures;
    if (failure !== undefined) throw new RunError(failure.code, failure.message, failure.hint);
    return ports;
  }

  /** Every listener stops accepting, drains what is open, and ends. */
  drain(): void {
    Atomics.compareExchange(this.#control, CONTROL_STATE, 0, DRAIN);
  }

  /** Resolves when all listeners have ended. */
  async ended(): Promise<void> {
    await Promise.all(this.#members.map((member) => member.thread.ended));
  }

  /** Ends immediately whatever has not ended yet. */
  async close(): Promise<void> {
    Atomics.store(this.#control, CONTROL_STATE, QUIT);
    await Promise.all(
      this.#members.map(async (member) => {
        // A thread that listens is not terminated: its sockets belong to the process and would stay.
        if (!member.told) await member.thread.terminate();
        await member.thread.ended;
      }),
    );
  }
}
