/** The table of checks, in the order of reports, and what goes through it. */
import { machineSystem } from '../document/system.ts';
import { clientConfig } from '../plan/client-plan.ts';
import type { ClientPlan } from '../plan/plan.ts';
import { VERSION } from '../units/version.ts';
import { worstOf } from './check.ts';
import { type Check, type DoctorResult } from '../document/doctor.ts';
import { readFacts, readQuickFacts, type Facts, type QuickFacts } from './facts.ts';
import { FILE_CHECKS, SYSTEM_FILE_CHECKS } from './files.ts';
import { PORT_CHECKS, TIME_WAIT_CHECKS } from './ports.ts';
import { inspectMachine } from './inspect.ts';
import { ENGINE_CHECKS, PROCESSOR_CHECKS } from './processor.ts';
import { CONNTRACK_CHECKS, QUEUE_CHECKS } from './queues.ts';
import { PACKET_CHECKS } from './packet.ts';
import { appliesTo, situationOf, type Asked, type CheckRow } from './situation.ts';
import { WAY_CHECKS } from './way.ts';

/** Every check, in the order of reports. */
export const CHECKS: readonly CheckRow[] = [
  ...WAY_CHECKS,
  ...PACKET_CHECKS,
  ...PORT_CHECKS,
  ...TIME_WAIT_CHECKS,
  ...FILE_CHECKS,
  ...SYSTEM_FILE_CHECKS,
  ...QUEUE_CHECKS,
  ...CONNTRACK_CHECKS,
  ...ENGINE_CHECKS,
  ...PROCESSOR_CHECKS,
];

const QUICK_CHECKS: readonly CheckRow<QuickFacts>[] = [...PORT_CHECKS, ...FILE_CHECKS, ...CONNTRACK_CHECKS];

/** Every check of a plan against a machine, in the order of reports. */
export function examine(plan: ClientPlan, facts: Facts, asked: Asked): Check[] {
  const situation = situationOf(plan, facts, asked);
  return CHECKS.filter((row) => appliesTo(row, plan)).map(({ id, check }) => ({ id, ...check(situation) }));
}

/** What is certain to stop the plan, by some file reads: for the start of a run. */
export function findProblems(plan: ClientPlan, asked: Asked, facts: QuickFacts = readQuickFacts(plan)): Check[] {
  const situation = situationOf(plan, facts, asked);
  const checks = QUICK_CHECKS.filter((row) => appliesTo(row, plan));
  return checks.map(({ id, check }) => ({ id, ...check(situation) })).filter(({ status }) => status === 'problem');
}

/** Looks at the machine we are on. Sends no packet and changes nothing. */
export async function runDoctor(plan: ClientPlan, asked: Asked): Promise<DoctorResult> {
  const startedAt = new Date();
  const checks = examine(plan, readFacts(plan, await inspectMachine(plan)), asked);
  return {
    schema: 'conngen.doctor/1',
    conngen: VERSION,
    started_at: startedAt.toISOString(),
    system: machineSystem(),
    config: clientConfig(plan),
    status: worstOf(checks),
    checks,
  };
}
