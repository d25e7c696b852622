import t from 'tap';
import {
  CONNECT_TIMEOUT,
  FD_EXHAUSTED,
  OK,
  REFUSED,
  SOURCE_EXHAUSTED,
  UNREACHABLE,
} from '../../src/document/outcome.ts';
import { ESTABLISHED, MISSED, MISSED_FULL, SCHEDULED, SCHEDULE_LAG, STARTED, TOTAL } from '../../src/count/load.ts';
import type { WorkerResult } from '../../src/document/client.ts';
import { CLIENT_RULES } from '../../src/judge/rules/client.ts';
import { judge } from '../../src/judge/verdict.ts';
import type { Verdict } from '../../src/document/common.ts';
import type { RoundFacts } from '../../src/judge/facts.ts';
import { loadTally } from '../support/load-tally.ts';
import { roundFacts } from '../support/round-facts.ts';

const verdictOf = (facts: RoundFacts): Verdict => judge(CLIENT_RULES, facts);

interface Facts {
  readonly scheduled?: number;
  readonly started?: number;
  readonly missed?: number;
  readonly established?: number;
  /** Outcome and count. */
  readonly outcomes?: readonly (readonly [outcome: number, count: number])[];
  /** Lag in ms and count. */
  readonly lagsMs?: readonly (readonly [lagMs: number, count: number])[];
  /** Of the missed: at the limit of what may be open. */
  readonly missedFull?: number;
  /** Total in ms and count. */
  readonly totalsMs?: readonly (readonly [totalMs: number, count: number])[];
  readonly isClosedLoop?: boolean;
  readonly more?: Partial<RoundFacts>;
}
const DIED = { workersDied: 1, death: { cause: 'the interface was set down', missed: 9 } };

/** A round of 10 000 attempts that all went well and in time, but for the facts given. */
function inputOf(facts: Facts): RoundFacts {
  const { missed = 0, missedFull = 0, lagsMs = [[0.02, 100]], totalsMs = [] } = facts;
  const { started = 10_000 - missed, established = started, scheduled = started + missed } = facts;
  const counts = [scheduled, started, missed, missedFull, established];
  const tally = loadTally(
    new Map([SCHEDULED, STARTED, MISSED, MISSED_FULL, ESTABLISHED].map((counter, at) => [counter, counts[at]!])),
    new Map([
      [SCHEDULE_LAG, lagsMs],
      [TOTAL, totalsMs],
    ]),
  );
  for (const [outcome, count] of facts.outcomes ?? [[OK, started]]) tally.outcomes[outcome] = count;
  return roundFacts(tally, {
    offeredRatePerSec: facts.isClosedLoop === true ? null : 1000,
    target: { label: '[2001:db8::1]:8080', isLocal: false },
    ...facts.more,
  });
}

function messages(facts: Facts): string {
  const { reasons } = verdictOf(inputOf(facts));
  return reasons.map(({ message }) => message).join('\n');
}

t.test('a trial is not advised to lower a rate that the user does not choose', (t) => {
  const facts: Facts[] = [{ missed: 5000 }, { lagsMs: [[20, 100]] }];
  for (const each of facts) {
    const said = (isTrial: boolean): string => messages({ ...each, more: { isTrial } });
    t.match(said(false), /lower the rate, add --workers or /);
    t.notMatch(said(true), /lower the rate/);
    t.match(said(true), /add --workers or /);
  }
  t.end();
});

