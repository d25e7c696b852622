/** When a round of pings does not show the target, and what to do. The reference page of verdicts is made from the table. */
import type { RttRound } from '../../document/rtt.ts';
import { MISSED_SHARE_LIMIT, type Rule } from '../verdict.ts';
import { CLOCKS_APART, agentRules, clocksApart, ofOneMachine, tellsAll } from './agents.ts';
import { formatCountOf } from '../../units/format.ts';
import { otherFamilyAdvice } from '../advice.ts';

/** What the verdict on a round of pings is reached from. */
export interface PingFacts {
  readonly round: Omit<RttRound, 'verdict' | 'intervals' | 'cpu'>;
  /** The most pings that may be under way at a time. */
  readonly inFlightLimit: number;
  /** `host:port`, for the sentences. */
  readonly target: string;
  /** An address of the other family that the target's name has too. */
  readonly otherAddress?: string | undefined;
  readonly isUdp: boolean;
  /** Whether the user ended the round before its time. */
  readonly isStopped: boolean;
  /** Missed because every connection was lost. */
  readonly unsendable: number;
}

/** Sends this late are no longer the schedule that was asked for. */
const LAG_P99_LIMIT_NS = 10e6;

/** The rules for a round that one machine measured. */
const MACHINE_RULES: readonly Rule<PingFacts>[] = [
  {
    code: 'nothing_established',
    status: 'invalid',
    when: 'No connection was established.',
    remedy: 'Check that an echo server listens there (conngen server).',
    applies: ({ round: { connections, agents }, target, otherAddress, isStopped }) =>
      connections.established === 0 && (connections.failed > 0 || (!isStopped && tellsAll(agents)))
        ? {
            message: `No connection to ${target} was established: check that an echo server listens there (conngen server).${otherFamilyAdvice(otherAddress)}`,
            evidence: { connections_failed: connections.failed },
          }
        : undefined,
  },
  {
    code: 'nothing_sent',
    status: 'invalid',
    when: 'No ping was sent. Where the run was stopped before that, the sentence says so.',
    remedy: 'Make the round longer or the rate higher, or let it run.',
    applies: (facts) => {
      const { round, isStopped } = facts;
      const { connections, sent, agents } = round;
      if (sent > 0 || !tellsAll(agents) || hearsAnother(facts)) return undefined;
      if (isStopped && connections.failed === 0)
        return { message: 'The run was stopped before its first measured ping was sent.' };
      if (connections.established === 0) return undefined;
      if (connections.lost >= connections.established)
        return { message: 'No ping was sent: every connection was lost before.' };
      return { message: 'No ping was sent, so nothing was measured: make the round longer or the rate higher.' };
    },
  },
  {
    code: 'no_echo',
    status: 'invalid',
    when: 'Pings were sent, and none came back.',
    remedy: 'Start an echo server there (conngen server, with --protocol udp for UDP).',
    applies: (facts) => {
      const { round, target, otherAddress, isUdp } = facts;
      if (round.sent === 0 || round.received > 0 || hearsAnother(facts)) return undefined;
      return {
        message: `No ping came back from ${target}: pings need an echo server there (${echoServer(isUdp)}), and nothing between that drops them.${otherFamilyAdvice(otherAddress)}`,
        evidence: { sent: round.sent },
      };
    },
  },
  {
    code: 'not_an_echo',
    status: 'invalid',
    when: 'What came back is not what was sent: on every TCP connection, or as every datagram of UDP.',
    remedy:
      'Use a server that sends back each byte and no other (conngen server). One that greets first, as SMTP, SSH and MySQL do, is none.',
    applies: (facts) => {
      if (!hearsAnother(facts)) return undefined;
      const { round, target, isUdp } = facts;
      const { connections, errno } = round;
      const needed = `pings need a server there that sends back each byte, and no other (${echoServer(isUdp)})`;
      return isUdp
        ? {
            message: `What came back from ${target} is not what was sent (${formatCountOf(errno['EPROTO']!, 'datagram')}): ${needed}.`,
            evidence: { datagrams: errno['EPROTO']! },
          }
        : {
            message: `What came back from ${target} is not what was sent: ${needed}. A server that greets first, as SMTP, SSH and MySQL do, is none.`,
            evidence: { connections_lost: connections.lost, connections: connections.established },
          };
    },
  },
  {
    code: 'connections_failed',
    status: 'valid',
    when: 'Some connections could not be established. The figures are those of the others.',
    remedy: 'Look at `errno`.',
    applies: ({ round: { connections } }) =>
      connections.established > 0 && connections.failed > 0
        ? {
            message: `${connections.failed} of ${connections.established + connections.failed} connections could not be established: the figures are those of the others.`,
            evidence: { connections_failed: connections.failed, connections_established: connections.established },
          }
        : undefined,
  },
  {
    code: 'connections_lost',
    status: 'valid',
    when: 'The peer or the network ended connections before the round was over, or they were closed here because what came back is not what was sent. Pings that were due after the last one was lost are missed.',
    remedy: 'Look at the target and at what is on the way.',
    applies: ({ round: { connections, errno }, isUdp, unsendable }) => {
      if (connections.lost === 0) return undefined;
      const givenUp = isUdp ? 0 : Math.min(errno['EPROTO'] ?? 0, connections.lost);
      const how = [
        ...(givenUp < connections.lost ? ['ended by the peer or the network'] : []),
        ...(givenUp > 0 ? ['closed here for what came back'] : []),
      ].join(', or ');
      const lost = `${connections.lost} of ${connections.established} connections were ${how} before the round was over`;
      const rest = unsendable > 0 ? `, and ${unsendable} pings that were due after that could not be sent.` : '.';
      return {
        message: `${lost}${rest}`,
        evidence: { connections_lost: connections.lost, connections: connections.established, unsendable },
      };
    },
  },
  {
    code: 'in_flight_limit',
    status: 'generator_limited',
    when: 'More than 0.01 % of the pings were missed because no more were allowed to be open.',
    remedy: 'Raise --pipeline or --connections, or lower --think or --timeout.',
    applies: (facts) =>
      isShort(facts) && facts.round.in_flight_max >= facts.inFlightLimit
        ? {
            message: `${generatorMissed(facts)} pings were not sent in time because at most ${facts.inFlightLimit} may be under way: raise --pipeline or --connections, or lower --think or --timeout.`,
            evidence: { missed: generatorMissed(facts), in_flight_limit: facts.inFlightLimit },
          }
        : undefined,
  },
  {
    code: 'missed_pings',
    status: 'generator_limited',
    when: 'More than 0.01 % of the pings were missed because this machine was too late.',
    remedy: 'Lower --rate or use a faster --engine.',
    applies: (facts) =>
      isShort(facts) && facts.round.in_flight_max < facts.inFlightLimit
        ? {
            message: `${generatorMissed(facts)} of ${facts.round.scheduled} pings were not sent in time: this machine cannot keep up; lower --rate or take a faster --engine.`,
            evidence: { missed: generatorMissed(facts), scheduled: facts.round.scheduled },
          }
        : undefined,
  },
  {
    code: 'schedule_lag',
    status: 'generator_limited',
    when: 'The p99 of the schedule lag is more than 10 ms.',
    remedy: 'Lower --rate, or stop what else runs here.',
    applies: ({ round }) => {
      const { p99 } = round.schedule_lag_ns;
      return round.offered_rate_per_sec !== null && p99 > LAG_P99_LIMIT_NS
        ? {
            message: `One ping in a hundred was more than ${(p99 / 1e6).toFixed(1)} ms late: this machine cannot keep the schedule, or waits for replies (--pipeline, --think); lower --rate or stop what else runs here.`,
            evidence: { schedule_lag_p99_ns: p99, limit_ns: LAG_P99_LIMIT_NS },
          }
        : undefined;
    },
  },
];

