import t from 'tap';
import { CLIENT_OPTIONS } from '../../../src/options/tables/client.ts';
import { RTT_OPTIONS } from '../../../src/options/tables/rtt.ts';
import { readOptions } from '../../../src/options/read.ts';
import { clientConfig, clientPlan } from '../../../src/plan/client-plan.ts';
import { demandOf } from '../../../src/plan/demand/demand.ts';
import { rttConfig, rttPlan, type RttPlan } from '../../../src/plan/ping-plan.ts';
import type { ClientPlan } from '../../../src/plan/plan.ts';
import { countOf, divideShares, partOf, type PortsPart, type Share } from '../../../src/plan/fleet/share.ts';
import { expandPorts } from '../../../src/plan/ports/source-ports.ts';
import { formatProblem } from '../../../src/units/problem.ts';
import { MACHINE, planClient, rawInput, type Typed } from '../../support/plans.ts';

interface Part {
  readonly share: Share;
  readonly ports?: PortsPart;
  readonly isRateKnown?: boolean;
}

const BASE = { host: '127.0.0.1', port: '8080' };

async function problemsOrPlan(typed: Typed, { share, ports, isRateKnown }: Part): Promise<ClientPlan | string[]> {
  const { input } = readOptions(CLIENT_OPTIONS, rawInput({ ...BASE, ...typed }));
  const planned = await clientPlan(input, MACHINE, isRateKnown, share, ports);
  return 'plan' in planned ? planned.plan : planned.problems.map(formatProblem);
}

async function planned(typed: Typed, part: Part): Promise<ClientPlan> {
  const plan = await problemsOrPlan(typed, part);
  if (Array.isArray(plan)) throw new Error(plan.join('\n'));
  return plan;
}

async function plannedRtt(typed: Typed, share: Share): Promise<RttPlan | string[]> {
  const { input } = readOptions(RTT_OPTIONS, rawInput({ ...BASE, ...typed }, {}, 'conngen rtt'));
  const plan = await rttPlan(input, MACHINE, share);
  return 'plan' in plan ? plan.plan : plan.problems.map(formatProblem);
}

t.test('the rates are those of the whole, and what the machine needs for them is its own', async (t) => {
  const [a, b] = divideShares([3, 1]);
  const typed = { rate: '40k', duration: '10s', timeout: '1s', 'max-in-flight': '1001' };
  const whole = (await planClient({ ...BASE, ...typed })).plan!;
  const [mine, other] = [await planned(typed, { share: a! }), await planned(typed, { share: b! })];
  t.same(mine.rates, whole.rates);
  t.same([whole.workers, mine.workers, other.workers], [2, 2, 1], '30 000/s take two threads, 10 000/s one');
  t.same([mine.maxInFlight, other.maxInFlight], [751, 250]);
  t.equal(mine.maxInFlight + other.maxInFlight, whole.maxInFlight);
  t.equal(demandOf(other, 0).ratePerSec, 10_000);
  t.equal(demandOf(other, 0).open.most, demandOf(whole, 0).open.most / 4);
  t.same(clientConfig(mine).share, { turns: [0, 1, 3], of: 4 });
  t.notOk('share' in clientConfig(whole));
});

t.test('a ramp, and attempts that are counted', async (t) => {
  const [share] = divideShares([1, 1, 2]);
  const ramp = await planned({ ramp: '0..4k/10s', timeout: '500ms' }, { share: share! });
  t.equal(demandOf(ramp, 0).ratePerSec, 1000);
  const counted = await planned({ rate: '100', count: '1001' }, { share: share! });
  t.equal(counted.count, 1001);
  t.equal(demandOf(counted, 0).attempts, countOf(share!, 1001));
});

t.test('connections open at the same time without a rate are divided too, and each machine has one', async (t) => {
  const shares = divideShares(Array.from({ length: 3 }, () => 1));
  const plans = await Promise.all(shares.map((share) => planned({ rate: 'max' }, { share })));
  t.same(
    plans.map(({ maxInFlight }) => maxInFlight),
    [34, 33, 33],
  );
  const refused = await problemsOrPlan({ rate: 'max', 'max-in-flight': '2' }, { share: shares[2]! });
  t.same(refused, ['--max-in-flight: got "2", expected at least 3, so that each of the machines has its part']);
});

t.test('machines that share an address have ports of their own', async (t) => {
  const [share] = divideShares([1, 1, 1]);
  for (const typed of [
    {},
    { 'source-ports': '20000-20099' },
    { 'source-ports': 'system' },
    { 'source-ports': 'most' },
  ]) {
    const parts = await Promise.all(
      [0, 1, 2].map(async (index) => {
        const plan = await planned(
          { rate: '3k', duration: '4s', 'max-in-flight': '300', ...typed },
          { share: share!, ports: { index, of: 3 }, isRateKnown: index !== 1 },
        );
        return plan.sourcePorts.kind === 'own' ? expandPorts(plan.sourcePorts.ranges) : [];
      }),
    );
    const all = parts.flat();
    t.equal(new Set(all).size, all.length, 'no port twice');
    t.ok(Math.min(...parts.map(({ length }) => length)) >= 33);
  }
});

t.test('round trips: rates of the whole, and each machine has connections of its own', async (t) => {
  const [a, b] = divideShares([1, 1]) as [Share, Share];
  const plan = (await plannedRtt({ rate: '10k', connections: '5' }, b)) as RttPlan;
  t.same([plan.rates, plan.connections], [[10_000], 5]);
  t.equal(plan.depths[0], Math.ceil((5000 * plan.timeoutNs) / 1e9 / 5) + 1);
  t.equal(rttConfig(plan).share, b);
  t.equal(partOf(a), 0.5);
});