const cases: readonly [name: string, facts: Facts, status: string, codes: readonly string[]][] = [
  ['all went well', {}, 'valid', []],
  [
    'the target refused one of two',
    {
      established: 5000,
      outcomes: [
        [OK, 5000],
        [REFUSED, 5000],
      ],
    },
    'valid',
    [],
  ],
  ['a worker died', { missed: 9, more: DIED }, 'generator_limited', ['worker_died']],
  ['it died first', { started: 0, missed: 9, lagsMs: [], more: DIED }, 'invalid', ['nothing_started', 'worker_died']],
  ['nothing was due', { scheduled: 0, started: 0, lagsMs: [] }, 'invalid', ['nothing_started']],
  ['everything was missed', { started: 0, missed: 50, lagsMs: [] }, 'invalid', ['nothing_started', 'missed_starts']],
  ['nothing listens', { established: 0, outcomes: [[REFUSED, 10_000]] }, 'invalid', ['nothing_established']],
  [
    'one start found no port',
    {
      outcomes: [
        [OK, 9999],
        [SOURCE_EXHAUSTED, 1],
      ],
    },
    'generator_limited',
    ['source_exhausted'],
  ],
  [
    'one start found no descriptor',
    {
      outcomes: [
        [OK, 9999],
        [FD_EXHAUSTED, 1],
      ],
    },
    'generator_limited',
    ['fd_exhausted'],
  ],
  ['missed at the limit of what is open', { missed: 1, missedFull: 1 }, 'generator_limited', ['in_flight_limit']],
  [
    'missed at the limit and late, on different workers',
    { missed: 100, missedFull: 50 },
    'generator_limited',
    ['in_flight_limit', 'missed_starts'],
  ],
  ['missed below the limit', { missed: 100 }, 'generator_limited', ['missed_starts']],
  ['missed one in ten thousand', { missed: 1, started: 9999 }, 'valid', []],
  ['missed two in ten thousand', { missed: 2, started: 9998 }, 'generator_limited', ['missed_starts']],
  [
    'one start in fifty late',
    {
      lagsMs: [
        [0.01, 98],
        [11, 2],
      ],
    },
    'generator_limited',
    ['schedule_lag'],
  ],
  [
    'one start in two hundred late',
    {
      lagsMs: [
        [0.01, 199],
        [500, 1],
      ],
    },
    'valid',
    [],
  ],
  ['late by just the limit', { lagsMs: [[10, 100]] }, 'valid', []],
  ['closed loop has no schedule to lag behind', { lagsMs: [[900, 100]], isClosedLoop: true }, 'valid', []],
  ['closed loop is always at the limit', { isClosedLoop: true, missedFull: 0 }, 'valid', []],
  [
    'several reasons at once',
    {
      missed: 100,
      outcomes: [
        [OK, 9000],
        [SOURCE_EXHAUSTED, 900],
      ],
      lagsMs: [[20, 10]],
    },
    'generator_limited',
    ['source_exhausted', 'missed_starts', 'schedule_lag'],
  ],
  [
    'nothing established is invalid whatever else is true',
    {
      established: 0,
      outcomes: [
        [REFUSED, 9000],
        [FD_EXHAUSTED, 1000],
      ],
      lagsMs: [[20, 10]],
    },
    'invalid',
    ['nothing_established', 'fd_exhausted', 'schedule_lag'],
  ],
  [
    'late for its rate: at 100/s 10 ms are allowed, at 10 000/s 5 ms',
    { lagsMs: [[7, 100]], more: { offeredRatePerSec: 10_000 } },
    'generator_limited',
    ['schedule_lag'],
  ],
  ['not late for its rate', { lagsMs: [[7, 100]], more: { offeredRatePerSec: 100 } }, 'valid', []],
  [
    'one of two workers has half the rate',
    { lagsMs: [[7, 100]], more: { workers: [busy(0.5), busy(0.5)] } },
    'valid',
    [],
  ],
  ['a busy pacing thread', { more: { workers: [busy(0.85, 0.02)] } }, 'valid', []],
  ['a pacing thread without time left', { more: { workers: [busy(0.93)] } }, 'generator_limited', ['pacing_saturated']],
  [
    'closed loop, the same',
    { isClosedLoop: true, more: { workers: [busy(0.9, 0.05)] } },
    'generator_limited',
    ['pacing_saturated'],
  ],
  ['shares of a moment say nothing', { more: { workers: [busy(1, 0, 100_000)] } }, 'valid', []],
  ['a kernel that tells nothing of threads', { more: { workers: [{ started: 1, missed: 0 }] } }, 'valid', []],
  [
    'it waits for a core longer than it runs',
    { more: { workers: [busy(0.16, 0.37)] } },
    'generator_limited',
    ['run_queue_wait'],
  ],
  [
    'a quota stopped it, and so it had no core',
    {
      more: { workers: [busy(0.05, 0.7)], kernel: { cgroup: { throttled: 20, throttled_usec: 1_400_000 } } },
    },
    'generator_limited',
    ['cpu_throttled'],
  ],
  [
    'a quota stopped it for 0.5 % of the time',
    { more: { workers: [busy(0.05)], kernel: { cgroup: { throttled: 1, throttled_usec: 10_000 } } } },
    'valid',
    [],
  ],
  [
    'it waits for longer than it runs, and for a fifth of what connections take',
    { totalsMs: [[0.5, 100]], more: { workers: [busy(0.03, 0.06)] } },
    'generator_limited',
    ['run_queue_wait'],
  ],
  [
    'the same where connections take longer',
    { totalsMs: [[2.5, 100]], more: { workers: [busy(0.03, 0.06)] } },
    'valid',
    [],
  ],
  ['it waits a little, as threads do', { more: { workers: [busy(0.18, 0.05)] } }, 'valid', []],
  ['hardly running, hardly waiting', { more: { workers: [busy(0.005, 0.01)] } }, 'valid', []],
  [
    'one worker has no time left, the other is idle',
    { more: { workers: [busy(0.2), busy(0.97)] } },
    'generator_limited',
    ['pacing_saturated', 'workers_uneven'],
  ],
  [
    'both have no time left',
    { more: { workers: [busy(0.95), busy(0.97)] } },
    'generator_limited',
    ['pacing_saturated'],
  ],
  [
    "this machine's connection tracking is full",
    { more: { kernel: { conntrack: { drop: 5, max: 256 } } } },
    'generator_limited',
    ['conntrack_full'],
  ],
  [
    'the target answers sooner than starts are late',
    { missed: 5000, lagsMs: [[800, 100]], totalsMs: [[20, 100]] },
    'generator_limited',
    ['missed_starts', 'schedule_lag', 'rate_not_reached'],
  ],
  [
    'starts are late, and the target slower still',
    { missed: 5000, lagsMs: [[800, 100]], totalsMs: [[2000, 100]] },
    'generator_limited',
    ['missed_starts', 'schedule_lag'],
  ],
];

