import t from 'tap';
import { parseCriterion, type Criterion } from '../../../src/judge/criterion.ts';
import type { RoundResult } from '../../../src/document/client.ts';
import { countByOwner } from '../../../src/document/outcome.ts';
import { asHeldTogether, asStarted, missedBy, standingOf } from '../../../src/limit/decide/standing.ts';
import { servedLoad, servedPerSec } from '../../../src/limit/decide/served.ts';
import { interval, outcomes, refusedRound, roundResult } from '../../support/results.ts';

function limitedBy(code: string): RoundResult {
  return roundResult({ verdict: { status: 'generator_limited', reasons: [{ code, message: 'this machine' }] } });
}

/** A round whose cores were busy, with these p99s of the schedule lag and of the total in ms. */
function busy(lagMs = 0.2, totalMs = 100): RoundResult {
  const round = roundResult();
  const p99 = (clock: 'schedule_lag' | 'total', ms: number) => ({
    [clock]: { ...round.latency_ns[clock], p99: ms * 1e6 },
  });
  return {
    ...round,
    latency_ns: { ...round.latency_ns, ...p99('schedule_lag', lagMs), ...p99('total', totalMs) },
    findings: [{ code: 'cores_busy', message: 'no time left', evidence: {} }],
  };
}

function goals(...texts: string[]): Criterion[] {
  return texts.map((text) => {
    const parsed = parseCriterion(text);
    if (!parsed.ok) throw new Error(parsed.expected);
    return parsed.value;
  });
}

t.test('what was missed', async (t) => {
  const both = goals('loss<=0.1%', 'p99(total)<=20ms');
  t.equal(missedBy(both, [true, true]), 'none');
  t.equal(missedBy(both, [false, true]), 'counts');
  t.equal(missedBy(both, [false, false]), 'time');
  t.equal(missedBy(goals('rate(completed)>=99%'), [false]), 'counts');
});

t.test('a schedule that was not kept says nothing', async (t) => {
  for (const code of ['schedule_lag', 'source_exhausted', 'fd_exhausted', 'in_flight_limit']) {
    for (const missed of ['none', 'counts', 'time'] as const) {
      t.same(
        standingOf(limitedBy(code), missed, false),
        { standing: 'generator_limited', code, reason: 'this machine' },
        code,
      );
    }
  }
});

t.test('a generator that was short of time, but kept the schedule', async (t) => {
  const round = limitedBy('run_queue_wait');
  t.equal(standingOf(round, 'none', true).standing, 'valid', 'what is met all the same is met');
  t.equal(standingOf(round, 'counts', false).standing, 'valid', 'what was lost was lost');
  t.equal(standingOf(round, 'time', false).standing, 'generator_limited', 'its delays are in the latency');
  t.equal(standingOf(round, 'counts', true).standing, 'generator_limited', 'the target was short of time too');
});

t.test('few missed starts are another rate, many are another load', async (t) => {
  const missing = (missed: number) => ({
    ...limitedBy('missed_starts'),
    attempts: { scheduled: 1000, started: 1000 - missed, missed, in_flight_max: 1 },
  });
  t.equal(standingOf(missing(50), 'counts', false).standing, 'valid');
  t.equal(standingOf(missing(51), 'none', false).standing, 'generator_limited');
  t.match(asStarted(missing(50)), { offered_rate_per_sec: 95, attempts: { scheduled: 950, missed: 0 } });
  t.match(asStarted(missing(500)), { offered_rate_per_sec: 50, attempts: { scheduled: 500, missed: 0 } });
  t.equal(standingOf(missing(500), 'counts', false).standing, 'valid', 'half of the load was too much already');
  t.equal(standingOf(missing(500), 'counts', true).standing, 'generator_limited', 'or this machine was');
  t.equal(
    standingOf(missing(2), 'time', false).standing,
    'generator_limited',
    'what is late may be so because of this machine',
  );
  t.equal(standingOf(missing(1), 'time', false).standing, 'valid');
});

t.test('busy cores', async (t) => {
  const ours = { standing: 'generator_limited', code: 'cores_busy', reason: 'no time left' };
  t.equal(standingOf(busy(), 'none', true).standing, 'valid', 'what is met all the same is met');
  t.same(standingOf(busy(), 'counts', true), ours, 'the target shares them');
  t.same(standingOf(busy(), 'time', true), ours);
  t.equal(standingOf(busy(), 'counts', false).standing, 'valid', 'every start was made');
  t.equal(standingOf(busy(), 'time', false).standing, 'valid', 'this machine was late by a part of it at most');
  t.same(standingOf(busy(21, 100), 'time', false), ours, 'this machine was late itself');
  const verdict = { status: 'generator_limited', reasons: busy().findings } as const;
  const failed = { ...busy(), findings: [], verdict } as RoundResult;
  t.same(standingOf(failed, 'counts', true), ours, 'as the verdict has it');
  t.equal(standingOf(failed, 'none', true).standing, 'valid');
});

