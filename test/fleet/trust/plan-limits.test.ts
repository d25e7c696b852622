import t from 'tap';
import { PLAIN_LIMITS } from '../plain-limits.ts';
import {
  ROUNDS_MAX,
  RunLimits,
  describeLimits,
  refusePlan,
  type LimitedPlan,
  type OwnLimits,
} from '../../../src/fleet/trust/plan-limits.ts';
import { forbiddenValues, orderedOptions } from '../../../src/fleet/trust/plan-options.ts';
import { parseAllowedTarget, type AllowedTarget } from '../../../src/plan/address/allowed-targets.ts';
import { CLIENT_OPTIONS } from '../../../src/options/tables/client.ts';
import { RTT_OPTIONS } from '../../../src/options/tables/rtt.ts';
import { WHOLE } from '../../../src/plan/fleet/share.ts';

const PLAN: LimitedPlan = {
  host: '127.0.0.1',
  target: { address: '127.0.0.1', port: 80 },
  rates: [1000],
  durationNs: 10e9,
  warmupNs: 1e9,
  cooldownNs: 2e9,
};
const WHOLE_PLAN = { share: WHOLE, trialsUpToPerSec: null };
const THIRD = { share: { turns: [1], of: 3 }, trialsUpToPerSec: null };

const allow = (...texts: readonly string[]): AllowedTarget[] =>
  texts.map((text) => {
    const parsed = parseAllowedTarget(text);
    if (!parsed.ok) throw new Error(parsed.expected);
    return parsed.value;
  });

const limited = (more: Partial<OwnLimits>): OwnLimits => ({ ...PLAIN_LIMITS, ...more });

t.test('a target is allowed by its address, however it was named', (t) => {
  const at = (host: string, address: string, port = 80): LimitedPlan => ({ ...PLAN, host, target: { address, port } });
  t.equal(refusePlan(PLAN, PLAIN_LIMITS, WHOLE_PLAN), null);
  t.equal(refusePlan(at('localhost', '127.0.0.1'), PLAIN_LIMITS, WHOLE_PLAN), null);
  t.match(refusePlan(at('10.0.0.5', '10.0.0.5'), PLAIN_LIMITS, WHOLE_PLAN), {
    code: 'not_allowed',
    message: '10.0.0.5:80 is no target of this agent: it may aim at itself alone',
    hint: 'to allow it, start the agent with --allow-target 10.0.0.5:80',
  });
  const limits = limited({ targets: allow('10.0.0.0/8:80,443', '[2001:db8::/32]:443') });
  t.match(refusePlan(at('web.example', '192.0.2.7', 443), limits, WHOLE_PLAN), {
    message:
      'web.example:443 is 192.0.2.7:443 here, which is no target of this agent: it may aim at 10.0.0.0/8:80,443 [2001:db8::/32]:443',
  });
  t.match(refusePlan(at('fe80::1%eth0', 'fe80::1%eth0'), limits, WHOLE_PLAN)?.hint, /--allow-target \[fe80::1\]:80$/);
  t.end();
});

t.test('the rate of the share is held against the limit, each round and with the probe', (t) => {
  const limits = limited({ maxRatePerSec: 500 });
  t.equal(refusePlan(PLAN, limits, THIRD), null, 'a third of 1000');
  t.match(refusePlan(PLAN, limits, WHOLE_PLAN), {
    code: 'over_limit',
    message: 'the share of this agent is 1,000/s, and this agent starts at most 500/s (its --max-rate)',
  });
  t.match(refusePlan({ ...PLAN, rates: [1, 5000] }, limits, THIRD), { code: 'over_limit' }, 'the second round');
  t.match(refusePlan({ ...PLAN, rates: [{ fromPerSec: 0, toPerSec: 1501 }] }, limits, THIRD), { code: 'over_limit' });
  t.equal(refusePlan({ ...PLAN, rates: [{ fromPerSec: 0, toPerSec: 1500 }] }, limits, THIRD), null);
  t.match(refusePlan({ ...PLAN, rates: ['max'] }, limits, THIRD)?.message, /the plan has --rate max, and this agent/);
  t.equal(refusePlan({ ...PLAN, rates: ['max'] }, PLAIN_LIMITS, THIRD), null, 'no limit of the rate');
  t.match(refusePlan({ ...PLAN, probeRatePerSec: 800 }, limits, THIRD)?.message, /600\/s, its probe included/);
  t.match(refusePlan(PLAN, limits, { ...THIRD, trialsUpToPerSec: 1501 }), { code: 'over_limit' }, 'trials');
  t.equal(refusePlan({ ...PLAN, rates: ['max'] }, limits, { ...THIRD, trialsUpToPerSec: 1500 }), null);
  t.equal(
    refusePlan({ ...PLAN, rates: [0.3] }, limited({ maxRatePerSec: 0.1 }), THIRD),
    null,
    'no rounding refuses it',
  );
  t.end();
});