const AGENTS = { agentsOf: ({ round: { agents } }: PingFacts) => agents, noun: 'ping' } as const;

/** The rules for a round of pings, in the order of reports. */
export const PING_RULES: readonly Rule<PingFacts>[] = [
  ...ofOneMachine(MACHINE_RULES, AGENTS),
  ...agentRules(AGENTS),
  {
    code: CLOCKS_APART.code,
    status: 'valid',
    when: CLOCKS_APART.when,
    remedy: CLOCKS_APART.remedy,
    applies: ({ round }) => clocksApart(round.agents, round.offered_rate_per_sec),
  },
];

/** Whether all that came back is something else than what was sent. */
function hearsAnother({ round: { connections, errno, received }, isUdp }: PingFacts): boolean {
  const others = errno['EPROTO'] ?? 0;
  return others > 0 && (isUdp ? received === 0 : connections.lost > 0 && others >= connections.established);
}

function echoServer(isUdp: boolean): string {
  return isUdp ? 'conngen server --protocol udp' : 'conngen server';
}

/** Missed while there was a connection to send on. */
function generatorMissed({ round, unsendable }: PingFacts): number {
  return round.missed - unsendable;
}

function isShort(facts: PingFacts): boolean {
  return generatorMissed(facts) > facts.round.scheduled * MISSED_SHARE_LIMIT;
}