t.test('a target that is not there', async (t) => {
  t.equal(standingOf(refusedRound(), 'counts', false).standing, 'nothing_established');
  const unsent = { status: 'invalid', reasons: [{ code: 'nothing_sent', message: 'no port' }] } as const;
  t.equal(standingOf(roundResult({ verdict: unsent }), 'counts', false).standing, 'generator_limited');
});

t.test('a target that completes nothing', async (t) => {
  const failed = (name: 'reset' | 'exchange_timeout' | 'source_exhausted', code: string): RoundResult => {
    const owned = countByOwner(outcomes({ [name]: 100 }), 0);
    const attempts = { scheduled: 100, started: 100, missed: 0, in_flight_max: 9 };
    const verdict = { status: 'generator_limited' as const, reasons: [{ code, message: 'this machine' }] };
    return roundResult({ attempts, outcomes: outcomes({ [name]: 100 }), owners: owned, verdict });
  };
  const reset = standingOf(failed('reset', 'schedule_lag'), 'counts', true);
  t.equal(reset.standing, 'nothing_completed', 'a late generator resets nothing');
  t.equal(reset.reason, 'Of 100 connections none was completed: 100 reset (target).');
  t.equal(standingOf(failed('exchange_timeout', 'cores_busy'), 'counts', false).standing, 'nothing_completed');
  t.equal(standingOf(failed('source_exhausted', 'schedule_lag'), 'counts', true).standing, 'generator_limited');
  t.equal(standingOf(failed('reset', 'agent_lost'), 'counts', true).standing, 'generator_limited', 'more is unknown');
  const one = failed('reset', 'schedule_lag');
  const completed = { ...one, outcomes: { ...one.outcomes, reset: 99, ok: 1 } };
  t.equal(standingOf(completed, 'counts', true).standing, 'generator_limited', 'one was completed');
});

t.test('what a target kept up', async (t) => {
  const seconds = (...oks: number[]) => oks.map((ok, start) => interval({ start_sec: start, ok }));
  t.equal(servedPerSec(roundResult({ duration_sec: 3, intervals: seconds(1500, 1000, 1010, 400) })), 1005);
  t.equal(
    servedPerSec(roundResult({ duration_sec: 1, intervals: seconds(1500, 400) })),
    1500,
    'one second is all there is',
  );
  const wide = interval({ start_sec: 3, length_sec: 4, ok: 4020 });
  const beyond = interval({ start_sec: 7, length_sec: 4, ok: 1000 });
  t.equal(
    servedPerSec(roundResult({ duration_sec: 8, intervals: [...seconds(1500, 1000, 1000), wide, beyond] })),
    6020 / 6,
    'an interval of several seconds counts for all of them, and for none where the load ended in it',
  );
  t.equal(servedPerSec(roundResult({ duration_sec: 0.5, intervals: seconds(500) })), null);
});

t.test('in stages only the rate that is searched must be kept', async (t) => {
  const standing = (code: string, quantity: 'rate' | 'connections' | 'teardown'): string =>
    standingOf(limitedBy(code), 'none', false, quantity).standing;
  t.same(
    (['rate', 'connections', 'teardown'] as const).map((quantity) => standing('schedule_lag', quantity)),
    ['generator_limited', 'valid', 'valid'],
  );
  t.same(
    (['rate', 'connections', 'teardown'] as const).map((quantity) => standing('exchanges_late', quantity)),
    ['valid', 'valid', 'generator_limited'],
  );
});

t.test('a connection that was lost before all had their exchange is no success', async (t) => {
  const stages = { exchange_rate_per_sec: 100, late: 0 };
  const round = roundResult({ outcomes: outcomes({ ok: 10 }), held: { lost: 2 } });
  t.equal(asHeldTogether(round).outcomes.ok, 10, 'a --hold of each for itself is another thing');
  t.match(asHeldTogether({ ...round, stages }).outcomes, { ok: 8, reset: 2 });
  t.equal(servedLoad('connections', { ...round, stages }), 8);
  t.equal(servedLoad('teardown', { ...round, stages }), null);
});