/** A worker that ran, and waited for a core, for these shares of two seconds. */
function busy(cpu: number, wait = 0, elapsedUsec = 2e6): WorkerResult {
  return {
    started: 1000,
    missed: 0,
    cpu_usec: cpu * elapsedUsec,
    run_queue_wait_usec: wait * elapsedUsec,
    elapsed_usec: elapsedUsec,
  };
}

for (const [name, facts, status, codes] of cases) {
  t.test(name, async (t) => {
    const verdict = verdictOf(inputOf(facts));
    t.equal(verdict.status, status);
    t.same(
      verdict.reasons.map(({ code }) => code),
      codes,
    );
    for (const { message } of verdict.reasons)
      t.match(message, /^[A-Z0-9].*: .*\.$/, 'a sentence that says what to do');
  });
}

t.test('the sentence names the target and the figures', async (t) => {
  t.match(messages({ established: 0, outcomes: [[REFUSED, 10_000]] }), '[2001:db8::1]:8080');
  t.match(messages({ missed: 77, missedFull: 77 }), /77 starts.*1,000 connections.*--max-in-flight/s);
  t.match(messages({ missed: 77 }), /77 of 10,000 starts/);
  t.match(
    messages({
      outcomes: [
        [OK, 9000],
        [SOURCE_EXHAUSTED, 1000],
      ],
    }),
    /^1,000 starts.*--source/,
  );
  t.match(
    messages({
      outcomes: [
        [OK, 9000],
        [FD_EXHAUSTED, 1000],
      ],
    }),
    /^1,000 starts.*ulimit -n/,
  );
  t.match(messages({ lagsMs: [[25, 10]] }), /25\.0 ms late/);
});

