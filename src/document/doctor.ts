/** The result of `conngen doctor`: the document `conngen.doctor/1`. */
import type { ClientConfig } from './config.ts';
import type { MachineSystem } from './system.ts';

/** `problem` means that the plan cannot work as things stand; `unknown`, that it cannot be told here, and `why` says why. */
export type CheckStatus = 'ok' | 'warning' | 'problem' | 'unknown';

/** One check of a plan against the machine. */
export interface Check {
  /** The id is stable and in snake_case. */
  readonly id: string;
  /** What the check found. */
  readonly status: CheckStatus;
  /** What this machine has; null where it is not known. */
  readonly value: number | string | null;
  /** What the plan needs, in the same unit; null where the plan asks for nothing. */
  readonly needed: number | string | null;
  /** The reason, in one or two sentences. */
  readonly why: string;
  /** The exact command or option that helps; null where there is nothing to do, or nothing that one line could do. */
  readonly fix: string | null;
}

/** The result of `conngen doctor`. */
export interface DoctorResult {
  /** The kind of document and its version. */
  readonly schema: 'conngen.doctor/1';
  /** The version of conngen. */
  readonly conngen: string;
  /** When the machine was examined, in ISO 8601, UTC. */
  readonly started_at: string;
  /** The machine. */
  readonly system: MachineSystem;
  /** The plan: every option of a client as it would take effect. */
  readonly config: ClientConfig;
  /** The worst status of the checks; `unknown` ones do not count. */
  readonly status: 'ok' | 'warning' | 'problem';
  /** The checks, in the order of reports. */
  readonly checks: readonly Check[];
}
