import type { RoundFacts } from './facts.ts';
import type { Verdict, VerdictReason, VerdictStatus } from '../document/common.ts';
import { RULES } from './rules.ts';

/** Whose limit a round shows. The worst status of the rules that apply, with the sentence of each. */
export function verdictOf(facts: RoundFacts): Verdict {
  const reasons: VerdictReason[] = [];
  let status: VerdictStatus = 'valid';
  for (const { code, status: ruled, applies } of RULES) {
    const reason = applies(facts);
    if (reason === undefined) continue;
    reasons.push({ code, ...reason });
    if (status === 'valid' || ruled === 'invalid') status = ruled;
  }
  return { status, reasons };
}
