/** Plans `conngen client`: from the options to a checked plan, or to every problem with them. */
import type { ClientConfig, RateConfig } from '../document/config.ts';
import { engineHas, preferredEngines, type EngineChoice } from './engines.ts';
import { answerConfig, planAnswer, type AnswerInput } from './exchange/answer-plan.ts';
import { nothingHeld } from './exchange/finish.ts';
import { bodyConfig, planBody, type BodyInput } from './exchange/body-plan.ts';
import type { PlannedLoad } from './demand/demand.ts';
import { planSources, planTarget, type EndpointsInput } from './address/endpoints.ts';
import { planClientPacket } from './packet/packet-client-plan.ts';
import {
  checkPacketBytes,
  checkThreads,
  packetConfig,
  threadsOf,
  type ChosenInterface,
  type PacketInput,
} from './packet/packet-plan.ts';
import { engineFor, permitNotices } from './work.ts';
import { loadFromDisk, makePayload, type LoadFile } from './exchange/payload.ts';
import { isExplicit, problemOf, type Given, type Problem } from '../units/problem.ts';
import { checkBesideOffer, peakPerSec, planOffer, type OfferInput } from './load/offer.ts';
import type { ClientPlan, RoundRate } from './plan.ts';
import { plainClientConfig, plainClientPlan, type PlainClientInput } from './client-options.ts';
import { NS_PER_SEC } from '../units/quantity.ts';
import { checkSourcePorts, planSourcePorts } from './ports/planned-ports.ts';
import { formatSourcePorts, type PortChoice } from './ports/source-ports.ts';
import { formatSources } from './address/sources.ts';
import type { Machine, Planned } from './demand/machine.ts';
import { FDS_RESERVED, affordableSlots, checkAffordable, descriptorsFor } from './demand/open-files.ts';
import { ALL_PORTS, WHOLE, countOf, ownOf, rateOf, shareConfig, type PortsPart, type Share } from './fleet/share.ts';

/** The options of a client run, each parsed by itself. Those with a default are always there. */
export interface ClientInput extends PlainClientInput, OfferInput, BodyInput, AnswerInput, EndpointsInput, PacketInput {
  readonly payload?: Given<string> | undefined;
  readonly 'payload-size'?: Given<number> | undefined;
  readonly 'source-ports'?: Given<PortChoice> | undefined;
  readonly 'max-in-flight'?: Given<number> | undefined;
  readonly workers: Given<number | 'auto'>;
  readonly histograms: Given<boolean>;
  readonly engine: Given<EngineChoice>;
}

const MAX_IN_FLIGHT_CLOSED_LOOP = 100;
const AUTO_IN_FLIGHT_MIN = 1000;

/** The time of an exchange with a target that answers immediately, rounded up. */
const QUICK_EXCHANGE_SEC = 0.1;
/** What one worker starts per second with ease; beyond it `auto` takes another. */
const RATE_PER_WORKER = 25_000;
/** The same of an engine whose connections are its own. */
const OWN_RATE_PER_WORKER = 100_000;
const WORKERS_PER_CPU = 4;

/**
 * Checks everything and opens nothing for writing. Complete: every problem is in the list. `isRateKnown` is false where
 * trials find the rate, and the given one is only the highest. `share` and `portsPart`: what is this machine's where several have one
 * schedule.
 */
