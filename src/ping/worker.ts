/** Thread entry: the one thread that pings. It waits for messages between rounds; during a round it reads only the stop flag. */
import { threadEntry } from '../runtime/thread-host.ts';
import { engineHas } from '../plan/engines.ts';
import { createPingEngine } from '../engine/registry.ts';
import { MonotonicClock } from '../runtime/clock.ts';
import { RunError } from '../units/run-error.ts';
import { collectNow } from '../runtime/v8.ts';
import { pinThread } from '../kernel/machine/cpus.ts';
import { PING_BANK } from '../count/ping.ts';
import { Recorder } from '../count/recorder.ts';
import { Pacer } from '../schedule/pacer.ts';
import { ConstantRate } from '../schedule/schedule.ts';
import { Turns } from '../schedule/turns.ts';
import { BusyTasks } from '../work/busy-tasks.ts';
import { WorkCounters } from '../work/counters.ts';
import { Opening } from './opening.ts';
import { PingSamples } from './ping-samples.ts';
import { Pinger } from './pinger.ts';
import type { FromWorker, RoundCommand, ToWorker, WorkerInit } from './worker-protocol.ts';

const { init, tell, fail, listen, close } = threadEntry<WorkerInit, ToWorker, FromWorker>();
const { setup, baseNs, recorderMemory } = init;

function pin(cpu: number | null): void {
  const error = cpu === null ? null : pinThread(cpu);
  if (error !== null) throw new RunError(error, `cannot stay on core ${cpu}: ${error}`, 'leave --cpu out');
}

async function main(): Promise<void> {
  pin(setup.cpu);
  const { connections, timeoutNs, protocol } = setup;
  const clock = new MonotonicClock(baseNs);
  const engine = await createPingEngine(setup.engine, {
    protocol,
    target: setup.target,
    sources: setup.sources,
    isFreebind: setup.isFreebind,
    messageBytes: setup.sizeBytes,
    connections,
    timeoutNs,
    clock,
  });
  const recorder = new Recorder(recorderMemory, clock, PING_BANK);
  const control = new Int32Array(init.control);
  const samples = init.samplesMemory === null ? undefined : new PingSamples(init.samplesMemory);
  const busyCounters = init.busyMemory === null ? null : new WorkCounters(init.busyMemory);
  let isUp: Uint8Array = new Uint8Array(connections);

  const open = async (): Promise<void> => {
    const opening = new Opening(engine, clock, connections, timeoutNs, control);
    await engine.run(opening);
    ({ isUp } = opening);
    // Before the base of the round is set: nothing of it is measured.
    collectNow();
    tell({ type: 'opened', established: opening.established, errnos: opening.errnos });
  };

  const runRound = async (round: RoundCommand): Promise<void> => {
    samples?.begin();
    const schedule = round.rate === 'max' ? null : new ConstantRate(round.rate);
    const pinger = new Pinger({
      engine,
      clock,
      recorder,
      pacer: new Pacer({ ...round, schedule, turns: new Turns({ worker: 0, workers: 1, ...round.share }), batchNs: 0 }),
      isUp,
      depth: round.depth,
      // It sleeps in the receive of one reply.
      inFlightLimit: engineHas(setup.engine, 'waitsForEachReply') ? 1 : connections * round.depth,
      isStream: protocol === 'tcp',
      thinkNs: setup.thinkNs,
      timeoutNs,
      recordsLag: setup.recordsLag,
      token: (Math.random() * 2 ** 32) | 0,
      control,
      samples,
      busyTasks: busyCounters === null ? undefined : new BusyTasks(setup.busyTasks, clock.now(), busyCounters),
    });
    await engine.run(pinger);
    tell({ type: 'done' });
  };

  listen((message) => {
    if (message.type === 'open') open().catch(fail);
    else if (message.type === 'round') runRound(message).catch(fail);
    else {
      engine.dispose();
      close();
    }
  });
  tell({ type: 'ready' });
}

main().catch(fail);
