import t from 'tap';
import { coresBusyFinding, coresBusyReason, mayBeOurs } from '../../src/judge/busy-cores.ts';
import type { RoundFacts } from '../../src/judge/facts.ts';
import { CONNECT_TIMEOUT, OK } from '../../src/document/outcome.ts';
import { SCHEDULED, SCHEDULE_LAG, STARTED } from '../../src/count/load.ts';
import { loadTally } from '../support/load-tally.ts';

interface Round {
  readonly coresBusy?: number | undefined;
  readonly failed?: number;
  readonly isLocal?: boolean;
  readonly isTrial?: boolean;
}

/** A round of 10 000 attempts whose starts were made within 0.2 ms. */
function factsOf({ failed = 0, isLocal = false, isTrial = false, ...more }: Round): RoundFacts {
  const lags: readonly (readonly [number, number])[] = [[0.2, 10_000]];
  const counters = [SCHEDULED, STARTED].map((counter) => [counter, 10_000] as const);
  const tally = loadTally(new Map(counters), new Map([[SCHEDULE_LAG, lags]]));
  tally.outcomes[OK] = 10_000 - failed;
  tally.outcomes[CONNECT_TIMEOUT] = failed;
  const coresBusy = 'coresBusy' in more ? more.coresBusy : 0.987;
  return { tally, isTrial, target: { label: '192.0.2.1:80', isLocal }, coresBusy } as unknown as RoundFacts;
}

const says = (round: Round): { readonly reason: string | null; readonly finding: string | null } => ({
  reason: coresBusyReason(factsOf(round))?.message ?? null,
  finding: coresBusyFinding(factsOf(round))?.message ?? null,
});
const NOTHING = { reason: null, finding: null };

t.test('a target that shares the cores', async (t) => {
  const sentence = /which the target shares, had no time left \(busy for 98\.7 %/;
  t.match(says({ isLocal: true, failed: 100 }), { reason: sentence, finding: null });
  t.match(says({ isLocal: true, failed: 100, isTrial: true }), { reason: sentence, finding: null });
  t.match(
    says({ isLocal: true, isTrial: true }),
    { reason: null, finding: sentence },
    'a goal of latency may be missed',
  );
  t.same(says({ isLocal: true, failed: 10 }), NOTHING, 'one in a thousand may fail');
});

t.test('a target that may have cores of its own', async (t) => {
  const { reason, finding } = says({ failed: 100 });
  t.equal(reason, null, 'every start was made');
  t.match(
    finding,
    /busy for 98\.7 % .* started 10,000 of 10,000 connections, 99 % of them within 20\d µs of their time\./,
  );
  t.match(finding, /If 192\.0\.2\.1:80, or a device on the way, runs on this machine too/);
  t.ok(says({ isTrial: true }).finding);
  t.same(says({}), NOTHING);
});

t.test('cores with some time left, and a kernel that does not tell', async (t) => {
  for (const coresBusy of [0.94, undefined])
    for (const isLocal of [true, false]) t.same(says({ coresBusy, isLocal, failed: 100, isTrial: true }), NOTHING);
});

t.test('what a round missed may be the doing of this machine', async (t) => {
  const late = { lagP99Ns: 21e6, totalP99Ns: 100e6 };
  const inTime = { lagP99Ns: 19e6, totalP99Ns: 100e6 };
  t.notOk(mayBeOurs('none', { isLocal: true, ...late }), 'what is met all the same is met');
  t.ok(mayBeOurs('counts', { isLocal: true, ...inTime }));
  t.ok(mayBeOurs('time', { isLocal: true, ...inTime }));
  t.notOk(mayBeOurs('counts', { isLocal: false, ...late }), 'a loss is no delay');
  t.notOk(mayBeOurs('time', { isLocal: false, ...inTime }));
  t.ok(mayBeOurs('time', { isLocal: false, ...late }));
});
