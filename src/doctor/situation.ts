/** What a check looks at: a plan, what it asks for, and the machine it is to run on. */
import { demandOf, type Demand } from '../plan/demand/demand.ts';
import type { ClientPlan } from '../plan/plan.ts';
import { countPorts, leftToOthers } from '../plan/ports/source-ports.ts';
import { countSources } from '../plan/address/sources.ts';
import { atLeast, type CheckResult } from './check.ts';
import type { Facts, QuickFacts } from './facts.ts';

export interface Situation<F extends QuickFacts = Facts> {
  readonly plan: ClientPlan;
  readonly demand: Demand;
  readonly facts: F;
  /** How many connections the limit of open files allows at the same time. */
  readonly affordable: number;
  /** `--max-in-flight`, where it was given. */
  readonly maxInFlightGiven: number | null;
}

/** A row of the table of checks. */
export interface CheckRow<F extends QuickFacts = Facts> {
  readonly id: string;
  /** What the check compares with what, for people. */
  readonly compares: string;
  /**
   * `sockets`: says nothing of an engine whose connections are no sockets of the kernel; `interface`: says something of such an engine
   * alone. Of any engine if left out.
   */
  readonly of?: 'sockets' | 'interface';
  readonly check: (situation: Situation<F>) => CheckResult;
}

/** What is asked for beside the plan. */
export type Asked = Pick<Situation, 'affordable' | 'maxInFlightGiven'>;

export function situationOf<F extends QuickFacts>(plan: ClientPlan, facts: F, asked: Asked): Situation<F> {
  return { plan, facts, ...asked, demand: demandOf(plan, facts.reuseDelayNs) };
}

/** Ports for each pair of a source and the target; undefined where the kernel's range matters and cannot be read. */
export function portsPerPair({ plan, facts }: Situation<QuickFacts>): number | undefined {
  const { sourcePorts } = plan;
  if (sourcePorts.kind === 'own') return countPorts(sourcePorts.ranges);
  const { localPorts, reservedPorts } = facts;
  return localPorts === undefined ? undefined : leftToOthers(sourcePorts, { localPorts, reservedPorts }).of;
}

/** Pairs of a source address and the target. */
export function pairsOf(plan: ClientPlan): number {
  return Math.max(1, countSources(plan.sources));
}

/** No more connections than these can be told apart, open or remembered. */
export function fourTuples(situation: Situation<QuickFacts>): number {
  return pairsOf(situation.plan) * (portsPerPair(situation) ?? 65_535);
}

/** Connections that are open or ended less than `ns` ago, at most: with `--rate max` every 4-tuple may be among them. */
export function remembered(situation: Situation<QuickFacts>, ns: number): number {
  const { demand } = situation;
  const tuples = fourTuples(situation);
  return demand.hasClosedLoop && ns > 0 ? Math.min(demand.attempts, tuples) : Math.min(demand.within(ns), tuples);
}

/** The command as the reader has to type it. It must not redirect: `writeFix` does that. */
export function asRoot(command: string, { privilege }: QuickFacts): string {
  return privilege.isRoot ? command : `sudo ${command}`;
}

/** The command that writes a value to a file of the kernel's. */
export function writeFix(value: string, path: string, { privilege }: QuickFacts): string {
  return privilege.isRoot ? `echo ${value} > ${path}` : `echo ${value} | sudo tee ${path}`;
}

/** The command that sets a sysctl to what is needed, or to more where the table of settings says more. */
export function sysctlFix(key: string, needed: number, facts: QuickFacts): string {
  const recommended = Number(facts.settings.get(key)?.value ?? 0);
  return asRoot(`sysctl -w ${key}=${Math.max(needed, recommended)}`, facts);
}

/**
 * A sysctl that should be `needed` or more: `why` in words of ours, and where it is too little the reason of the table of
 * settings too.
 */
export function sysctlAtLeast(
  key: string,
  has: {
    readonly value: number;
    readonly needed: number;
    readonly status?: 'warning' | 'problem';
    readonly set?: number;
  },
  why: string,
  facts: QuickFacts,
): CheckResult {
  const { value, needed, status = 'warning', set = needed } = has;
  return atLeast(
    value,
    needed,
    status,
    value < needed ? `${why} ${reasonOf(key, facts)}`.trim() : why,
    sysctlFix(key, set, facts),
  );
}

/** The sentence of the table of settings; empty where it has none. */
export function reasonOf(key: string, { settings }: QuickFacts): string {
  return settings.get(key)?.reason ?? '';
}

/** Whether a check says something of the engine of a plan. */
export function appliesTo({ of }: Pick<CheckRow, 'of'>, { packet }: Pick<ClientPlan, 'packet'>): boolean {
  return of === undefined || (of === 'interface') === (packet !== null);
}
