/** What a round says of its agents, one by one. */
import type { Finding, Verdict } from '../../document/common.ts';
import type { AgentRound, LostAgent } from '../../document/fleet.ts';
import type { KernelEvidence } from '../../document/kernel-evidence.ts';
import type { PacketEvidence } from '../../document/packet-evidence.ts';
import { partOf } from '../../plan/fleet/share.ts';
import type { AgentTold, RoundPlace } from '../../run/events.ts';
import type { Driven } from './drive.ts';
import type { Lanes } from './lanes.ts';
import type { Member } from './member.ts';

/** What an agent's own result of a round has, of connections or of pings, as far as the whole needs it. */
interface OwnRound {
  readonly verdict: Verdict;
  readonly findings?: readonly Finding[];
  readonly kernel?: KernelEvidence;
  readonly packet?: PacketEvidence;
}

/** Returns each agent's part of a round that is over, in the order of their turns. */
export function agentRounds(members: readonly Member[], lanes: Lanes, driven: Driven): AgentRound[] {
  return members.map((member): AgentRound => {
    const own = driven.results.get(member) as OwnRound | undefined;
    const counts = lanes.countsOf(member);
    const clock = driven.baseNs === null ? undefined : driven.clocks.get(member);
    const isIdle = lanes.hasNothing(member);
    return {
      name: member.name,
      share: partOf(member.share),
      clock_error_ns: clock === undefined ? null : Math.round(clock.errorNs),
      clock_drift_ns: clock === undefined ? null : Math.round(clock.driftNs),
      scheduled: counts.scheduled,
      started: counts.started,
      missed: counts.missed,
      lag_p99_ns: counts.lag.p99Ns,
      reports_missing: driven.missing.get(member) ?? 0,
      lost: member.why === null ? null : lostAgent(member, member.why, lanes),
      // An agent without a slot has measured nothing, and nothing was asked of it.
      verdict: isIdle ? null : (own?.verdict ?? null),
      findings: own?.findings ?? [],
      ...(own?.kernel === undefined ? {} : { kernel: own.kernel }),
      ...(own?.packet === undefined ? {} : { packet: own.packet }),
    };
  });
}

function lostAgent(member: Member, why: string, lanes: Lanes): LostAgent {
  const { lost, unreported } = lanes.countsOf(member);
  return { why, reported_sec: reportedSec(member, lanes), missed: lost, unreported };
}

function reportedSec(member: Member, lanes: Lanes): number | null {
  const ns = lanes.reachedNs(member);
  return Number.isFinite(ns) && ns > 0 ? Math.round(ns / 1e6) / 1e3 : null;
}

/** Returns what an agent is doing, for those who watch the run. */
export function agentTold(
  place: RoundPlace,
  member: Member,
  lanes: Lanes,
  state: AgentTold['state'],
  clockErrorNs: number,
): AgentTold {
  const { scheduled, started, missed, lag } = lanes.countsOf(member);
  const reached = lanes.reachedNs(member);
  return {
    type: 'agent',
    ...place,
    agent: member.name,
    share: partOf(member.share),
    state: member.isLost ? 'lost' : state,
    why: member.why,
    second: Number.isFinite(reached) && reached > 0 ? Math.ceil(reached / 1e9) - 1 : null,
    scheduled,
    started,
    missed,
    lagP99Ns: lag.p99Ns,
    clockErrorNs,
  };
}
