/** Makes the result of a round of pings from what was measured: figures and verdict. */
import { PINGS_SENT, PINGS_UNSENDABLE, type PingRound } from '../count/ping.ts';
import type { AgentRound } from '../document/fleet.ts';
import type { RttRound } from '../document/rtt.ts';
import { PING_RULES } from '../judge/rules/ping.ts';
import { judge } from '../judge/verdict.ts';
import { formatHostPort } from '../plan/address/address.ts';
import type { RttPlan } from '../plan/ping-plan.ts';

export interface MeasuredPings {
  readonly plan: RttPlan;
  /** Which of the plan's rounds it is. */
  readonly index: number;
  readonly pings: PingRound;
  /** Null in closed loop. */
  readonly offeredPerSec: number | null;
  readonly connections: RttRound['connections'];
  readonly errno: RttRound['errno'];
  readonly durationNs: number;
  /** Whether the user ended the round before its time. */
  readonly isStopped: boolean;
  readonly cpu: NodeJS.CpuUsage;
  /** The pings that the processor time was used for, where it is not known for all that were sent. */
  readonly cpuSent?: number;
  /** The most pings that can be under way at the same time. */
  readonly inFlightLimit: number;
  /** The agents of a fleet; left out where this machine measured. */
  readonly agents?: readonly AgentRound[];
}

export function pingRoundResult(measured: MeasuredPings): RttRound {
  const { plan, pings, offeredPerSec, connections, errno, durationNs, cpu, inFlightLimit, agents, isStopped } =
    measured;
  const { total, intervals, inFlightPeak, histograms } = pings;
  const counts = total.counts();
  const durationSec = durationNs / 1e9;
  const sent = total.get(PINGS_SENT);
  const cpuSent = measured.cpuSent ?? sent;
  const round = {
    offered_rate_per_sec: offeredPerSec,
    achieved_rate_per_sec: durationSec > 0 ? Math.round((sent / durationSec) * 1000) / 1000 : 0,
    duration_sec: Math.round(durationSec * 1e6) / 1e6,
    ...counts,
    ...(histograms === undefined ? {} : { histograms }),
    in_flight_max: inFlightPeak,
    connections,
    errno,
    bytes: { sent: counts.sent * plan.sizeBytes, received: counts.received * plan.sizeBytes },
    ...total.latencies(),
    ...(agents === undefined ? {} : { agents }),
  };
  return {
    ...round,
    cpu: {
      user_usec: cpu.user,
      system_usec: cpu.system,
      usec_per_ping: cpuSent > 0 ? Math.round(((cpu.user + cpu.system) / cpuSent) * 100) / 100 : 0,
    },
    intervals,
    verdict: judge(PING_RULES, {
      round,
      inFlightLimit,
      target: formatHostPort(plan.host, plan.target.port),
      otherAddress: plan.target.otherAddress,
      isUdp: plan.protocol === 'udp',
      isStopped,
      unsendable: total.get(PINGS_UNSENDABLE),
    }),
  };
}
