/** How an attempt can end. The order is the order in results; the index is what the hot path counts by. */
export const OUTCOMES = [
  'ok',
  'connect_timeout',
  'exchange_timeout',
  'refused',
  'reset',
  'unreachable',
  'short_response',
  'source_exhausted',
  'fd_exhausted',
  'aborted',
  'other',
  'too_long',
  'verify_failed',
  'sink_failed',
  'unexpected_response',
] as const;

export type OutcomeName = (typeof OUTCOMES)[number];

export const OK = 0;
export const CONNECT_TIMEOUT = 1;
export const EXCHANGE_TIMEOUT = 2;
export const REFUSED = 3;
export const RESET = 4;
export const UNREACHABLE = 5;
export const SHORT_RESPONSE = 6;
export const SOURCE_EXHAUSTED = 7;
export const FD_EXHAUSTED = 8;
export const ABORTED = 9;
export const OTHER = 10;
/** The response is longer than `--max-body`. */
export const TOO_LONG = 11;
/** The response is not what `--verify` expects. */
export const VERIFY_FAILED = 12;
/** This machine could not keep the response: no memory, a full disk. */
export const SINK_FAILED = 13;
/** The response is not what `--expect-status` or `--expect-prefix` says. */
export const UNEXPECTED_RESPONSE = 14;

/** Whose doing an outcome is. `nobody`: it went well, or it cannot be told. */
export type Owner = 'nobody' | 'generator' | 'network' | 'target';

/** How far an attempt came: not started, SYN to established, established to the end of the exchange. */
export type Phase = 'start' | 'connect' | 'exchange';

export interface OutcomeTraits {
  readonly owner: Owner;
  /** Null where it can happen in any. */
  readonly phase: Phase | null;
}

/**
 * The one table of blame. `refused` is a RST before the connection was established and `reset` one after. A firewall that
 * rejects with a RST is not told from the target; one that rejects with ICMP is `unreachable`, except "port unreachable",
 * which the kernel gives as ECONNREFUSED like a RST (icmp_err_convert in net/ipv4/icmp.c).
 */
export const OUTCOME_TRAITS: Readonly<Record<OutcomeName, OutcomeTraits>> = {
  ok: { owner: 'nobody', phase: 'exchange' },
  connect_timeout: { owner: 'network', phase: 'connect' },
  exchange_timeout: { owner: 'target', phase: 'exchange' },
  refused: { owner: 'target', phase: 'connect' },
  reset: { owner: 'target', phase: 'exchange' },
  unreachable: { owner: 'network', phase: 'connect' },
  short_response: { owner: 'target', phase: 'exchange' },
  source_exhausted: { owner: 'generator', phase: 'start' },
  fd_exhausted: { owner: 'generator', phase: 'start' },
  aborted: { owner: 'nobody', phase: null },
  other: { owner: 'nobody', phase: null },
  too_long: { owner: 'target', phase: 'exchange' },
  verify_failed: { owner: 'target', phase: 'exchange' },
  sink_failed: { owner: 'generator', phase: 'exchange' },
  unexpected_response: { owner: 'target', phase: 'exchange' },
};

/** The owners of failures, in the order of reports. */
export const BLAMED = ['target', 'network', 'generator'] as const satisfies readonly Owner[];

/** Failures by owner. `scheduled = ok + generator + network + target + unattributed`. */
export interface OwnerCounts {
  /** With the missed starts. */
  readonly generator: number;
  readonly network: number;
  readonly target: number;
  /** `aborted` and `other`. */
  readonly unattributed: number;
}

export function countByOwner(outcomes: Readonly<Record<OutcomeName, number>>, missed: number): OwnerCounts {
  const sum = (owner: Owner): number =>
    OUTCOMES.reduce((total, name) => total + (OUTCOME_TRAITS[name].owner === owner ? outcomes[name] : 0), 0);
  return {
    generator: sum('generator') + missed,
    network: sum('network'),
    target: sum('target'),
    unattributed: sum('nobody') - outcomes.ok,
  };
}
