/** Thread entry: one listener. Once it serves, it hears nothing but the shared control words. */
import { once } from 'node:events';
import { parentPort, workerData } from 'node:worker_threads';
import { MonotonicClock } from '../engine/clock.ts';
import { describeFailure } from '../engine/engine.ts';
import { createServerEngine } from '../engine/select.ts';
import { ListenerCounters } from './counters.ts';
import { Listener } from './listener.ts';
import { modeOf } from './modes.ts';
import type { FromWorker, ListenCommand, WorkerInit } from './worker-protocol.ts';

const init = workerData as WorkerInit;
const port = parentPort!;

function tell(message: FromWorker): void {
  port.postMessage(message);
}

async function main(): Promise<void> {
  const { plan } = init;
  const [command] = (await once(port, 'message')) as [ListenCommand];
  const clock = new MonotonicClock(init.baseNs);
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
    clock,
  });
  try {
    await engine.listen();
    tell({ type: 'listening', port: engine.port });
    await engine.run(
      new Listener({
        engine,
        clock,
        mode,
        counters: new ListenerCounters(init.counters),
        idleTimeoutNs: plan.idleTimeoutNs,
        capacity,
        maxConnections: plan.maxConnections,
        control: new Int32Array(init.control),
      }),
    );
    tell({ type: 'done' });
  } finally {
    // Descriptors belong to the process: they would outlive the thread.
    engine.dispose();
  }
}

function fail(error: unknown): void {
  tell({ type: 'failed', ...describeFailure(error) });
}

main()
  .catch(fail)
  .finally(() => port.close());
