import t from 'tap';
import { CONNECT_TIMEOUT, OK } from '../../../src/document/outcome.ts';
import { ESTABLISHED, MISSED, SCHEDULED, SCHEDULE_LAG, STARTED } from '../../../src/count/load.ts';
import type { Verdict } from '../../../src/document/common.ts';
import type { AgentRound } from '../../../src/document/fleet.ts';
import { findingsOf } from '../../../src/judge/findings.ts';
import { sumCounters, sumKernelEvidence } from '../../../src/judge/kernel-sum.ts';
import { CLIENT_RULES } from '../../../src/judge/rules/client.ts';
import type { RoundFacts } from '../../../src/judge/facts.ts';
import { judge } from '../../../src/judge/verdict.ts';
import { agentRound } from '../../support/agents.ts';
import { roundFacts } from '../../support/round-facts.ts';
import { loadTally } from '../../support/load-tally.ts';

/** A round of three agents, 3000 attempts at 3000/s, a third of which was missed where `missed` says so. */
function factsOf(
  agents: readonly AgentRound[] | undefined,
  more: Partial<RoundFacts> = {},
  missed = 0,
  established = 3000 - missed,
): RoundFacts {
  const counts = new Map([
    [SCHEDULED, 3000],
    [STARTED, 3000 - missed],
    [MISSED, missed],
    [ESTABLISHED, established],
  ]);
  const tally = loadTally(counts, new Map([[SCHEDULE_LAG, [[0.02, 100]]]]));
  tally.outcomes[OK] = 3000 - missed;
  return roundFacts(tally, {
    offeredRatePerSec: 3000,
    timeoutNs: 1e9,
    ports: { perSource: null, reuseDelayNs: 60e9, wouldResetHelp: false, restsInTimeWait: false, isHeld: false },
    target: { label: 'target:80', isLocal: true },
    answer: { finish: 'half-close', payloadBytes: 0, isExpected: false },
    agents,
    ...more,
  });
}

const verdictOf = (facts: RoundFacts): Verdict => judge(CLIENT_RULES, facts);
const codesOf = ({ status, reasons }: Verdict): string[] => [status, ...reasons.map(({ code }) => code)];
const reason = (status: Verdict['status'], code: string, message: string): Verdict => ({
  status,
  reasons: [{ code, message }],
});

t.test('agents that all did their part make a valid round', (t) => {
  const { status, reasons } = verdictOf(factsOf(['a', 'b', 'c'].map((name) => agentRound(name))));
  t.same({ status, reasons }, { status: 'valid', reasons: [] });
  t.end();
});

t.test('a lost agent makes the round invalid, and is named with what was missed for it', (t) => {
  const lost = { why: 'nothing was heard of it for 3 s', reported_sec: 5, missed: 400, unreported: 400 };
  const agents = [
    agentRound('a'),
    agentRound('b', { lost, verdict: null, started: 600, missed: 400 }),
    agentRound('c'),
  ];
  const verdict = verdictOf(factsOf(agents, {}, 400));
  t.same(codesOf(verdict), ['invalid', 'agent_lost']);
  t.equal(
    verdict.reasons[0]!.message,
    '1 of 3 agents was lost: b after second 5 (nothing was heard of it for 3 s). 400 attempts due there are missed; no other agent took them. They were not reported, and may have been started: without a connection to NATS an agent goes on for up to 10 s, and the target may have had that load.',
  );
  t.same(verdict.reasons[0]!.evidence, { agents_lost: 1, missed: 400, unreported: 400 });
  const told = [agentRound('b', { lost: { ...lost, unreported: 0 }, started: 600, missed: 400 })];
  t.match(
    verdictOf(factsOf(told, {}, 400)).reasons[0]!.message,
    /400 attempts due there are missed; no other agent took them\. All that was done there is in the counts\.$/,
  );
  const partly = [...agents, ...told];
  t.match(verdictOf(factsOf(partly, {}, 800)).reasons[0]!.message, /800 attempts .* 400 of them were not reported/);
  // The same counts on one machine are that machine's limit.
  t.same(codesOf(verdictOf(factsOf(undefined, {}, 400))), ['generator_limited', 'missed_starts']);
  t.end();
});

t.test('what was not reported is not said to be nothing', (t) => {
  const lost = {
    why: 'this controller had no connection to NATS for 10 s',
    reported_sec: null,
    missed: 1000,
    unreported: 1000,
  };
  const gone = ['a', 'b', 'c'].map((name) => agentRound(name, { lost, verdict: null, started: 0, missed: 1000 }));
  t.same(codesOf(verdictOf(factsOf(gone, {}, 3000))), ['invalid', 'agent_lost']);
  const late = gone.map((agent) => ({ ...agent, lost: null, missed: 0, reports_missing: 4 }));
  t.same(codesOf(verdictOf(factsOf(late, {}, 3000))), ['invalid', 'reports_missing']);
  // A lost agent's connections ended unknown; those of the others say what they say.
  const none = factsOf([gone[0]!, agentRound('b')], {}, 0, 0);
  t.same(codesOf(verdictOf(none)), ['invalid', 'nothing_established', 'agent_lost']);
  t.same(codesOf(verdictOf({ ...none, agents: gone })), ['invalid', 'agent_lost']);
  t.end();
});

