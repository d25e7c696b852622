/** Thread entry: one pacing thread of a client run. It waits for messages between rounds; during a round it reads only the stop flag. */
import { threadEntry } from '../runtime/thread-host.ts';
import { LOAD_BANK } from '../count/load.ts';
import { engineHas } from '../plan/engines.ts';
import { createClientEngine } from '../engine/registry.ts';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { MonotonicClock } from '../runtime/clock.ts';
import type { BodyPlaces, ClientEngine } from '../engine/seam/engine.ts';
import type { Clock } from '../runtime/clock.ts';
import { collectNow } from '../runtime/v8.ts';
import { reuseDelayNs } from '../kernel/proc.ts';
import { putFirst } from '../kernel/machine/priority.ts';
import { currentThreadId } from '../kernel/machine/thread-times.ts';
import { loadLibc, memoryOfThread } from '../kernel/libc.ts';
import { Recorder } from '../count/recorder.ts';
import { countAddresses } from '../plan/address/address-runs.ts';
import { readsHeads } from '../plan/exchange/answer-plan.ts';
import type { ClientPlan } from '../plan/plan.ts';
import { peakPerSec } from '../plan/load/offer.ts';
import { countOf, rateOf } from '../plan/fleet/share.ts';
import { scheduleOf } from '../schedule/round-schedule.ts';
import { Turns } from '../schedule/turns.ts';
import { createExecutor } from '../work/share.ts';
import { Wakers } from '../runtime/shared/wakers.ts';
import { AttemptTable } from './attempts.ts';
import { ResponseBodies } from './body/response-bodies.ts';
import { exchangeOf } from './exchange.ts';
import { GcWatch } from './gc-watch.ts';
import { Generator } from './generator.ts';
import { ResponseHeads } from './head/response-heads.ts';
import { Pacer, batchNsOf } from '../schedule/pacer.ts';
import { rehearse, type OwnParts } from './rehearsal.ts';
import { PortsInTurn, SourcePortAllocator, portsByRemainder, portsOfWorker, type PortSource } from './source-ports.ts';
import { Stages } from './stages.ts';
import type { FromWorker, RoundOrder, ToWorker, WorkerInit } from './worker-protocol.ts';

const { init, tell, fail, listen, close } = threadEntry<WorkerInit, ToWorker, FromWorker>();

/** The share of worker k where `total` is divided among `workers`. */
function shareOf(total: number, worker: number, workers: number): number {
  return Math.floor(total / workers) + (worker < total % workers ? 1 : 0);
}

/** How many source addresses there are; 0 where the kernel chooses. */
const WAKES_CHEAPLY = engineHas(init.engine, 'wakesCheaply');
const sourceCount = init.link === null ? init.sources.length : countAddresses(init.link.addresses);

/** The ports that this worker hands out; null where the kernel chooses them. */
function ownPorts({ sourcePorts, workers }: ClientPlan): Uint16Array | null {
  if (sourcePorts.kind === 'kernel' || sourceCount === 0) return null;
  const share = init.link === null ? portsOfWorker : portsByRemainder;
  return share(sourcePorts.ranges, init.worker, workers);
}

/** Who hands them out. `restNs`: how long a port rests that is left in TIME_WAIT. */
function createPorts(ports: Uint16Array | null, clock: Clock, restNs: number): PortSource | undefined {
  if (ports === null) return undefined;
  const own = { sources: sourceCount, ports, offset: Math.floor(init.portOffset * ports.length) };
  if (init.link !== null) return new PortsInTurn(own);
  return new SourcePortAllocator({ ...own, clock, restNs });
}

/** Whether the kernel chooses the port: it does where no source address is known beforehand. */
function mayMeetItself({ sourcePorts }: ClientPlan): boolean {
  return sourcePorts.kind === 'kernel' ? sourcePorts.mayMeetItself : sourceCount === 0;
}

/** The rate of the first round for each worker; null in closed loop. */
function offeredPerSec({ rates, share, workers }: ClientPlan): number | null {
  const [rate] = rates;
  const peak = rate === undefined ? null : rateOf(share, peakPerSec(rate));
  return peak === null ? null : peak / workers;
}

function pacerOf(order: RoundOrder): Pacer {
  const { rate, baseNs, warmupNs, durationNs, count, rampUpNs, rampDownNs, maxLagNs } = order;
  const { worker } = init;
  const { workers, share } = init.plan;
  return new Pacer({
    schedule: scheduleOf(order),
    turns: new Turns({ worker, workers, ...share }),
    baseNs,
    warmupNs: rampUpNs + warmupNs,
    durationNs,
    count: count !== null && rate === 'max' ? shareOf(countOf(share, count), worker, workers) : count,
    tailNs: rampDownNs,
    maxLagNs,
    batchNs: batchNsOf(rateOf(share, peakPerSec(rate)), workers, WAKES_CHEAPLY),
  });
}

function stagesOf({ exchangePerSec, isLed }: RoundOrder): Stages | undefined {
  if (exchangePerSec === null) return undefined;
  const { worker, plan, control } = init;
  const { workers, holdNs, share } = plan;
  const turns = { worker, workers, ...share };
  return new Stages({ control: new Int32Array(control), ...turns, ratePerSec: exchangePerSec, holdNs, isLed });
}

function createBodies({ body }: ClientPlan, capacity: number): ResponseBodies | undefined {
  if (init.sink === null) return undefined;
  const { share, jobs } = init.sink;
  const libc = !engineHas(init.engine, 'usesLibc') && share.wakers === null ? undefined : loadLibc();
  return new ResponseBodies({
    plan: body,
    capacity,
    libc,
    owner: init.worker,
    jobs,
    createExecutor: (handler, run, runAsync) =>
      createExecutor(share, { owner: init.worker, run, handler, runAsync, ...(libc !== undefined && { libc }) }),
  });
}

