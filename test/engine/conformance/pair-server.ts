/** An echo server on the engine under test, on a thread of its own. */
import type { EngineName } from '../../../src/plan/engines.ts';
import { createServerEngine } from '../../../src/engine/registry.ts';
import { parentPort, workerData } from 'node:worker_threads';
import { ServerRun } from './driver.ts';
import { newClock } from './harness.ts';
import { echoing } from './server-modes.ts';

export interface PairResult {
  readonly totals: ServerRun['totals'];
  readonly violations: readonly string[];
}

const CAPACITY = 128;

const { name, stop } = workerData as { name: EngineName; stop: Int32Array };
const clock = newClock();
const options = {
  host: '127.0.0.1',
  port: 0,
  backlog: 4096,
  payload: new Uint8Array(0),
  reads: true,
  halfCloses: false,
};
const engine = await createServerEngine(name, { ...options, capacity: CAPACITY, clock });
await engine.listen();
parentPort!.postMessage({ port: engine.port });
const run = new ServerRun(engine, CAPACITY, clock, {
  ...echoing(Infinity),
  step: (now) => Atomics.load(stop, 0) === 1 && now.slots.count('free') === CAPACITY,
});
await engine.run(run);
engine.dispose();
const result: PairResult = { totals: run.totals, violations: run.slots.violations };
parentPort!.postMessage(result);
