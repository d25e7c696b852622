/** Thread entry: one listener. While it serves it reads only the shared control words. */
import { threadEntry } from '../runtime/thread-host.ts';
import { createDatagramEcho, createServerEngine } from '../engine/registry.ts';
import { MonotonicClock } from '../runtime/clock.ts';
import type { DatagramDriver } from '../engine/seam/datagram-echo.ts';
import { DROP_REPLY } from '../engine/sockets/echo-guard.ts';
import { POLL_NS, type ServerEngine } from '../engine/seam/engine.ts';
import { RunError } from '../units/run-error.ts';
import type { Clock } from '../runtime/clock.ts';
import { pinThread } from '../kernel/machine/cpus.ts';
import {
  BYTES_RECEIVED,
  BYTES_SENT,
  DATAGRAMS_DROPPED,
  DATAGRAMS_RECEIVED,
  DATAGRAMS_SENT,
  ListenerCounters,
} from './counters.ts';
import { CONTROL_STATE, Listener, QUIT, SERVE } from './listener.ts';
import { modeOf } from './modes.ts';
import { loopWork } from './work.ts';
import type { FromWorker, ListenCommand, WorkerInit } from './worker-protocol.ts';

const { init, tell, fail, next, close } = threadEntry<WorkerInit, ListenCommand, FromWorker>();

async function main(): Promise<void> {
  if (init.cpu !== null) pin(init.cpu);
  const command = await next();
  const clock = new MonotonicClock(init.baseNs);
  await (init.protocol === 'tcp' ? serveConnections(command, clock) : serveDatagrams(command, clock));
}

function pin(cpu: number): void {
  const error = pinThread(cpu);
  if (error !== null) throw new RunError(error, `cannot stay on core ${cpu}: ${error}`, 'leave --cpu out');
}

/** Serves until the control word ends it. Datagrams that have arrived by then are answered. */
async function serveDatagrams(command: ListenCommand, clock: Clock): Promise<void> {
  const { plan } = init;
  const echo = await createDatagramEcho(init.engine, {
    host: plan.host,
    port: command.port,
    ratePerPeer: plan.datagramRate,
    clock,
  });
  const counters = new ListenerCounters(init.counters);
  const control = new Int32Array(init.control);
  try {
    await echo.listen();
    tell({ type: 'listening', port: echo.port });
    const driver: DatagramDriver & { deadlineNs: number } = {
      deadlineNs: 0,
      step: () => {
        driver.deadlineNs = clock.now() + POLL_NS;
        return Atomics.load(control, CONTROL_STATE) === SERVE;
      },
      received: (bytes) => {
        counters.add(DATAGRAMS_RECEIVED, 1);
        counters.add(BYTES_RECEIVED, bytes);
      },
      sent: (bytes) => {
        counters.add(DATAGRAMS_SENT, 1);
        counters.add(BYTES_SENT, bytes);
      },
      dropped: (reason) => counters.add(DATAGRAMS_DROPPED + reason - DROP_REPLY, 1),
      failed: (errno) => counters.connectionError(errno),
    };
    await echo.run(driver);
    tell({ type: 'done' });
  } finally {
    echo.dispose();
  }
}

async function serveConnections(command: ListenCommand, clock: Clock): Promise<void> {
  const { plan } = init;
  const mode = modeOf(plan.mode, plan.respondOn);
  // Any listener may get all of the connections: the kernel spreads them by hash.
  const capacity = plan.maxConnections;
  const engine = await createServerEngine(init.engine, {
    host: plan.host,
    port: command.port,
    backlog: plan.backlog,
    payload: plan.response,
    capacity,
    reads: mode.reads,
    halfCloses: mode.halfCloses,
    link: init.link ?? undefined,
    clock,
  });
  try {
    await engine.listen();
    const work = init.work === null ? null : loopWork(init.work, init.listener, engine, clock);
    // One place makes all listeners: V8 would give up code that was compiled for an object of another shape.
    const listenerWith = (counters: SharedArrayBuffer, control: SharedArrayBuffer): Listener =>
      new Listener({
        engine,
        clock,
        mode,
        counters: new ListenerCounters(counters),
        idleTimeoutNs: plan.idleTimeoutNs,
        capacity,
        maxConnections: plan.maxConnections,
        control: new Int32Array(control),
        createExecutor: work?.createExecutor,
        busyTasks: work?.busyTasks,
      });
    // The work of a connection costs more than what the first connections lose.
    if (work === null) rehearse(engine, listenerWith);
    tell({ type: 'listening', port: engine.port });
    await engine.run(listenerWith(init.counters, init.control));
    tell({ type: 'done' });
  } finally {
    // Descriptors belong to the process: they would outlive the thread.
    engine.dispose();
  }
}

/** Has the engine rehearse, if it can, with a listener that counts elsewhere. */
function rehearse(
  engine: ServerEngine,
  listenerWith: (counters: SharedArrayBuffer, control: SharedArrayBuffer) => Listener,
): void {
  if (engine.rehearse === undefined) return;
  const control = new SharedArrayBuffer(init.control.byteLength);
  const end = (): void => void Atomics.store(new Int32Array(control), CONTROL_STATE, QUIT);
  engine.rehearse(listenerWith(ListenerCounters.createMemory(), control), end);
}

main()
  .catch(fail)
  .finally(() => close());
