/** Makes the result of a round from what was measured: figures, verdict and findings. */
import { reuseDelayNs } from '../kernel/proc.ts';
import type { AnswerFacts, PortFacts, RoundFacts, TargetFacts, WorkerDeath } from '../judge/facts.ts';
import { findingsOf } from '../judge/findings.ts';
import { countByOwner } from '../document/outcome.ts';
import type { RoundResult } from '../document/client.ts';
import type { WorkResult } from '../document/common.ts';
import { roundCounts, type LoadRound } from '../count/load.ts';
import { CLIENT_RULES } from '../judge/rules/client.ts';
import { judge } from '../judge/verdict.ts';
import { formatHostPort, isOwnAddress } from '../plan/address/address.ts';
import { staysOpen } from '../plan/exchange/finish.ts';
import { leavesTimeWait } from '../plan/demand/demand.ts';
import { meanPerSec, peakPerSec } from '../plan/load/offer.ts';
import { rateOf, type Share } from '../plan/fleet/share.ts';
import { expectsResponse, hasStatus, sendsPayload } from '../plan/exchange/answer-plan.ts';
import { countForeign, PACKET_REST_NS } from '../plan/packet/packet-plan.ts';
import type { ClientPlan, Ramp, RoundRate } from '../plan/plan.ts';
import { countPorts } from '../plan/ports/source-ports.ts';
import { batchNsOf } from '../schedule/pacer.ts';
import { engineHas } from '../plan/engines.ts';
import type { GcUse } from './gc-watch.ts';
import type { RoundEvidence } from './round-watch.ts';

export interface MeasuredRound {
  readonly plan: ClientPlan;
  readonly merger: LoadRound;
  readonly rate: RoundRate;
  /** Null where the round is not in stages. */
  readonly exchangePerSec: number | null;
  /** The round is a trial of a search or a step of a saturation. */
  readonly isTrial: boolean;
  readonly durationNs: number;
  /** Whether the user ended the round before its time. */
  readonly isStopped: boolean;
  /** How long this process was stopped by a signal, and then went on. */
  readonly stoppedNs?: number;
  readonly evidence: RoundEvidence;
  /** The attempts that the processor time was used for, where it is not known for all that were started. */
  readonly cpuStarted?: number;
  /** One entry a worker. */
  readonly gc: readonly (GcUse | undefined)[];
  readonly workersDied: number;
  readonly death?: WorkerDeath | undefined;
  /** What keeping the responses took; undefined where there is nothing to tell. */
  readonly sinkWork: WorkResult | undefined;
  /** The rounds of the run before this one. */
  readonly earlier: readonly RoundResult[];
}

/** Makes the result. `facts` are what the verdict is reached from, where a caller knows more than the round shows. */
export function roundResult(round: MeasuredRound, facts: RoundFacts = roundFacts(round)): RoundResult {
  const { plan, merger, rate, exchangePerSec, durationNs, evidence, sinkWork } = round;
  const { total: tally, histograms } = merger;
  const { cpu, kernel, packet } = evidence;
  const cpuStarted = round.cpuStarted ?? tally.started;
  const verdict = judge(CLIENT_RULES, facts);
  const durationSec = durationNs / 1e9;
  const perSec = (count: number): number => (durationSec > 0 ? Math.round((count / durationSec) * 10) / 10 : 0);
  const { attempts, outcomes, errno, latency_ns, bytes, ...more } = roundCounts(tally, merger.inFlightPeak, {
    hasPayload: sendsPayload(plan),
    hasStatus: hasStatus(plan),
    hasFirstByteTimeout: plan.body.firstByteTimeoutNs !== null,
    keepsBodies: plan.body.sink.kind !== 'null',
    isHeld: plan.holdNs > 0 && staysOpen(plan.finish),
    exchangePerSec,
  });
  return {
    offered_rate_per_sec: facts.offeredRatePerSec,
    ...(typeof rate === 'object' ? { ramp: rampOf(rate, plan.share) } : {}),
    duration_sec: Math.round(durationSec * 1e6) / 1e6,
    attempts,
    outcomes,
    owners: countByOwner(outcomes, tally.missed),
    errno,
    rate_per_sec: {
      started: perSec(tally.started),
      established: perSec(tally.established),
      completed: perSec(tally.ok),
    },
    latency_ns,
    ...(histograms === undefined ? {} : { histograms }),
    bytes,
    ...more,
    ...(sinkWork === undefined ? {} : { sink_work: sinkWork }),
    cpu: {
      user_usec: cpu.user,
      system_usec: cpu.system,
      usec_per_connection: cpuStarted > 0 ? Math.round(((cpu.user + cpu.system) / cpuStarted) * 100) / 100 : 0,
    },
    workers: facts.workers,
    ...(kernel === undefined ? {} : { kernel }),
    ...(packet === undefined ? {} : { packet }),
    intervals: merger.intervals,
    verdict,
    findings: findingsOf(facts, verdict),
  };
}

function rampOf({ fromPerSec, toPerSec }: Ramp, share: Share): NonNullable<RoundResult['ramp']> {
  return { from_per_sec: rateOf(share, fromPerSec), to_per_sec: rateOf(share, toPerSec) };
}

/** Returns what the verdict and the findings of a round are reached from. */
export function roundFacts({
  plan,
  merger,
  rate,
  evidence,
  gc,
  earlier,
  isTrial,
  isStopped,
  stoppedNs,
  workersDied,
  death,
}: MeasuredRound): RoundFacts {
  return {
    tally: merger.total,
    intervals: merger.intervals,
    offeredRatePerSec: rateOf(plan.share, meanPerSec(rate)),
    maxInFlight: plan.maxInFlight,
    isFdBound: plan.isFdBound,
    workers: merger.workers.map((counts, worker) => ({ ...counts, ...evidence.threads[worker], ...gc[worker] })),
    workersDied,
    death,
    kernel: evidence.kernel,
    coresBusy: evidence.coresBusy,
    packet: evidence.packet,
    sources: countForeign(plan.packet?.addresses ?? []),
    batchNs: batchNsOf(rateOf(plan.share, peakPerSec(rate)), plan.workers, engineHas(plan.engine, 'wakesCheaply')),
    timeoutNs: plan.timeoutNs,
    ports: portFacts(plan),
    target: targetFacts(plan),
    answer: answerFacts(plan),
    isTrial,
    isStopped,
    stoppedNs,
    earlier: earlier.map((before) => ({
      offeredRatePerSec: before.offered_rate_per_sec,
      totalP50Ns: before.latency_ns.total.p50,
      ok: before.outcomes.ok,
      isValid: before.verdict.status === 'valid',
    })),
  };
}

function portFacts({ sourcePorts, target, finish, close, holdNs, packet }: ClientPlan): PortFacts {
  const restsInTimeWait = leavesTimeWait(finish, close);
  return {
    perSource: sourcePorts.kind === 'kernel' ? null : countPorts(sourcePorts.ranges),
    reuseDelayNs: packet === null ? reuseDelayNs(target.address) : PACKET_REST_NS,
    wouldResetHelp: restsInTimeWait && !leavesTimeWait(finish, 'rst'),
    restsInTimeWait,
    isHeld: holdNs > 0,
  };
}

function answerFacts({ finish, payload, answer }: ClientPlan): AnswerFacts {
  return { finish: finish.kind, payloadBytes: payload.length, isExpected: expectsResponse(answer) };
}

function targetFacts({ host, target }: ClientPlan): TargetFacts {
  return {
    label: formatHostPort(host, target.port),
    isLocal: isOwnAddress(target.address),
    otherAddress: target.otherAddress,
  };
}
