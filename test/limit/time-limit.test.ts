import t from 'tap';
import { runSaturate, runSearch } from '../support/runs.ts';
import { saturatePlan } from '../../src/limit/plan/saturate.ts';
import { searchPlan } from '../../src/limit/plan/search.ts';
import { fitsInTime } from '../../src/limit/time-limit.ts';
import type { OpenTrials } from '../../src/limit/trial-runner.ts';
import { SATURATE_OPTIONS } from '../../src/options/tables/saturate.ts';
import { SEARCH_OPTIONS } from '../../src/options/tables/search.ts';
import { readOptions } from '../../src/options/read.ts';
import { formatProblem } from '../../src/units/problem.ts';
import { timedOffer } from '../../src/limit/decide/quantity.ts';
import { MACHINE, planClient, rawInput, type Typed } from '../support/plans.ts';
import { onNotice } from '../support/events.ts';
import { simulated } from '../support/trials.ts';

const SEC = 1e9;

t.test('a trial fits if its waits, its ramps, its time and the timeout of its last connection do', async (t) => {
  const { plan } = await planClient({ warmup: '1s', cooldown: '2s', 'ramp-up': '3s', hold: '4s', timeout: '5s' });
  const offer = timedOffer(100, 10 * SEC);
  const notices: string[] = [];
  const fits = (maxSec: number, elapsedSec: number, leadSec: number): boolean =>
    fitsInTime(
      {
        maxTimeNs: maxSec * SEC,
        client: plan!,
        runner: { leadNs: () => leadSec * SEC },
        emit: onNotice((text) => notices.push(text)),
      },
      elapsedSec * SEC,
      offer,
    );
  // 1 s warm-up, 3 s ramp, 10 s, 4 s hold, 5 s timeout.
  t.ok(fits(23, 0, 0));
  t.notOk(fits(22.9, 0, 0));
  t.notOk(fits(23, 0.1, 0));
  t.same(notices, [], 'no wait is to blame');
  t.ok(fits(82, 0, 59));
  t.notOk(fits(81.9, 0, 59));
  t.same(notices, ['the next trial would wait 59 s for source ports in TIME_WAIT, and end after --max-time']);
});

/** A target that takes everything; from the second trial on there is a wait for ports. */
function waiting(leadSec: number, tried: number[]): OpenTrials {
  const open = simulated({ limitPerSec: () => 1e9 });
  return async (plan, context) => {
    const runner = await open(plan, context);
    return {
      ...runner,
      leadNs: () => (tried.length === 0 ? 0 : leadSec * SEC),
      run: async (offer, trial) => {
        tried.push(offer.ratePerSec);
        return runner.run(offer, trial);
      },
    };
  };
}

const TYPED: Typed = { host: '127.0.0.1', 'max-time': '30s', duration: '1s' };

t.test('search and saturate begin no trial whose wait for ports ends too late', async (t) => {
  const search = await searchPlan(
    readOptions(SEARCH_OPTIONS, rawInput({ ...TYPED, 'explore-duration': '1s' })).input,
    MACHINE,
  );
  const saturate = await saturatePlan(
    readOptions(SATURATE_OPTIONS, rawInput({ ...TYPED, start: '100' })).input,
    MACHINE,
  );
  if (!('plan' in search) || !('plan' in saturate)) throw new Error('no plan');
  for (const [name, run] of [
    [
      'search',
      (open: OpenTrials, use: (notice: string) => void) => runSearch(search.plan, { emit: onNotice(use) }, open),
    ],
    [
      'saturate',
      (open: OpenTrials, use: (notice: string) => void) => runSaturate(saturate.plan, { emit: onNotice(use) }, open),
    ],
  ] as const) {
    const tried: number[] = [];
    const notices: string[] = [];
    const result = await run(waiting(59, tried), (notice) => notices.push(notice));
    t.equal(result.stopped_by, 'max_time', name);
    t.equal(tried.length, 1, name);
    t.match(notices, [/would wait 59 s for source ports/], name);
    const unhurried: number[] = [];
    await run(waiting(20, unhurried), () => undefined);
    t.ok(unhurried.length > 1, `${name}: a wait that fits is waited for`);
  }
});

async function searchNotices(typed: Typed, reuseDelayNs: number): Promise<readonly string[]> {
  const { input } = readOptions(SEARCH_OPTIONS, rawInput({ ...TYPED, 'explore-duration': '1s', ...typed }));
  const planned = await searchPlan(input, { ...MACHINE, reuseDelayNs: () => reuseDelayNs });
  return 'plan' in planned ? planned.notices : planned.problems.map(formatProblem);
}

t.test('the waits are said before the first trial', async (t) => {
  const remote = { host: '192.0.2.1', 'max-rate': '5k', 'source-ports': '40000-41999' };
  t.match(await searchNotices(remote, 60e9), [
    /^a source port cannot be used again for 60 s, and there are 2000; after 2000 connections within 60 s the next trial waits for ports, 60 s at most; such a wait does not fit into --max-time and ends the run\. For more/,
  ]);
  t.same(
    await searchNotices({ ...remote, 'max-rate': '200', 'min-rate': '50', 'max-time': '9s', precision: '10%' }, 60e9),
    [],
  );
  t.same(await searchNotices({ ...remote, finish: 'eof' }, 60e9), [], 'no port rests');
});

t.test('a --max-time in which the first trial may not end is refused', async (t) => {
  t.match(await searchNotices({ 'max-time': '5s' }, 1e9), [
    /^--max-time: got "5s", expected at least 6s, which the first trial can take: --explore-duration 1s \+ --timeout 5s$/,
  ]);
  const { input } = readOptions(SATURATE_OPTIONS, rawInput({ ...TYPED, 'max-time': '5s' }));
  const planned = await saturatePlan(input, MACHINE);
  t.match('problems' in planned ? planned.problems.map(formatProblem) : [], [
    /^--max-time: got "5s", expected at least 6s/,
  ]);
});
