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

/** The owner of an outcome. `nobody`: it went well, or the owner cannot be known. */
export type Owner = 'nobody' | 'generator' | 'network' | 'target';

/** How far an attempt came: not started, SYN to established, established to the end of the exchange. */
export type Phase = 'start' | 'connect' | 'exchange';

export interface OutcomeTraits {
  readonly owner: Owner;
  /** Null where it can happen in any. */
  readonly phase: Phase | null;
  /** What happened, for people. */
  readonly meaning: string;
  /** Where to look for the cause; left out where there is nothing to look for. */
  readonly lookAt?: string;
}

/**
 * The one table of blame. `refused` is a RST before the connection was established and `reset` one after. A firewall that
 * rejects with a RST is not told from the target; one that rejects with ICMP is `unreachable`, except "port unreachable",
 * which the kernel gives as ECONNREFUSED like a RST (icmp_err_convert in net/ipv4/icmp.c).
 */
export const OUTCOME_TRAITS: Readonly<Record<OutcomeName, OutcomeTraits>> = {
  ok: { owner: 'nobody', phase: 'exchange', meaning: 'The exchange was complete.' },
  connect_timeout: {
    owner: 'network',
    phase: 'connect',
    meaning: 'No answer to the SYN within --timeout.',
    lookAt: 'network, firewall, target',
  },
  exchange_timeout: {
    owner: 'target',
    phase: 'exchange',
    meaning: 'The connection was established, and the exchange was not complete within --timeout.',
    lookAt: 'target, network',
  },
  refused: {
    owner: 'target',
    phase: 'connect',
    meaning: 'A RST in answer to the SYN, or ICMP "port unreachable" (ECONNREFUSED both).',
    lookAt: 'target, a firewall that rejects',
  },
  reset: {
    owner: 'target',
    phase: 'exchange',
    meaning: 'A RST after the connection was established (ECONNRESET, EPIPE, ECONNABORTED).',
    lookAt: 'target, firewall',
  },
  unreachable: {
    owner: 'network',
    phase: 'connect',
    meaning: 'No route, or ICMP said so (ENETUNREACH, EHOSTUNREACH and others; `errno` has the number).',
    lookAt: 'network, the routes of this machine',
  },
  short_response: {
    owner: 'target',
    phase: 'exchange',
    meaning: 'The peer ended before the exchange was complete, or with less than --min-response.',
    lookAt: 'target',
  },
  source_exhausted: {
    owner: 'generator',
    phase: 'start',
    meaning: 'There was no free source port.',
    lookAt: 'this machine: more ports or addresses',
  },
  fd_exhausted: {
    owner: 'generator',
    phase: 'start',
    meaning: 'There was no free file descriptor.',
    lookAt: 'this machine: ulimit -n',
  },
  aborted: {
    owner: 'nobody',
    phase: null,
    meaning: 'The connection was open when the run was stopped, or when a worker died.',
  },
  other: { owner: 'nobody', phase: null, meaning: 'Anything else; `errno` says what.', lookAt: '`errno`' },
  too_long: {
    owner: 'target',
    phase: 'exchange',
    meaning: 'The response is longer than --max-body.',
    lookAt: 'target',
  },
  verify_failed: {
    owner: 'target',
    phase: 'exchange',
    meaning: 'The response is not what --verify says.',
    lookAt: 'target',
  },
  sink_failed: {
    owner: 'generator',
    phase: 'exchange',
    meaning: 'There was no memory for the response, or a full disk (`errno` says which).',
    lookAt: 'this machine: another --sink, more room',
  },
  unexpected_response: {
    owner: 'target',
    phase: 'exchange',
    meaning: 'The response is not what --expect-status or --expect-prefix says.',
    lookAt: 'target',
  },
};

/** The owners of failures, in the order of reports. */
export const BLAMED = ['target', 'network', 'generator'] as const satisfies readonly Owner[];

/** Failures by owner. `scheduled = ok + generator + network + target + unattributed`. */
export interface OwnerCounts {
  /** Failures of this machine, starts that were missed included. */
  readonly generator: number;
  /** Failures between this machine and the target. */
  readonly network: number;
  /** Failures of the target. */
  readonly target: number;
  /** Attempts that ended as `aborted` or `other`. */
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
