import type { RoundFacts } from './facts.ts';
import { FINDERS, listenOverflowFinding, slowReadersFinding } from './finders.ts';
import { PACKET_FINDERS, ringDropsFinding, type PacketFacts } from './packet-finders.ts';
import type { KernelEvidence } from '../document/kernel-evidence.ts';
import type { Finding, Verdict } from '../document/common.ts';

/** What a round shows of the target, the network or this machine's kernel, in the order of reports. */
export function findingsOf(facts: RoundFacts, verdict: Verdict): Finding[] {
  const isValid = verdict.status === 'valid';
  return FINDERS.flatMap(({ find, needsValid }) => (needsValid && !isValid ? [] : (find(facts) ?? [])));
}

/** What the findings of the packet engine know of a server. */
const OF_SERVER = { peer: 'the clients', sources: 0, sharesAddress: false, failedByReset: 0 };

/** The findings of a server about itself, since the counters are those of its kernel, and about its peers. */
export function serverFindingsOf(
  kernel: KernelEvidence | undefined,
  slowReaders: number,
  packet?: Pick<PacketFacts, 'packet' | 'connections'>,
): Finding[] {
  return [
    listenOverflowFinding(kernel),
    slowReadersFinding(slowReaders),
    ...(packet === undefined ? [] : packetFindings({ ...packet, ...OF_SERVER })),
  ].flatMap((finding) => finding ?? []);
}

function packetFindings(facts: PacketFacts): (Finding | undefined)[] {
  return [...PACKET_FINDERS.map(({ find }) => find(facts)), ringDropsFinding(facts)];
}
