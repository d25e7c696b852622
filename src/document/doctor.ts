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
