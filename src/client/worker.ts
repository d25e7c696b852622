/** Thread entry: one pacing thread of a client run. Between rounds it waits for messages, during a round it hears nothing but the stop flag. */
import { parentPort, workerData } from 'node:worker_threads';
import { MonotonicClock } from '../engine/clock.ts';
import { describeFailure } from '../engine/engine.ts';
import type { ClientEngine } from '../engine/engine.ts';
import { createClientEngine } from '../engine/select.ts';
import { reservedPorts, reuseDelayNs } from '../linux/proc.ts';
import { Recorder } from '../measure/recorder.ts';
import type { ClientPlan } from '../plan/plan.ts';
import { ConstantRate } from '../schedule/schedule.ts';
import { AttemptTable } from './attempts.ts';
import { exchangeOf } from './exchange.ts';
import { Generator } from './generator.ts';
import { Pacer } from './pacer.ts';
import { SourcePortAllocator, portsOfWorker } from './source-ports.ts';
import type { FromWorker, ToWorker, WorkerInit } from './worker-protocol.ts';

/** Above this rate one wake-up serves several starts, see `batchNsOf`. */
const BATCH_ABOVE_PER_SEC = 15000;
const BATCH_NS = 400e3;

const init = workerData as WorkerInit;
const port = parentPort!;

function tell(message: FromWorker): void {
  port.postMessage(message);
}

/** The share of worker k where `total` is divided among `workers`. */
function shareOf(total: number, worker: number, workers: number): number {
  return Math.floor(total / workers) + (worker < total % workers ? 1 : 0);
}

function createPorts(plan: ClientPlan): SourcePortAllocator | undefined {
  if (plan.sourcePorts.kind === 'kernel' || init.sources.length === 0) return undefined;
  const ports = portsOfWorker(plan.sourcePorts, reservedPorts(), init.worker, plan.workers);
  return new SourcePortAllocator({
    sources: init.sources.length,
    ports,
    offset: Math.floor(init.portOffset * ports.length),
  });
}

/**
 * At a low rate each start is a wake-up of its own, which is the most even. Near what a core can do the wake-ups themselves
 * tip it over, for us and for the target, so starts are then gathered for a moment.
 */
function batchNsOf(ratePerSec: number): number {
  return ratePerSec > BATCH_ABOVE_PER_SEC ? BATCH_NS : 0;
}

async function main(): Promise<void> {
  const { plan, worker } = init;
  const clock = new MonotonicClock(init.baseNs);
  const capacity = shareOf(plan.maxInFlight, worker, plan.workers);
  const halfClose = plan.finish.kind === 'half-close';
  // What is sent in `connect` would be cut off by the close.
  const payload = plan.finish.kind === 'connect' ? new Uint8Array() : plan.payload;
  const engine: ClientEngine = await createClientEngine(init.engine, {
    target: plan.target,
    sources: init.sources,
    payload,
    halfClose,
    capacity,
    clock,
  });
  const attempts = new AttemptTable(capacity);
  const recorder = new Recorder(init.recorderMemory);
  const ports = createPorts(plan);
  const delayNs = reuseDelayNs(plan.target.address);

  const runRound = async (ratePerSec: number | null, baseNs: number): Promise<void> => {
    const generator = new Generator({
      engine,
      clock,
      recorder,
      attempts,
      ports,
      sources: init.sources.length,
      reuseDelayNs: delayNs,
      exchange: exchangeOf(plan.finish, payload.length),
      halfClose,
      reset: plan.close === 'rst',
      holdNs: plan.holdNs,
      timeoutNs: plan.timeoutNs,
      control: new Int32Array(init.control),
      pacer: new Pacer({
        schedule: ratePerSec === null ? null : new ConstantRate(ratePerSec),
        worker,
        workers: plan.workers,
        baseNs,
        warmupNs: plan.warmupNs,
        durationNs: plan.durationNs,
        batchNs: ratePerSec === null ? 0 : batchNsOf(ratePerSec / plan.workers),
      }),
    });
    await engine.run(generator);
    tell({ type: 'done' });
  };

  port.on('message', (message: ToWorker) => {
    if (message.type === 'round') {
      runRound(message.ratePerSec, message.baseNs).catch(fail);
      return;
    }
    engine.dispose();
    port.close();
  });
  tell({ type: 'ready' });
}

function fail(error: unknown): void {
  tell({ type: 'failed', ...describeFailure(error) });
}

main().catch(fail);
