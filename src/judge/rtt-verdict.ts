/** Whose limit a round of pings shows. */
import type { Verdict, VerdictReason, VerdictStatus } from '../document/common.ts';
import type { RttRound } from '../document/rtt.ts';
import { otherFamilyAdvice } from './advice.ts';

export interface RttVerdictInput {
  readonly round: Omit<RttRound, 'verdict' | 'intervals' | 'cpu'>;
  /** As many may be under way at once. */
  readonly inFlightLimit: number;
  /** `host:port`, for the sentences. */
  readonly target: string;
  /** An address of the other family that the target's name has too. */
  readonly otherAddress?: string | undefined;
  readonly isUdp: boolean;
  /** Missed because every connection was lost. */
  readonly unsendable: number;
}

/** Sends this late are no longer the schedule that was asked for. */
const LAG_P99_LIMIT_NS = 10e6;
/** Below this share of the schedule, missed pings are named but do not change the verdict. */
const MISSED_SHARE_LIMIT = 0.0001;

interface Rule {
  readonly code: string;
  readonly status: VerdictStatus;
  /** When the rule applies, for people. */
  readonly when: string;
  /** What a user can do about it, for people. */
  readonly remedy: string;
  /** The sentence if the rule applies, else undefined. */
  message(input: RttVerdictInput): string | undefined;
}

/** The rules for a round of pings, in the order of reports. */
export const RTT_RULES: readonly Rule[] = [
  {
    code: 'nothing_established',
    status: 'invalid',
    when: 'No connection was established.',
    remedy: 'Check that an echo server listens there (conngen server).',
    message: ({ round, target, otherAddress }) =>
      round.connections.established === 0
        ? `No connection to ${target} was established: check that an echo server listens there (conngen server).${otherFamilyAdvice(otherAddress)}`
        : undefined,
  },
  {
    code: 'nothing_sent',
    status: 'invalid',
    when: 'No ping was sent.',
    remedy: 'Make the round longer or the rate higher.',
    message: ({ round }) =>
      round.connections.established > 0 && round.sent === 0
        ? 'No ping was sent, so nothing was measured: make the round longer or the rate higher.'
        : undefined,
  },
  {
    code: 'no_echo',
    status: 'invalid',
    when: 'Pings were sent, and none came back.',
    remedy: 'Start an echo server there (conngen server, with --protocol udp for UDP).',
    message: ({ round, target, otherAddress, isUdp }) => {
      if (round.sent === 0 || round.received > 0) return undefined;
      const wayOut = isUdp ? 'conngen server --protocol udp' : 'conngen server';
      return `No ping came back from ${target}: pings need an echo server there (${wayOut}), and nothing between that drops them.${otherFamilyAdvice(otherAddress)}`;
    },
  },
  {
    code: 'not_an_echo',
    status: 'invalid',
    when: 'What came back on every TCP connection is not what was sent.',
    remedy: 'Use a server that sends back each byte and no other (conngen server).',
    message: ({ round: { connections, errno }, target, isUdp }) =>
      !isUdp && connections.lost > 0 && (errno.EPROTO ?? 0) >= connections.established
        ? `What came back from ${target} is not what was sent: pings need a server there that sends back each byte, and no other (conngen server).`
        : undefined,
  },
  {
    code: 'connections_failed',
    status: 'valid',
    when: 'Some connections could not be established. The figures are those of the others.',
    remedy: 'Look at `errno`.',
    message: ({ round: { connections } }) =>
      connections.established > 0 && connections.failed > 0
        ? `${connections.failed} of ${connections.established + connections.failed} connections could not be established: the figures are those of the others.`
        : undefined,
  },
  {
    code: 'connections_lost',
    status: 'valid',
    when: 'The peer or the network ended connections before the round was over. Pings that were due after the last one was lost are missed.',
    remedy: 'Look at the target and at what is on the way.',
    message: ({ round: { connections }, unsendable }) => {
      if (connections.lost === 0) return undefined;
      const lost = `${connections.lost} of ${connections.established} connections were ended by the peer or the network before the round was over`;
      return unsendable > 0
        ? `${lost}, and ${unsendable} pings that were due after that could not be sent.`
        : `${lost}.`;
    },
  },
  {
    code: 'in_flight_limit',
    status: 'generator_limited',
    when: 'More than 0.01 % of the pings were missed because no more were allowed to be open.',
    remedy: 'Raise --pipeline or --connections, or lower --think or --timeout.',
    message: (input) =>
      isShort(input) && input.round.in_flight_max >= input.inFlightLimit
        ? `${generatorMissed(input)} pings were not sent in time because no more than ${input.inFlightLimit} may be under way: raise --pipeline or --connections, or lower --think or --timeout.`
        : undefined,
  },
  {
    code: 'missed_pings',
    status: 'generator_limited',
    when: 'More than 0.01 % of the pings were missed because this machine was too late.',
    remedy: 'Lower --rate or use a faster --engine.',
    message: (input) =>
      isShort(input) && input.round.in_flight_max < input.inFlightLimit
        ? `${generatorMissed(input)} of ${input.round.scheduled} pings were not sent in time: this machine cannot keep up; lower --rate or take a faster --engine.`
        : undefined,
  },
  {
    code: 'schedule_lag',
    status: 'generator_limited',
    when: 'The p99 of the schedule lag is more than 10 ms.',
    remedy: 'Lower --rate, or stop what else runs here.',
    message: ({ round }) => {
      const { p99 } = round.schedule_lag_ns;
      return round.offered_rate_per_sec !== null && p99 > LAG_P99_LIMIT_NS
        ? `One ping in a hundred was more than ${(p99 / 1e6).toFixed(1)} ms late: this machine cannot keep the schedule, or waits for replies (--pipeline, --think); lower --rate or stop what else runs here.`
        : undefined;
    },
  },
];

/** Missed while there was a connection to send on. */
function generatorMissed({ round, unsendable }: RttVerdictInput): number {
  return round.missed - unsendable;
}

function isShort(input: RttVerdictInput): boolean {
  return generatorMissed(input) > input.round.scheduled * MISSED_SHARE_LIMIT;
}

/** The worst status of the rules that apply, with the sentence of each. */
export function rttVerdictOf(input: RttVerdictInput): Verdict {
  const reasons: VerdictReason[] = [];
  let status: VerdictStatus = 'valid';
  for (const rule of RTT_RULES) {
    const message = rule.message(input);
    if (message === undefined) continue;
    reasons.push({ code: rule.code, message });
    if (status === 'valid' || rule.status === 'invalid') status = rule.status;
  }
  return { status, reasons };
}