t.test('an attempt that this machine could not start says nothing about the target', async (t) => {
  // Not one packet was sent, so "check that a server listens there" would send the user the wrong way.
  const verdict = verdictOf(inputOf({ established: 0, outcomes: [[SOURCE_EXHAUSTED, 10_000]] }));
  t.equal(verdict.status, 'invalid');
  t.ok(verdict.reasons.some(({ code }) => code === 'source_exhausted'));
  t.notOk(verdict.reasons.some(({ message }) => message.includes('check that a server listens there')));
});

const exhausted = (ports: RoundFacts['ports']): string =>
  judge(
    CLIENT_RULES,
    inputOf({
      outcomes: [
        [OK, 9999],
        [SOURCE_EXHAUSTED, 1],
      ],
      more: { ports },
    }),
  ).reasons[0]!.message;

t.test('what frees source ports is advised only where it does', async (t) => {
  const halfClose = {
    perSource: 28_232,
    reuseDelayNs: 60e9,
    wouldResetHelp: false,
    restsInTimeWait: true,
    isHeld: false,
  };
  t.equal(
    exhausted(halfClose),
    '1 starts found no free source port: give more addresses (--source), more ports (--source-ports most) or let ports in TIME_WAIT be used again (sysctl -w net.ipv4.tcp_tw_reuse=1).',
  );
  t.match(exhausted({ ...halfClose, wouldResetHelp: true }), /--close rst/);
  const all = exhausted({ ...halfClose, perSource: 64_512, reuseDelayNs: 1e9 });
  t.equal(all, '1 starts found no free source port: give more addresses (--source).');
  t.match(exhausted({ ...halfClose, isHeld: true }), /tcp_tw_reuse=1\) or shorten --hold\.$/);
  const freeAtClose = exhausted({ ...halfClose, restsInTimeWait: false, isHeld: true });
  t.notMatch(freeAtClose, /tcp_tw_reuse/);
  t.match(freeAtClose, /, shorten --hold or shorten --timeout\.$/);
});

t.test('the limit of open files is named where it is the limit', async (t) => {
  const message = (isFdBound: boolean): string =>
    verdictOf(inputOf({ missed: 5, missedFull: 5, more: { isFdBound } })).reasons[0]!.message;
  t.match(message(true), /ulimit -n/);
  t.notMatch(message(true), /raise --max-in-flight/);
  t.notMatch(message(false), /ulimit/);
});

t.test('where nothing was established, the sentence follows what happened', async (t) => {
  const message = (...all: number[]): string =>
    verdictOf(inputOf({ established: 0, outcomes: all.map((each) => [each, 10_000]) })).reasons[0]!.message;
  t.match(message(REFUSED), /10,000 were refused: .*firewall/);
  t.match(message(CONNECT_TIMEOUT), /no answer within 5\.00 s: .*drops/);
  t.match(message(CONNECT_TIMEOUT, UNREACHABLE), /10,000 were unreachable, 10,000 had no answer within .*: .*routes/);
});

t.test('reasons carry their figures', async (t) => {
  const { reasons } = verdictOf(inputOf({ missed: 77, lagsMs: [[25, 10]], more: { workers: [busy(0.16, 0.37)] } }));
  t.match(reasons, [
    { code: 'missed_starts', evidence: { missed: 77, scheduled: 10_000 } },
    { code: 'schedule_lag', evidence: { limit_ns: 10e6 } },
    { code: 'run_queue_wait', evidence: { worker: 0, cpu_share: 0.16, run_queue_wait_share: 0.37 } },
  ]);
});

t.test('a round that was stopped before its first connection is not too short', (t) => {
  const verdict = verdictOf(inputOf({ scheduled: 0, started: 0, lagsMs: [], more: { isStopped: true } }));
  t.match(verdict.reasons, [{ code: 'nothing_started', message: /^The run was stopped before/ }]);
  t.end();
});