export async function clientPlan(
  input: ClientInput,
  machine: Machine,
  isRateKnown = true,
  share: Share = WHOLE,
  portsPart: PortsPart = ALL_PORTS,
): Promise<Planned<ClientPlan>> {
  const problems: Problem[] = [];
  const notices: string[] = [];
  const sources = await planSources(input, machine, problems);
  const { host, target, asked } = await planTarget(input, machine, problems, notices);
  const { chosen, packet } = await planClientPacket(input, machine, { sources, target, asked }, problems);
  const loadFile = machine.loadFile ?? loadFromDisk;
  const payload = await planPayload(input, loadFile, problems, notices);
  checkSourcePorts(input['source-ports'], machine, problems);
  const { rates, durationNs, count } = planOffer(input, problems);
  checkBesideOffer(input, rates, problems);
  const body = await planBody(input, payload, loadFile, problems);
  const answer = await planAnswer(input, payload, loadFile, problems);
  const affordable = affordableInFlight(input, machine);
  const peaks = rates.map((rate) => rateOf(share, peakPerSec(rate)));
  const maxInFlight = planMaxInFlight(input, { peaks, share, affordable }, machine, problems, notices);
  const workers = planWorkers(input, peaks, maxInFlight, machine, chosen, problems);
  const engine = engineFor(input['sink-strategy'], input.engine, problems, notices);
  notices.push(...permitNotices(input['sink-strategy'], workers, 'worker'));
  if (problems.length > 0 || target === null) return { problems };
  const load: PlannedLoad = {
    ...plainClientPlan(input),
    share,
    host,
    target,
    rates,
    durationNs,
    count,
    payloadFile: input.payload?.value ?? null,
    payload,
    body,
    answer,
    sources,
    isFreebind: input.freebind.value,
    isInStages: false,
    maxInFlight,
    isFdBound: maxInFlight >= affordable,
    workers,
    keepsHistograms: input.histograms.value,
    engine,
    packet,
  };
  const sourcePorts = await planSourcePorts(input['source-ports'], { load, isRateKnown, portsPart }, machine, problems);
  if (problems.length > 0) return { problems };
  const unheld = nothingHeld(load.finish.kind, load.holdNs > 0);
  if (unheld !== null) notices.push(`${input.hold.label} ${input.hold.text}: ${unheld}`);
  return { plan: Object.freeze({ ...load, sourcePorts }), notices };
}

/** Returns the `config` of a result: every option as it took effect. */
export function clientConfig(plan: ClientPlan): ClientConfig {
  return {
    host: plan.host,
    address: plan.target.address,
    port: plan.target.port,
    ...(plan.fleet === undefined ? {} : { fleet: plan.fleet }),
    rates_per_sec: plan.rates.map(rateConfig),
    ...(plan.count === null
      ? { duration_sec: plan.durationNs / NS_PER_SEC }
      : { duration_sec: null, count: plan.count }),
    ...plainClientConfig(plan),
    payload_file: plan.payloadFile,
    payload_bytes: plan.payload.length,
    ...bodyConfig(plan.body),
    ...answerConfig(plan.answer),
    sources: formatSources(plan.sources),
    ...(plan.isFreebind ? { freebind: true } : {}),
    source_ports: formatSourcePorts(plan.sourcePorts),
    ...(plan.keepsHistograms ? { histograms: true } : {}),
    max_in_flight: plan.maxInFlight,
    workers: plan.workers,
    ...shareConfig(plan.share),
    engine: plan.engine,
    ...packetConfig(plan.packet),
  };
}

function rateConfig(rate: RoundRate): RateConfig {
  return typeof rate === 'object' ? { from: rate.fromPerSec, to: rate.toPerSec } : rate;
}

async function planPayload(
  input: ClientInput,
  loadFile: LoadFile,
  problems: Problem[],
  notices: string[],
): Promise<Uint8Array<SharedArrayBuffer>> {
  const { payload: file, 'payload-size': size } = input;
  if (file !== undefined && size !== undefined) {
    problems.push(problemOf(size, `to be left out beside ${file.label} ${file.text}`));
  }
  let payload = makePayload(file === undefined ? (size?.value ?? 0) : 0);
  if (file !== undefined) {
    const loaded = await loadFile('payload', file.value);
    if (loaded.ok) payload = loaded.value;
    else problems.push(problemOf(file, loaded.expected));
  }
  checkPacketBytes(file ?? size, payload.length, input.engine.value, problems);
  if (input.finish.value.kind === 'connect' && payload.length > 0) {
    notices.push(
      `--finish connect closes before anything is sent: the ${payload.length} bytes of payload are not used`,
    );
    return makePayload(0);
  }
  return payload;
}

/** How many connections a client can have open at the same time with the machine's limit of open files. */
export function affordableInFlight(input: ClientInput, machine: Machine): number {
  const hasOwnConnections = engineHas(input.engine.value, 'hasOwnConnections');
  // Too little for the margin: half of it is what one worker needs.
  if (!hasOwnConnections && machine.fdLimit < 2 * FDS_RESERVED) return descriptorsFor(machine.fdLimit);
  const threads = input.workers.value === 'auto' ? machine.cpus : input.workers.value;
  // It is shut down by descriptor (see the engine).
  const isHalfClosed = input.finish.value.kind === 'half-close';
  const engine = input.engine.value === 'auto' ? preferredEngines(input.sink.value)[0]! : input.engine.value;
  const slots = affordableSlots(machine, FDS_RESERVED, engine, threads, isHalfClosed);
  if (input.sink.value.kind !== 'file' && input['max-memory'] === undefined) return slots;
  // Each connection may need a descriptor for a file of its own.
  const ordinary = machine.fdLimit - FDS_RESERVED;
  return slots > ordinary ? ordinary : Math.floor(ordinary / 2);
}

