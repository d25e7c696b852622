/** Judges facts by rules: the same for rounds of connections and of pings. */
import type { Verdict, VerdictReason, VerdictStatus } from '../document/common.ts';

/** What a rule says where it applies. */
export type Applied = Omit<VerdictReason, 'code'>;

/** One row of a table of rules. */
export interface Rule<Facts> {
  readonly code: string;
  /** The status of a round to which the rule applies. */
  readonly status: VerdictStatus;
  /** When the rule applies, for people. */
  readonly when: string;
  /** What a user can do about it, for people. */
  readonly remedy: string;
  /** Returns the sentence and its figures where the rule applies, and undefined where it does not. */
  readonly applies: (facts: Facts) => Applied | undefined;
}

/** The share of the schedule up to which missed starts and pings do not change the verdict. */
export const MISSED_SHARE_LIMIT = 0.0001;

/** Returns the worst status of the rules that apply, with what each says. */
export function judge<Facts>(rules: readonly Rule<Facts>[], facts: Facts): Verdict {
  const reasons: VerdictReason[] = [];
  let status: VerdictStatus = 'valid';
  for (const { code, status: ruled, applies } of rules) {
    const reason = applies(facts);
    if (reason === undefined) continue;
    reasons.push({ code, ...reason });
    if (status === 'valid' || ruled === 'invalid') status = ruled;
  }
  return { status, reasons };
}
