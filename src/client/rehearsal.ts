/**
 * Warms a worker up before its first round: the generator, the recorder and the engine work at full speed on connections that go
 * nowhere, so that V8 has compiled them when the first slot is due. Without it the first second has a schedule lag several
 * times as long as the others.
 */
import { LOAD_BANK } from '../count/load.ts';
import type { ClientEngine } from '../engine/seam/engine.ts';
import type { Clock } from '../runtime/clock.ts';
import { Recorder } from '../count/recorder.ts';
import { createRecorderMemory } from '../count/bank.ts';
import type { ClientPlan } from '../plan/plan.ts';
import { batchNsOf, Pacer } from '../schedule/pacer.ts';
import { ROUND_WORDS } from '../runtime/round-control.ts';
import { ConstantRate } from '../schedule/schedule.ts';
import { Turns } from '../schedule/turns.ts';
import { AttemptTable } from './attempts.ts';
import type { Generator, GeneratorOptions } from './generator.ts';
import type { PortSource } from './source-ports.ts';

/** What a generator of a worker has for itself; the rest of its options is the same in every round. */
export type OwnParts = Pick<
  GeneratorOptions,
  'plan' | 'recorder' | 'attempts' | 'pacer' | 'ports' | 'bodies' | 'control' | 'stages'
>;

export interface Rehearsed {
  readonly plan: GeneratorOptions['plan'] & Pick<ClientPlan, 'payload' | 'packet'>;
  readonly engine: ClientEngine;
  readonly clock: Clock;
  /**
   * Makes the generators of the worker's rounds, too: objects that are made in one place have one shape, and V8 would give up code
   * that was compiled for another.
   */
  readonly createGenerator: (own: OwnParts) => Generator;
  /** The worker's share of slots. */
  readonly capacity: number;
  /** Makes what hands out the worker's share of ports, each after a rest; undefined where the kernel chooses them. */
  readonly createPorts: (restNs: number) => PortSource | undefined;
  /** How many attempts a second the round offers this worker at most; null in closed loop. */
  readonly ratePerSec: number | null;
  /** A trait of the engine. */
  readonly wakesCheaply: boolean;
  /** The size of a complete response; Infinity where the peer's end completes it. */
  readonly responseBytes: number;
}

/** The size of a response to `--finish eof` and `half-close`, which is not known beforehand. */
const RESPONSE_BYTES = 512;
/** Longer ones take more receives of the same code. */
const RESPONSE_MAX_BYTES = 64 * 1024;
/** 4 000 connections in 80 ms: V8 has compiled everything after about 3 000. */
const RATE_PER_SEC = 50_000;
const BURSTS_NS = 80e6;
/** Then some at the rate of the round, with the waits in between. */
const PACED_NS = 40e6;
const PACED_MOST_PER_SEC = 20_000;
/** Enough for what is in flight without a network. */
const SLOTS = 512;
/** What they may have under way where an engine rehearses with segments in memory: more would be lost, and sent again after 200 ms. */
const BYTES_UNDER_WAY = 512 * 1024;
const RELEASED_NS = 1e9;

/** Rehearses, if the engine can do so here. Takes 50 to 150 ms, and its only effect is compiled code. */
export function rehearse(worker: Rehearsed): void {
  const { engine, ratePerSec } = worker;
  if (engine.rehearse === undefined) return;
  const bursts = ratePerSec === null ? null : RATE_PER_SEC;
  if (!runRehearsal(engine, worker, bursts, BURSTS_NS)) return;
  if (ratePerSec !== null) runRehearsal(engine, worker, Math.min(PACED_MOST_PER_SEC, ratePerSec), PACED_NS);
}

function runRehearsal(engine: ClientEngine, worker: Rehearsed, ratePerSec: number | null, durationNs: number): boolean {
  const { plan, clock, capacity, createPorts } = worker;
  const responseBytes =
    worker.responseBytes === Infinity ? RESPONSE_BYTES : Math.min(worker.responseBytes, RESPONSE_MAX_BYTES);
  const slots = plan.packet === null ? SLOTS : Math.ceil(BYTES_UNDER_WAY / (plan.payload.length + responseBytes));
  const attempts = new AttemptTable(Math.min(capacity, SLOTS, slots));
  const pacer = new Pacer({
    schedule: ratePerSec === null ? null : new ConstantRate(ratePerSec),
    turns: new Turns({ worker: 0, workers: 1 }),
    baseNs: clock.now(),
    warmupNs: 0,
    durationNs,
    batchNs: batchNsOf(worker.ratePerSec, 1, worker.wakesCheaply),
  });
  const generator = worker.createGenerator({
    plan: { ...plan, holdNs: 0 },
    recorder: new Recorder(createRecorderMemory(LOAD_BANK), clock, LOAD_BANK, false),
    attempts,
    pacer,
    ports: createPorts(RELEASED_NS),
    bodies: undefined,
    control: new Int32Array(new SharedArrayBuffer(4 * ROUND_WORDS)),
    stages: undefined,
  });
  return engine.rehearse!(generator, responseBytes);
}