/** What the number of connections of a machine depends on, for its part of the schedule. */
interface PlannedPart {
  /** The highest rate of each round; null in closed loop. */
  readonly peaks: readonly (number | null)[];
  readonly share: Share;
  readonly affordable: number;
}

function planMaxInFlight(
  input: ClientInput,
  { peaks, share, affordable }: PlannedPart,
  machine: Machine,
  problems: Problem[],
  notices: string[],
): number {
  const given = input['max-in-flight'];
  if (affordable < 1) {
    const expected = `at least ${FDS_RESERVED + MAX_IN_FLIGHT_CLOSED_LOOP} open files (ulimit -n 65536)`;
    problems.push({ option: 'ulimit -n', got: String(machine.fdLimit), expected });
    return given?.value ?? 1;
  }
  const numericRates = peaks.filter((rate) => rate !== null);
  if (given !== undefined) {
    const own = ownOf(given, share, problems);
    checkAffordable(own, affordable, FDS_RESERVED, machine, problems);
    return own.value;
  }
  const closedLoop = Math.min(Math.max(1, countOf(share, MAX_IN_FLIGHT_CLOSED_LOOP)), affordable);
  if (numericRates.length === 0) return closedLoop;
  if (numericRates.length < peaks.length) {
    notices.push(
      `--max-in-flight is ${MAX_IN_FLIGHT_CLOSED_LOOP} in every round, because one of them is --rate max: give it to have more`,
    );
    return closedLoop;
  }
  // As many as are open at the same time when each of them runs into its timeout.
  const lifeSec = (input.timeout.value + input.hold.value) / NS_PER_SEC + 1;
  const peak = Math.max(...numericRates);
  // That alone is not worth a thread more: it would take a core from the others, for a target that answers nothing.
  const most =
    input.workers.value === 'auto' && !engineHas(input.engine.value, 'hasOwnConnections')
      ? machine.fdLimit * threadsFor(peak, input.hold.value, machine)
      : Infinity;
  return Math.min(affordable, most, Math.max(AUTO_IN_FLIGHT_MIN, Math.ceil(peak * lifeSec)));
}

/** How many threads a rate takes, and what it holds: no thread can have more open than the limit of files allows. */
function threadsFor(ratePerSec: number, holdNs: number, machine: Machine): number {
  const openAtLeast = ratePerSec * (holdNs / NS_PER_SEC + QUICK_EXCHANGE_SEC);
  const wanted = Math.max(Math.ceil(ratePerSec / RATE_PER_WORKER), Math.ceil(openAtLeast / machine.fdLimit));
  return Math.max(1, Math.min(machine.cpus, wanted));
}

function planWorkers(
  input: ClientInput,
  peaks: readonly (number | null)[],
  maxInFlight: number,
  machine: Machine,
  chosen: ChosenInterface | null,
  problems: Problem[],
): number {
  const given = input.workers;
  if (given.value === 'auto') {
    const hasOwn = engineHas(input.engine.value, 'hasOwnConnections');
    const perWorker = hasOwn ? OWN_RATE_PER_WORKER : RATE_PER_WORKER;
    const wanted = peaks.map((peak) => Math.ceil((peak ?? 1) / perWorker));
    // No thread can have more open than the limit of files allows.
    if (!hasOwn) wanted.push(Math.ceil(maxInFlight / machine.fdLimit));
    return Math.max(1, Math.min(machine.cpus, maxInFlight, threadsOf(chosen), Math.max(...wanted)));
  }
  checkThreads(given, given.value, chosen, problems);
  const most = WORKERS_PER_CPU * machine.cpus;
  if (given.value > most) {
    problems.push(
      problemOf(given, `at most ${most}, which is ${WORKERS_PER_CPU} for each of the ${machine.cpus} cores`),
    );
  } else if (given.value > maxInFlight && isExplicit(given)) {
    problems.push(problemOf(given, `at most as many as are in flight (${maxInFlight})`));
  }
  return given.value;
}
