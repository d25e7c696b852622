import t from 'tap';
import type { RttRound } from '../../../src/document/rtt.ts';
import { PING_RULES, type PingFacts } from '../../../src/judge/rules/ping.ts';
import { judge } from '../../../src/judge/verdict.ts';
import { agentRound } from '../../support/agents.ts';
import { latency } from '../../support/results.ts';

type Round = PingFacts['round'];

/** A round of 1000 pings that all came back, but for the changes. */
function factsOf(changes: Partial<RttRound>, more: Partial<PingFacts> = {}): PingFacts {
  const round: Round = {
    offered_rate_per_sec: 1000,
    achieved_rate_per_sec: 1000,
    duration_sec: 1,
    in_flight_max: 1,
    connections: { established: 1, failed: 0, lost: 0 },
    errno: {},
    bytes: { sent: 64_000, received: 64_000 },
    scheduled: 1000,
    sent: 1000,
    received: 1000,
    ...{ lost: 0, missed: 0, aborted: 0, out_of_order: 0, late: 0, duplicates: 0 },
    rtt_ns: latency(52_000),
    corrected_rtt_ns: latency(53_000),
    schedule_lag_ns: latency(100),
    ...changes,
  };
  return { round, inFlightLimit: 10, target: 'h:1', isUdp: false, isStopped: false, unsendable: 0, ...more };
}

const none = { established: 0, failed: 2, lost: 0 };
const lost = { established: 2, failed: 0, lost: 2 };

t.test('each rule: the status, the code and the figures', async (t) => {
  for (const [facts, status, code, evidence] of [
    [factsOf({ connections: none, sent: 0 }), 'invalid', 'nothing_established', { connections_failed: 2 }],
    [factsOf({ sent: 0, received: 0 }), 'invalid', 'nothing_sent', undefined],
    [factsOf({ received: 0 }), 'invalid', 'no_echo', { sent: 1000 }],
    [factsOf({ connections: lost, errno: { EPROTO: 2 } }), 'invalid', 'not_an_echo', { connections_lost: 2 }],
    [
      factsOf({ connections: { established: 1, failed: 1, lost: 0 } }),
      'valid',
      'connections_failed',
      { connections_failed: 1, connections_established: 1 },
    ],
    [
      factsOf({ connections: lost }, { unsendable: 5 }),
      'valid',
      'connections_lost',
      { connections_lost: 2, connections: 2, unsendable: 5 },
    ],
    [
      factsOf({ missed: 7, in_flight_max: 10 }),
      'generator_limited',
      'in_flight_limit',
      { missed: 7, in_flight_limit: 10 },
    ],
    [factsOf({ missed: 7 }), 'generator_limited', 'missed_pings', { missed: 7, scheduled: 1000 }],
    [
      factsOf({ schedule_lag_ns: latency(2e6) }),
      'generator_limited',
      'schedule_lag',
      { schedule_lag_p99_ns: 20e6, limit_ns: 10e6 },
    ],
  ] as const) {
    const verdict = judge(PING_RULES, facts);
    t.equal(verdict.status, status, code);
    const reason = verdict.reasons.find((each) => each.code === code);
    t.match(reason, { code, ...(evidence === undefined ? {} : { evidence }) });
    t.match(reason?.message, /^[A-Z0-9].*\.$/);
  }
});

t.test(
  'a round without anything to say is valid; missed pings that no connection could carry are no limit of this machine',
  async (t) => {
    t.same(judge(PING_RULES, factsOf({})), { status: 'valid', reasons: [] });
    const { reasons } = judge(PING_RULES, factsOf({ missed: 500, connections: lost }, { unsendable: 500 }));
    t.same(
      reasons.map(({ code }) => code),
      ['connections_lost'],
    );
  },
);

t.test('what was not reported, or was not begun, is not said to be nothing', (t) => {
  const codesOf = (facts: PingFacts): string[] => judge(PING_RULES, facts).reasons.map(({ code }) => code);
  const lost = { why: 'nothing was heard of it for 3 s', reported_sec: null, missed: 1000, unreported: 1000 };
  const agents = [agentRound('a', { lost, verdict: null, started: 0, missed: 1000 })];
  const nothing = { sent: 0, received: 0, missed: 1000 };
  const unknown = { established: 0, failed: 0, lost: 0 };
  t.same(codesOf(factsOf({ ...nothing, agents, connections: unknown })), ['agent_lost']);
  t.same(codesOf(factsOf({ ...nothing, agents, connections: none })), ['nothing_established', 'agent_lost']);
  const stopped = judge(PING_RULES, factsOf({ ...nothing, missed: 0, connections: unknown }, { isStopped: true }));
  t.match(stopped.reasons, [{ code: 'nothing_sent', message: /^The run was stopped before/ }]);
  t.equal(stopped.reasons.length, 1);
  t.end();
});