function createHeads(
  plan: ClientPlan,
  capacity: number,
  bodies: ResponseBodies | undefined,
): ResponseHeads | undefined {
  if (!readsHeads(plan)) return undefined;
  const libc = engineHas(init.engine, 'usesLibc') ? loadLibc() : undefined;
  return new ResponseHeads(
    { libc, capacity, isShared: !engineHas(init.engine, 'receivesSideBySide') },
    plan.answer,
    bodies?.places,
  );
}

/** Has the engine end its sleep when another thread has done something for this one. */
function watchSink(engine: ClientEngine): void {
  const wakers = init.sink?.share.wakers ?? null;
  if (wakers !== null) engine.watch(new Wakers(loadLibc(), wakers).readFd(init.worker));
}

/** What is sent in `connect` would be cut off by the close. */
function payloadOf({ finish, payload }: ClientPlan): Uint8Array {
  return finish.kind === 'connect' ? new Uint8Array() : payload;
}

function isHalfClose({ finish }: ClientPlan): boolean {
  return finish.kind === 'half-close';
}

interface Obedience {
  readonly prepare: () => void;
  readonly runRound: (order: RoundOrder) => Promise<void>;
  readonly end: () => void;
}

/** Follows messages until one says to leave. */
function obey({ prepare, runRound, end }: Obedience): void {
  listen((message) => {
    if (message.type === 'prepare') prepare();
    else if (message.type === 'round') runRound(message).catch(fail);
    else {
      end();
      close();
    }
  });
}

async function runFirst(engine: ClientEngine, generator: Generator): Promise<void> {
  const putBack = putFirst();
  try {
    await engine.run(generator);
  } finally {
    putBack();
  }
}

async function createEngine(clock: Clock, capacity: number, places: BodyPlaces | undefined): Promise<ClientEngine> {
  const { plan, engine, sources } = init;
  const created = await createClientEngine(engine, {
    target: plan.target,
    sources,
    payload: payloadOf(plan),
    halfClose: isHalfClose(plan),
    sendsWhenAsked: plan.isInStages,
    isFreebind: plan.isFreebind,
    mayMeetItself: mayMeetItself(plan),
    bodies: places,
    link: init.link ?? undefined,
    capacity,
    clock,
  });
  watchSink(created);
  return created;
}

/** All generators of the worker are made in this place, so that they have one shape. */
function generatorFactory(
  engine: ClientEngine,
  clock: Clock,
  heads: ResponseHeads | undefined,
): (own: OwnParts) => Generator {
  const { plan } = init;
  const exchange = exchangeOf(plan.finish, payloadOf(plan).length, plan.answer.minBytes);
  return (own) =>
    new Generator({
      engine,
      clock,
      sources: sourceCount,
      exchange,
      heads,
      halfClose: isHalfClose(plan),
      firstByteTimeoutNs: plan.body.firstByteTimeoutNs ?? Infinity,
      ...own,
    });
}

async function main(): Promise<void> {
  const { plan } = init;
  const clock = new MonotonicClock(init.baseNs);
  const capacity = shareOf(plan.maxInFlight, init.worker, plan.workers);
  const bodies = createBodies(plan, capacity);
  const heads = createHeads(plan, capacity, bodies);
  const engine = await createEngine(clock, capacity, bodies?.places ?? heads?.places);
  const attempts = new AttemptTable(capacity);
  const recorder = new Recorder(init.recorderMemory, clock, LOAD_BANK);
  const portNumbers = ownPorts(plan);
  const ports = createPorts(portNumbers, clock, reuseDelayNs(plan.target.address));
  const gc = new GcWatch();
  const createGenerator = generatorFactory(engine, clock, heads);

  let isWarm = bodies !== undefined || plan.isInStages;
  const prepare = (): void => {
    if (!isWarm) {
      const { responseBytes } = exchangeOf(plan.finish, payloadOf(plan).length);
      const offered = { ratePerSec: offeredPerSec(plan), responseBytes, wakesCheaply: WAKES_CHEAPLY };
      const portsFor = (restNs: number): PortSource | undefined => createPorts(portNumbers, clock, restNs);
      rehearse({ plan, engine, clock, createGenerator, capacity, createPorts: portsFor, ...offered });
    }
    isWarm = true;
    collectNow();
    tell({ type: 'prepared' });
  };

  const runRound = async (order: RoundOrder): Promise<void> => {
    const generator = createGenerator({
      plan,
      recorder,
      attempts,
      pacer: pacerOf(order),
      ports,
      bodies,
      control: new Int32Array(init.control),
      stages: stagesOf(order),
    });
    await runFirst(engine, generator);
    // Node hands over what it noted in the next turn of the loop.
    await nextTurn();
    const measuredNs = clock.now() - order.baseNs - order.rampUpNs - order.warmupNs;
    tell({ type: 'done', gc: gc.take(measuredNs / 1e6), endedNs: generator.endedNs });
  };

  obey({
    prepare,
    runRound,
    end: () => {
      gc.stop();
      engine.dispose();
      bodies?.dispose();
      heads?.dispose();
      // Threads of a sink may still read what was received.
      const isOurs = init.sink === null && engineHas(init.engine, 'usesLibc');
      tell({ type: 'left', memory: isOurs ? memoryOfThread() : [] });
    },
  });
  tell({ type: 'ready', threadId: currentThreadId() });
}

main().catch(fail);
