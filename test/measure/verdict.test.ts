import t from 'tap';
import { FD_EXHAUSTED, OK, REFUSED, SOURCE_EXHAUSTED } from '../../src/measure/outcome.ts';
import { Recorder, RecorderReader, SCHEDULE_LAG, createRecorderMemory } from '../../src/measure/recorder.ts';
import { Tally } from '../../src/measure/round.ts';
import { verdictOf } from '../../src/measure/verdict.ts';
import type { VerdictInput } from '../../src/measure/verdict.ts';

interface Facts {
  readonly scheduled?: number;
  readonly started?: number;
  readonly missed?: number;
  readonly established?: number;
  /** Outcome and count. */
  readonly outcomes?: readonly (readonly [outcome: number, count: number])[];
  /** Lag in ms and count. */
  readonly lagsMs?: readonly (readonly [lagMs: number, count: number])[];
  readonly inFlightMax?: number;
  readonly isClosedLoop?: boolean;
}

/** A round of 10 000 attempts that all went well and in time, but for the facts given. */
function inputOf(facts: Facts): VerdictInput {
  const tally = new Tally();
  const recorder = recorderWith(facts.lagsMs ?? [[0.02, 100]]);
  recorder.drain((bank) => tally.add(bank));
  tally.missed = facts.missed ?? 0;
  tally.started = facts.started ?? 10_000 - tally.missed;
  tally.scheduled = facts.scheduled ?? tally.started + tally.missed;
  tally.established = facts.established ?? tally.started;
  for (const [outcome, count] of facts.outcomes ?? [[OK, tally.started]]) tally.outcomes[outcome] = count;
  return {
    tally,
    maxInFlight: 1000,
    inFlightMax: facts.inFlightMax ?? 40,
    isClosedLoop: facts.isClosedLoop ?? false,
    target: '[2001:db8::1]:8080',
  };
}

function recorderWith(lagsMs: readonly (readonly [lagMs: number, count: number])[]): RecorderReader {
  const memory = createRecorderMemory();
  const recorder = new Recorder(memory);
  recorder.begin(0, false);
  for (const [lagMs, count] of lagsMs) for (let i = 0; i < count; i++) recorder.record(SCHEDULE_LAG, lagMs * 1e6);
  recorder.handOver(1, 0, 0, false, true);
  return new RecorderReader(memory);
}

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
  ['missed at the limit of what is open', { missed: 1, inFlightMax: 1000 }, 'generator_limited', ['in_flight_limit']],
  ['the limit was reached but nothing missed', { inFlightMax: 1000 }, 'valid', []],
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
  ['closed loop is always at the limit', { isClosedLoop: true, inFlightMax: 1000 }, 'valid', []],
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
];

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
  const messages = (facts: Facts): string =>
    verdictOf(inputOf(facts))
      .reasons.map(({ message }) => message)
      .join('\n');
  t.match(messages({ established: 0, outcomes: [[REFUSED, 10_000]] }), '[2001:db8::1]:8080');
  t.match(messages({ missed: 77, inFlightMax: 1000 }), /77 starts.*1000 connections.*--max-in-flight/s);
  t.match(messages({ missed: 77 }), /77 of 10000 starts/);
  t.match(
    messages({
      outcomes: [
        [OK, 9000],
        [SOURCE_EXHAUSTED, 1000],
      ],
    }),
    /^1000 starts.*--source/,
  );
  t.match(
    messages({
      outcomes: [
        [OK, 9000],
        [FD_EXHAUSTED, 1000],
      ],
    }),
    /^1000 starts.*ulimit -n/,
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
