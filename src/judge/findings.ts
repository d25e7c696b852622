import type { RoundFacts } from './facts.ts';
import { FINDERS, listenOverflowFinding, slowReadersFinding } from './finders.ts';
import type { KernelEvidence } from '../document/kernel-evidence.ts';
import type { Finding, Verdict } from '../document/common.ts';

/** What a round shows of the target, the network or this machine's kernel, in the order of reports. */
export function findingsOf(facts: RoundFacts, verdict: Verdict): Finding[] {
  const isValid = verdict.status === 'valid';
  return FINDERS.flatMap(({ find, needsValid }) => (needsValid && !isValid ? [] : (find(facts) ?? [])));
}

/** The findings of a server about itself, since the counters are those of its kernel, and about its peers. */
export function serverFindingsOf(kernel: KernelEvidence | undefined, slowReaders: number): Finding[] {
  return [listenOverflowFinding(kernel), slowReadersFinding(slowReaders)].flatMap((finding) => finding ?? []);
}