t.test('an agent at its limit marks the whole with its own reason', (t) => {
  const limited = reason('generator_limited', 'pacing_saturated', 'Pacing thread 1 had work for 97 % of the time.');
  const agents = [agentRound('a'), agentRound('b', { verdict: limited }), agentRound('c')];
  // Threads of the whole belong to several machines: none of them is blamed by the number it has in the list.
  const workers = [{ started: 1, missed: 0, cpu_usec: 990_000, run_queue_wait_usec: 0, elapsed_usec: 1_000_000 }];
  const { status, reasons } = verdictOf(factsOf(agents, { workers }));
  t.equal(status, 'generator_limited');
  t.same(reasons, [
    {
      code: 'agent_limited',
      message: '1 of 3 agents was at its limit, not the target: b: Pacing thread 1 had work for 97 % of the time.',
      evidence: { agents_limited: 1 },
    },
  ]);
  t.end();
});

t.test('of many agents a few are named', (t) => {
  const limited = reason('generator_limited', 'missed_starts', 'Too late.');
  const agents = Array.from({ length: 40 }, (_, index) => agentRound(`agent-${String(index)}`, { verdict: limited }));
  t.equal(
    verdictOf(factsOf(agents)).reasons[0]!.message,
    '40 of 40 agents were at their limit, not the target: agent-0: Too late. The same (missed_starts): agent-1, agent-2, agent-3, and 36 more.',
  );
  t.end();
});

t.test('an agent that measured nothing makes the round invalid, but for one that had nothing due', (t) => {
  const nothing = reason('invalid', 'nothing_established', 'No connection to target:80 was established.');
  const bad = agentRound('b', { verdict: nothing });
  t.same(codesOf(verdictOf(factsOf([agentRound('a'), bad]))), ['invalid', 'agent_invalid']);
  const idle = agentRound('b', { verdict: reason('invalid', 'nothing_started', 'x'), scheduled: 0, started: 0 });
  t.same(codesOf(verdictOf(factsOf([agentRound('a'), idle]))), ['valid']);
  t.end();
});

t.test('missing reports make the round invalid', (t) => {
  const verdict = verdictOf(factsOf([agentRound('a', { reports_missing: 2 }), agentRound('b')]));
  t.same(codesOf(verdict), ['invalid', 'reports_missing']);
  t.match(verdict.reasons[0]!.message, /^2 reports of agents did not arrive.*: a \(2\)\./);
  t.end();
});

t.test('clocks that are too far apart are a finding, and change no verdict', (t) => {
  const agents = [agentRound('a', { clock_error_ns: 200_000 }), agentRound('b')];
  const facts = factsOf(agents);
  const verdict = verdictOf(facts);
  t.equal(verdict.status, 'valid');
  const [finding] = findingsOf(facts, verdict);
  t.match(finding, { code: 'clocks_apart', evidence: { clock_error_ns: 200_000, limit_ns: 166_667, agents: 1 } });
  t.match(finding?.message, /1 of 2 agents may be off by more than half of the 333 µs .* 3,000\/s: a ±200 µs\./);
  t.same(findingsOf({ ...facts, offeredRatePerSec: null }, verdict), []);
  t.same(findingsOf({ ...facts, offeredRatePerSec: 2000 }, verdict), []);
  t.end();
});

t.test('kernels are added up, but for what is of one machine', (t) => {
  const core = { core: 0, user_usec: 1, system_usec: 1, irq_usec: 0, softirq_usec: 0, steal_usec: 0, idle_usec: 9 };
  const first = {
    syn_retransmits: 2,
    listen_drops: 0,
    sockets: { time_wait: 5 },
    cgroup: { throttled: 3 },
    cpu: [core],
  };
  const second = { syn_retransmits: 3, sockets: { time_wait: 6, orphans: 1 }, conntrack: { drop: 4 }, intervals: [] };
  const on = <Counted>(machine: string, host: string, counted: Counted) => ({ machine, host, counted });
  t.same(sumKernelEvidence([on('m', 'h', first), on('n', 'i', second)]), {
    syn_retransmits: 5,
    listen_drops: 0,
    conntrack: { drop: 4 },
    sockets: { time_wait: 11, orphans: 1 },
  });
  t.equal(sumKernelEvidence([]), undefined);
  t.equal(sumKernelEvidence([on('m', 'h', { cgroup: { throttled: 3 } })]), undefined);
  t.end();
});

t.test('what a kernel counts for the machine is added once for each machine, the rest once for each namespace', (t) => {
  const counted = { active_opens: 10, softnet: { dropped: 7 }, sockets: { time_wait: 5, tcp_memory_pages: 100 } };
  const places = [
    { machine: 'm', host: 'm1' },
    { machine: 'm', host: 'm2' },
    { machine: 'm', host: 'm2' },
    { machine: 'n', host: 'n1' },
  ];
  t.same(sumKernelEvidence(places.map((place) => ({ ...place, counted }))), {
    active_opens: 30,
    softnet: { dropped: 14 },
    sockets: { time_wait: 15, tcp_memory_pages: 200 },
  });
  const reading = { active_opens: 10, 'softnet.dropped': 7 };
  t.same(sumCounters(places.map((place) => ({ ...place, counted: reading }))), {
    active_opens: 30,
    'softnet.dropped': 14,
  });
  t.end();
});

t.test('what the kernels counted is told as theirs', (t) => {
  const facts = factsOf([agentRound('a'), agentRound('b')], { kernel: { syn_retransmits: 30, listen_overflows: 5 } });
  facts.tally.outcomes[CONNECT_TIMEOUT] = 3;
  const findings = findingsOf(facts, verdictOf(facts));
  t.same(
    findings.map(({ code }) => code),
    ['syn_drops_suspected'],
  );
  t.match(findings[0]!.message, /the agents' kernels sent 30 SYNs again/);
  t.end();
});
