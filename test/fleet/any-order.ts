/** Orders for tests: any that the protocol has, and one to open a run. */
import fc from 'fast-check';
import { PROTOCOL, type Order } from '../../src/fleet/protocol.ts';
import { divideShares } from '../../src/plan/fleet/share.ts';

/** An order to open a run of a client against 127.0.0.1:80, with `changes`. */
export function openOrder(changes: object = {}): object {
  return {
    protocol: PROTOCOL,
    agent: 'a',
    run: 'run-of-a-test',
    number: 0,
    kind: 'open',
    ticket: '',
    controller: 'user@host',
    command: 'client',
    called: 'client',
    values: { target: '127.0.0.1:80', rate: ['100'], duration: '1s' },
    files: {},
    trialsUpToPerSec: null,
    isInStages: false,
    share: { turns: [0], of: 1 },
    portsPart: { index: 0, of: 1 },
    ...changes,
  };
}

const name = fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9_-]{0,63}$/);
const word = fc.oneof(fc.string({ maxLength: 40 }), fc.integer(), fc.boolean());
const time = fc.bigInt({ min: 0n, max: 10n ** 18n }).map(String);
const rate = fc.double({ min: 0.001, max: 1e7, noNaN: true });
const whole = fc.nat(1000);

const head = {
  protocol: fc.constant(PROTOCOL),
  agent: name,
  run: fc.stringMatching(/^[A-Za-z0-9_-]{8,64}$/),
  number: fc.nat(),
};

const file = fc.record({ sha256: fc.stringMatching(/^[0-9a-f]{64}$/), bytes: fc.nat(1_000_000) });
const duration = fc.option(fc.double({ min: 1, max: 1e12, noNaN: true }));

const open = fc.record({
  ...head,
  kind: fc.constant('open' as const),
  ticket: fc.string({ maxLength: 100 }),
  controller: fc.string({ maxLength: 100 }),
  command: fc.constantFrom('client' as const, 'rtt' as const),
  called: fc.constantFrom('client', 'search', 'saturate', 'rtt'),
  values: fc.dictionary(name, fc.oneof(word, fc.array(word, { maxLength: 5 })), { maxKeys: 10, noNullPrototype: true }),
  files: fc.dictionary(name, file, { maxKeys: 3, noNullPrototype: true }),
  trialsUpToPerSec: fc.option(rate),
  isInStages: fc.boolean(),
  share: fc
    .array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 5 })
    .map((weights) => divideShares(weights)[0]!),
  portsPart: fc.nat(9).map((index) => ({ index, of: index + 1 })),
});

const prepare = fc.record({
  ...head,
  kind: fc.constant('prepare' as const),
  place: fc.oneof(fc.record({ round: whole }), fc.record({ round: whole, trial: whole })),
  rate: fc.oneof(rate, fc.constant('max' as const), fc.record({ fromPerSec: rate, toPerSec: rate })),
  durationNs: duration,
  maxLagNs: duration,
  exchangePerSec: fc.option(rate),
});

/** Any order that the protocol has. */
export const ANY_ORDER: fc.Arbitrary<Order> = fc.oneof(
  open,
  prepare,
  fc.record({ ...head, kind: fc.constant('begin' as const), baseNs: time }),
  fc.record({ ...head, kind: fc.constant('stage' as const), stage: whole, beginNs: time }),
  fc.record({ ...head, kind: fc.constant('shift' as const), shiftNs: fc.integer() }),
  fc.record({ ...head, kind: fc.constantFrom('stop' as const, 'close' as const) }),
);
