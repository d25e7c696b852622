import type { CheckStatus, Check } from '../document/doctor.ts';

/** The worst status; what is unknown is neither good nor bad. */
export function worstOf(checks: readonly Check[]): 'ok' | 'warning' | 'problem' {
  const has = (status: CheckStatus): boolean => checks.some((check) => check.status === status);
  return has('problem') ? 'problem' : has('warning') ? 'warning' : 'ok';
}

/** What a check found: a line of the report without its name. */
export type CheckResult = Omit<Check, 'id'>;

export function ok(value: CheckResult['value'], why: string, needed: CheckResult['needed'] = null): CheckResult {
  return { status: 'ok', value, needed, why, fix: null };
}

export function unknown(why: string): CheckResult {
  return { status: 'unknown', value: null, needed: null, why, fix: null };
}

/** Compares `value` with `needed`: a value short of it gets `status` and the fix, any other is ok. */
export function atLeast(
  value: number,
  needed: number,
  status: 'warning' | 'problem',
  why: string,
  fix: string | null,
): CheckResult {
  const isEnough = value >= needed;
  return { status: isEnough ? 'ok' : status, value, needed, why, fix: isEnough ? null : fix };
}

/** `1.5 s`, for sentences. */
export function seconds(ns: number): string {
  return `${Number((ns / 1e9).toPrecision(3))} s`;
}