t.test('the time of all rounds is held against the limit', (t) => {
  const plan = { ...PLAN, rates: [1, 2, 3] };
  // Three rounds of 11 s, and two pauses.
  t.equal(refusePlan(plan, limited({ maxDurationNs: 37e9 }), WHOLE_PLAN), null);
  t.match(refusePlan(plan, limited({ maxDurationNs: 36e9 }), WHOLE_PLAN), {
    code: 'over_limit',
    message: 'the plan takes 37s, and this agent runs for at most 36s (its --max-duration)',
  });
  t.equal(refusePlan(plan, limited({ maxDurationNs: 1e9 }), { ...WHOLE_PLAN, trialsUpToPerSec: 9 }), null, 'trials');
  const many = { ...PLAN, durationNs: 1, warmupNs: 0, cooldownNs: 0, rates: new Array<number>(ROUNDS_MAX + 1).fill(1) };
  t.match(refusePlan(many, PLAIN_LIMITS, WHOLE_PLAN), { code: 'over_limit', message: /1001 rounds/ });
  t.end();
});

t.test('each round is held against what is left of the time, and against the rate', (t) => {
  let nowNs = 5_000_000_000n;
  const run = new RunLimits(PLAN, limited({ maxRatePerSec: 500, maxDurationNs: 60e9 }), THIRD.share, () => nowNs);
  t.equal(run.endNs, 65_000_000_000n);
  t.equal(run.refuseRound(1500, null, null), null);
  t.match(run.refuseRound(1501, null, null), { code: 'over_limit' }, 'more than the plan had');
  t.match(run.refuseRound('max', 1e9, null), { code: 'over_limit' });
  t.match(run.refuseRound(100, 1e9, 5000), { code: 'over_limit' }, 'exchanges');
  t.match(run.refuseRound(100, 60e9, null), {
    message:
      'the next round takes 61s, 1m of the run are left, and this agent runs for at most 1m (its --max-duration)',
  });
  nowNs += 49_000_000_000n;
  t.equal(run.refuseRound(100, null, null), null, '11 s are left');
  nowNs += 1n;
  t.match(run.refuseRound(100, null, null), { code: 'over_limit' });
  nowNs += 99_000_000_000n;
  t.match(run.refuseRound(100, 1, null)?.message, /0s of the run are left/);
  t.end();
});

t.test('a round that ends after a number of attempts takes as long as they do', (t) => {
  const run = new RunLimits({ ...PLAN, count: 1000 }, limited({ maxDurationNs: 12e9 }), WHOLE, () => 0n);
  t.equal(run.refuseRound(100, null, null), null, '10 s and the warm-up');
  t.match(run.refuseRound(10, null, null), { code: 'over_limit' }, '100 s');
  t.equal(run.refuseRound('max', null, null), null, 'the end of the run ends it');
  t.end();
});

t.test('limits are told as they were typed', (t) => {
  const limits = limited({ targets: allow('any', '10.0.0.0/8:80'), maxRatePerSec: 5 });
  t.same(describeLimits(limits), { targets: ['any', '10.0.0.0/8:80'], maxRatePerSec: 5, maxDurationNs: 3600e9 });
  t.end();
});

/** Every option that no order may have. One that is new has to be put on one side or the other, in `plan-options.ts`. */
const NOT_ORDERED =
  'agents allow-generator-limited config csv fail-if fleet fleet-ca fleet-cert fleet-cert-key fleet-creds fleet-key freebind gateway ' +
  'hgrm hlog html interface json markdown metrics-listen otlp otlp-header quiet share source source-ports spill-dir stream ui vlan';

t.test('an order has options of the load, and no other', (t) => {
  const rest = new Set(
    [CLIENT_OPTIONS, RTT_OPTIONS].flatMap((table) => {
      const ordered = orderedOptions(table);
      return Object.keys(table).filter((name) => !ordered.includes(name));
    }),
  );
  t.equal([...rest].sort().join(' '), NOT_ORDERED);
  const good = { target: '127.0.0.1:80', rate: ['1', '2'], sink: 'memory', payload: 'x', histograms: true };
  t.same(forbiddenValues(CLIENT_OPTIONS, good), []);
  for (const [values, forbidden] of [
    [{ source: '10.0.0.1' }, '--source'],
    [{ json: '/etc/passwd' }, '--json'],
    [{ 'spill-dir': '/' }, '--spill-dir'],
    [{ config: '/etc/passwd' }, '--config'],
    [{ otlp: 'http://10.0.0.1' }, '--otlp'],
    [{ sink: 'file:/tmp' }, '--sink file:DIRECTORY'],
    [{ sink: [' file:/tmp'] }, '--sink file:DIRECTORY'],
    // Other spellings of an option, and what is none.
    [{ source_ports: '1-2' }, '--source_ports'],
    [{ max_in_flight: 1 }, '--max_in_flight'],
    [{ __proto__x: 1 }, '--__proto__x'],
    [JSON.parse('{"__proto__": {"json": "x"}}') as Record<string, unknown>, '--__proto__'],
    [{ constructor: 1 }, '--constructor'],
  ] as const) {
    t.same(forbiddenValues(CLIENT_OPTIONS, values), [forbidden]);
  }
  t.end();
});
