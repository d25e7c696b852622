import type { RoundFacts } from './facts.ts';
import { FINDERS, listenOverflowFinding } from './finders.ts';
import type { KernelEvidence } from './kernel-evidence.ts';
import type { Finding, Verdict } from './result.ts';

/** What a round shows of the target, the network or this machine's kernel, in the order of reports. */
export function findingsOf(facts: RoundFacts, verdict: Verdict): Finding[] {
  const isValid = verdict.status === 'valid';
  return FINDERS.flatMap(({ find, needsValid }) => (needsValid && !isValid ? [] : (find(facts) ?? [])));
}

/** What a server can say of itself: its kernel is the one that was read. */
export function serverFindingsOf(kernel: KernelEvidence | undefined): Finding[] {
  return [listenOverflowFinding(kernel)].flatMap((finding) => finding ?? []);
}
