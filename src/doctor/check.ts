/** One line of a doctor's report, as `checks` of `conngen.doctor/1` holds it. */

/** `problem`: the plan cannot work as things stand. `unknown`: it cannot be told here, and `why` says why. */
export type CheckStatus = 'ok' | 'warning' | 'problem' | 'unknown';

export interface Check {
  /** Stable, in snake_case. */
  readonly id: string;
  readonly status: CheckStatus;
  /** What this machine has; null where it is not known. */
  readonly value: number | string | null;
  /** What the plan needs of it, in the same unit; null where the plan asks for nothing. */
  readonly needed: number | string | null;
  /** One or two sentences, for people. */
  readonly why: string;
  /** The exact command or option; null where there is nothing to do, or nothing that one line could do. */
  readonly fix: string | null;
}

/** The result of `conngen doctor`: what its JSON holds. */
export interface DoctorResult {
  readonly schema: 'conngen.doctor/1';
  readonly conngen: string;
  readonly started_at: string;
  readonly system: { readonly kernel: string; readonly node: string; readonly cpus: number };
  /** As in the result of a client: every option as it would take effect. */
  readonly config: Readonly<Record<string, unknown>>;
  /** The worst of the checks; `unknown` ones do not count. */
  readonly status: 'ok' | 'warning' | 'problem';
  readonly checks: readonly Check[];
}

/** The worst status; what is unknown is neither good nor bad. */
export function worstOf(checks: readonly Check[]): 'ok' | 'warning' | 'problem' {
  const has = (status: CheckStatus): boolean => checks.some((check) => check.status === status);
  return has('problem') ? 'problem' : has('warning') ? 'warning' : 'ok';
}

export type Verdict = Omit<Check, 'id'>;

export function unknown(why: string): Verdict {
  return { status: 'unknown', value: null, needed: null, why, fix: null };
}

/** Compares `value` with `needed`: a value short of it gets `status` and the fix, any other is ok. */
export function atLeast(
  value: number,
  needed: number,
  status: 'warning' | 'problem',
  why: string,
  fix: string | null,
): Verdict {
  const isEnough = value >= needed;
  return { status: isEnough ? 'ok' : status, value, needed, why, fix: isEnough ? null : fix };
}

/** `1.5 s`, for sentences. */
export function seconds(ns: number): string {
  return `${Number((ns / 1e9).toPrecision(3))} s`;
}
