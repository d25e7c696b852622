/** What the view on a whole terminal has to know of each plan. */
import type { PlannedLab } from '../lab/plan.ts';
import { isDone } from '../document/lab.ts';
import type { SaturatePlan } from '../limit/plan/saturate.ts';
import type { SearchPlan } from '../limit/plan/search.ts';
import { formatHostPort } from '../plan/address/address.ts';
import { leavesTimeWait } from '../plan/demand/demand.ts';
import { roundDurationNs } from '../plan/load/offer.ts';
import type { RttPlan } from '../plan/ping-plan.ts';
import type { ClientPlan } from '../plan/plan.ts';
import type { Machine } from '../plan/demand/machine.ts';
import { PACKET_REST_NS } from '../plan/packet/packet-plan.ts';
import { countSources } from '../plan/address/sources.ts';
import { countPorts } from '../plan/ports/source-ports.ts';
import type { LivePlan, LivePorts } from '../view/live/tui/plan.ts';
import { thresholdsOf, type ThresholdInput } from './threshold-input.ts';

interface Started<Plan> {
  readonly input: ThresholdInput;
  readonly plan: Plan;
  readonly machine: Machine;
}

export function clientLivePlan({ input, plan, machine }: Started<ClientPlan>): LivePlan {
  const roundsSec = plan.rates.map((rate) => {
    // N attempts as fast as possible take as long as they take.
    return plan.count !== null && rate === 'max' ? null : roundDurationNs(plan, rate) / 1e9;
  });
  const ramp = plan.rates.find((rate) => typeof rate === 'object') ?? null;
  return { ...loadPart(plan, machine), command: 'client', roundsSec, ramp, thresholds: thresholdsOf(input).failIf };
}

export function searchLivePlan({ input, plan, machine }: Started<SearchPlan>): LivePlan {
  const { client } = plan.measures[0]!;
  return { ...loadPart(client, machine), command: 'search', roundsSec: [], thresholds: thresholdsOf(input).failIf };
}

export function saturateLivePlan({ input, plan, machine }: Started<SaturatePlan>): LivePlan {
  const thresholds = thresholdsOf(input).failIf;
  return { ...loadPart(plan.client, machine), command: 'saturate', roundsSec: [], thresholds };
}

export function rttLivePlan({ plan }: { readonly plan: RttPlan }): LivePlan {
  return {
    command: 'rtt',
    target: formatHostPort(plan.host, plan.target.port),
    warmupSec: plan.warmupNs / 1e9,
    roundsSec: plan.rates.map(() => plan.durationNs / 1e9),
    ramp: null,
    rampUpSec: 0,
    thresholds: [],
    ports: null,
    lab: null,
  };
}

export function labLivePlan({ plan }: { readonly plan: PlannedLab }): LivePlan {
  const { lab, cells, before } = plan;
  return {
    command: 'lab',
    target: lab.name,
    warmupSec: 0,
    roundsSec: [],
    ramp: null,
    rampUpSec: 0,
    thresholds: [],
    ports: null,
    lab: { description: lab, total: cells.length, before: before?.cells.filter(isDone).length ?? 0 },
  };
}

function loadPart(plan: ClientPlan, machine: Machine): Omit<LivePlan, 'command' | 'roundsSec' | 'thresholds'> {
  return {
    target: formatHostPort(plan.host, plan.target.port),
    warmupSec: (plan.rampUpNs + plan.warmupNs) / 1e9,
    ramp: null,
    rampUpSec: plan.rampUpNs / 1e9,
    ports: portsOf(plan, machine),
    lab: null,
  };
}

/** What the plan may use, and how long each port rests. Null where the kernel chooses. */
function portsOf(plan: ClientPlan, machine: Machine): LivePorts | null {
  const { sourcePorts, sources, target, finish, close, packet } = plan;
  if (sourcePorts.kind === 'kernel') return null;
  const delayNs = packet === null ? (machine.reuseDelayNs?.(target.address) ?? 0) : PACKET_REST_NS;
  const restNs = leavesTimeWait(finish, close) ? delayNs : 0;
  return { total: countPorts(sourcePorts.ranges) * Math.max(1, countSources(sources)), restSec: restNs / 1e9 };
}
