import fc from 'fast-check';
import t from 'tap';
import { PROTOCOL, TIMES, type Order } from '../../../src/fleet/protocol.ts';
import { Gate } from '../../../src/fleet/trust/gate.ts';
import { makeKeyPair, parseSigningKey, parseTrustedKeys, type SigningKey } from '../../../src/fleet/trust/keys.ts';
import { readOrder } from '../../../src/fleet/trust/order-shape.ts';
import { SEALED_MAX_BYTES, seal, unseal } from '../../../src/fleet/trust/sealed.ts';
import { holds } from '../../support/property.ts';
import { ANY_ORDER, openOrder } from '../any-order.ts';

const [ours, theirs] = [newPair(), newPair()];
const RUN = 'run-of-ours';

function newPair(): { key: SigningKey; publicPem: string } {
  const { privatePem, publicPem } = makeKeyPair();
  const key = parseSigningKey(privatePem);
  if (!key.ok) throw new Error(key.expected);
  return { key: key.value, publicPem };
}

/** An agent called `a` that trusts our key, with a clock to move. */
function agent(trusts = ours.publicPem): { gate: Gate; clock: { nowNs: bigint } } {
  const clock = { nowNs: 1_000_000_000n };
  const trusted = trusts === '' ? { ok: true as const, value: new Map() } : parseTrustedKeys(trusts);
  if (!trusted.ok) throw new Error(trusted.expected);
  return { gate: new Gate({ agent: 'a', trusted: trusted.value, nowNs: () => clock.nowNs }), clock };
}

const sealed = (order: object, key: SigningKey | null = ours.key): Uint8Array => seal(order, 'order', key);

const order = (kind: string, number: number, more: object = {}): object => ({
  protocol: PROTOCOL,
  agent: 'a',
  run: RUN,
  number,
  kind,
  ...more,
});

const open = (gate: Gate, more: object = {}): object =>
  openOrder({ agent: 'a', run: RUN, ticket: gate.giveTicket().ticket, ...more });

/** The code of the refusal, or the kind of the order. */
function outcome(gate: Gate, data: Uint8Array): string {
  const admitted = gate.admit(data);
  return 'refused' in admitted ? admitted.refused.code : admitted.order.kind;
}

t.test('the orders of a run are admitted in their order, and the agent is free after it', (t) => {
  const { gate } = agent();
  t.equal(gate.run, null);
  t.equal(outcome(gate, sealed(open(gate))), 'open');
  t.equal(gate.run, RUN);
  t.equal(outcome(gate, sealed(order('begin', 1, { baseNs: '123456789' }))), 'begin');
  t.equal(outcome(gate, sealed(order('shift', 5, { shiftNs: -1500 }))), 'shift', 'numbers may be left out');
  t.equal(outcome(gate, sealed(order('stop', 6))), 'stop');
  gate.release();
  t.equal(gate.run, null);
  t.equal(outcome(gate, sealed(order('stop', 7))), 'run_unknown');
  t.equal(outcome(gate, sealed(order('close', 8))), 'close', 'its reports are not wanted any more');
  t.equal(outcome(gate, sealed(order('close', 8))), 'replayed');
  t.equal(outcome(gate, sealed(order('close', 9), theirs.key)), 'untrusted');
  t.equal(outcome(gate, sealed(open(gate, { run: 'another-run' }))), 'open');
  t.equal(outcome(gate, sealed(order('close', 10))), 'run_unknown');
  t.end();
});

t.test('a replayed order is refused', (t) => {
  const { gate } = agent();
  const opened = sealed(open(gate));
  const stopped = sealed(order('stop', 3));
  t.equal(outcome(gate, opened), 'open');
  t.equal(outcome(gate, stopped), 'stop');
  t.equal(outcome(gate, stopped), 'replayed', 'the same number');
  t.equal(outcome(gate, sealed(order('stop', 2))), 'replayed', 'a lower number');
  t.equal(outcome(gate, opened), 'replayed', 'an open, during the run');
  gate.release();
  t.equal(outcome(gate, opened), 'replayed', 'an open, after the run');
  t.equal(outcome(gate, stopped), 'run_unknown');
  t.equal(outcome(gate, sealed(open(gate, { run: 'a-later-run' }))), 'open');
  t.equal(outcome(gate, sealed(order('stop', 4))), 'run_unknown', 'an order of the run before');
  t.end();
});

t.test('a ticket is of this agent, fresh, and good once', (t) => {
  const { gate, clock } = agent();
  const other = agent().gate;
  const { ticket } = gate.giveTicket();
  t.equal(outcome(gate, sealed(open(other))), 'replayed', 'the ticket of another start of the agent');
  for (const bad of ['', 'x', ticket.slice(1), `${ticket}A`, `${ticket.slice(0, -1)}!`, ticket.toLowerCase()]) {
    t.equal(outcome(gate, sealed(open(gate, { ticket: bad }))), 'replayed');
  }
  clock.nowNs += BigInt(TIMES.ticketMs) * 1_000_000n;
  t.equal(outcome(gate, sealed(open(gate, { ticket }))), 'open', 'in its last moment');
  gate.release();
  const late = gate.giveTicket().ticket;
  clock.nowNs += BigInt(TIMES.ticketMs) * 1_000_000n + 1n;
  t.equal(outcome(gate, sealed(open(gate, { ticket: late }))), 'replayed', 'too old');
  t.end();
});

t.test('requests for tickets push out no ticket', (t) => {
  const { gate } = agent();
  const { ticket } = gate.giveTicket();
  for (let count = 0; count < 20_000; count++) gate.giveTicket();
  t.equal(outcome(gate, sealed(open(gate, { ticket }))), 'open');
  t.end();
});

t.test('no signature, a wrong one, that of another key: all are told the same', (t) => {
  const { gate } = agent();
  const valid = JSON.parse(Buffer.from(sealed(open(gate))).toString()) as Record<string, string>;
  const reseal = (changes: object): Uint8Array => Buffer.from(JSON.stringify({ ...valid, ...changes }));
  const theirSignature = (JSON.parse(Buffer.from(sealed(open(gate), theirs.key)).toString()) as typeof valid)[
    'signature'
  ];
  const told = new Set<string>();
  const details = new Set<string>();
  for (const data of [
    sealed(open(gate), null),
    sealed(open(gate), theirs.key),
    reseal({ signature: null }),
    reseal({ key: null }),
    reseal({ signature: '' }),
    reseal({ signature: theirSignature }),
    reseal({ body: `${valid['body']!.slice(0, -8)}AAAAAAA=` }),
    // Signed by us, as a beat.
    seal(open(gate), 'beat', ours.key),
  ]) {
    const admitted = gate.admit(data);
    if (!('refused' in admitted)) return t.fail('admitted');
    t.equal(admitted.refused.code, 'untrusted');
    told.add(JSON.stringify(admitted.refused));
    details.add(admitted.detail);
  }
  t.equal(told.size, 1, 'the sender learns nothing of the reason');
  t.equal(details.size, 3, 'the log of the agent has it');
  t.equal(gate.run, null);
  t.equal(outcome(gate, reseal({})), 'open', 'and the ticket was not used up');
  t.end();
});

t.test('orders for another agent, of another run or of another trusted key', (t) => {
  const { gate } = agent(`${ours.publicPem}${theirs.publicPem}`);
  t.equal(outcome(gate, sealed(open(gate, { agent: 'b' }))), 'replayed');
  t.equal(outcome(gate, sealed(open(gate))), 'open');
  t.equal(outcome(gate, sealed({ ...order('stop', 9), run: 'another-run' })), 'run_unknown');
  t.equal(outcome(gate, sealed(order('stop', 9), theirs.key)), 'run_unknown', 'trusted, and not who opened the run');
  t.equal(outcome(gate, sealed(open(gate, { run: 'another-run' }), theirs.key)), 'busy');
  t.equal(gate.run, RUN, 'the run goes on');
  t.equal(outcome(gate, sealed(order('stop', 9))), 'stop');
  t.end();
});

t.test('another protocol is refused by its number', (t) => {
  const { gate } = agent();
  const admitted = gate.admit(sealed(open(gate, { protocol: PROTOCOL + 1 })));
  t.match(admitted, {
    refused: { code: 'protocol', message: /protocol 1, and the controller 2/, hint: /same version/ },
  });
  t.end();
});

t.test('without trusted keys no signature is asked for, and the run is its own all the same', (t) => {
  const { gate } = agent('');
  t.equal(outcome(gate, sealed(open(gate), null)), 'open');
  t.equal(outcome(gate, sealed({ ...order('stop', 9), run: 'another-run' }, null)), 'run_unknown');
  t.equal(outcome(gate, sealed(order('stop', 9))), 'stop', 'a signature does no harm');
  t.end();
});

t.test('beats are of the controller that opened the run, and new', (t) => {
  const { gate } = agent(`${ours.publicPem}${theirs.publicPem}`);
  const beat = (number: number, key: SigningKey | null = ours.key, more: object = {}): Uint8Array =>
    seal({ protocol: PROTOCOL, run: RUN, number, acknowledged: { a: 3, b: 0 }, ...more }, 'beat', key);
  t.equal(gate.admitBeat(beat(0)), null, 'no run');
  t.equal(outcome(gate, sealed(open(gate))), 'open');
  t.match(gate.admitBeat(beat(0)), { acknowledged: { a: 3 } });
  t.equal(gate.admitBeat(beat(0)), null, 'replayed');
  t.equal(gate.admitBeat(beat(1, theirs.key)), null, 'another key');
  t.equal(gate.admitBeat(beat(1, null)), null, 'not signed');
  t.equal(gate.admitBeat(beat(1, ours.key, { run: 'another-run' })), null, 'another run');
  t.equal(gate.admitBeat(beat(1, ours.key, { acknowledged: { a: -1 } })), null, 'not well-formed');
  t.equal(gate.admitBeat(seal(order('stop', 5), 'order', ours.key)), null, 'an order');
  t.equal(gate.admitBeat(beat(7))?.number, 7);
  gate.release();
  t.equal(gate.admitBeat(beat(7)), null, 'replayed, after the run');
  t.equal(gate.admitBeat(beat(8))?.number, 8, 'reports of the last run are acknowledged after it');
  t.equal(gate.admitBeat(beat(9, theirs.key)), null, 'another key, after the run');
  t.equal(outcome(gate, sealed(open(gate, { run: 'a-later-run' }))), 'open');
  t.equal(gate.admitBeat(beat(9)), null, 'another run is open');
  t.end();
});

t.test('a message that is too large is neither made nor opened', (t) => {
  const { gate } = agent();
  const large = open(gate, { values: { rate: 'x'.repeat(SEALED_MAX_BYTES) } });
  t.throws(() => sealed(large), /at most 262144/);
  const data = Buffer.from(JSON.stringify({ body: 'A'.repeat(2 * SEALED_MAX_BYTES), key: null, signature: null }));
  t.match(gate.admit(data), { refused: { code: 'protocol' }, detail: /a message of \d+ bytes/ });
  t.end();
});

t.test('every order that the protocol has is read as it was written', (t) => {
  holds(
    t,
    fc.property(ANY_ORDER, (any) => {
      const read = readOrder(JSON.parse(JSON.stringify(any)));
      return read.ok && JSON.stringify(read.value) === JSON.stringify(any);
    }),
  );
  t.end();
});

t.test('fuzz: mutated bytes never throw and never pass', (t) => {
  holds(
    t,
    fc.property(
      ANY_ORDER,
      fc.array(fc.record({ at: fc.nat(), byte: fc.integer({ min: 0, max: 255 }), how: fc.nat(2) }), { minLength: 1 }),
      (any, changes) => {
        const { gate } = agent();
        const valid = sealed({ ...any, agent: 'a' });
        const body = JSON.stringify(unseal(valid, 'order', trustOurs()));
        let bytes = Buffer.from(valid);
        for (const { at, byte, how } of changes) {
          const place = at % (bytes.length + 1);
          if (how === 0 && place < bytes.length) bytes[place] = byte;
          else if (how === 1) bytes = bytes.subarray(0, place);
          else bytes = Buffer.concat([bytes.subarray(0, place), Buffer.of(byte), bytes.subarray(place)]);
        }
        gate.admit(bytes);
        const opened = unseal(bytes, 'order', trustOurs());
        // White space around JSON, or a byte that was written over itself, changes nothing that was signed.
        return 'why' in opened || JSON.stringify(opened) === body;
      },
    ),
  );
  t.end();
});

t.test('fuzz: well-signed rubbish never throws, and is admitted only where it is an order', (t) => {
  holds(
    t,
    fc.property(fc.oneof(fc.jsonValue(), mutated()), (value) => {
      const { gate } = agent();
      const data = seal(value as object, 'order', ours.key);
      const direct = Buffer.from(JSON.stringify(value));
      gate.admitBeat(direct);
      const read = readOrder(value);
      return 'refused' in gate.admit(data) && 'refused' in gate.admit(direct) && (!read.ok || isSound(read.value));
    }),
  );
  t.end();
});

function trustOurs(): ReturnType<typeof trustedMap> {
  return trustedMap(ours.publicPem);
}

function trustedMap(pem: string) {
  const trusted = parseTrustedKeys(pem);
  if (!trusted.ok) throw new Error(trusted.expected);
  return trusted.value;
}

/** Orders in which a field is something else. */
function mutated(): fc.Arbitrary<unknown> {
  return fc.tuple(ANY_ORDER, fc.nat(), fc.jsonValue()).map(([any, at, value]) => {
    const names = Object.keys(any);
    return { ...any, [names[at % names.length]!]: value };
  });
}

/** What the code that reads an order relies on. */
function isSound(any: Order): boolean {
  if (any.protocol !== PROTOCOL || !Number.isSafeInteger(any.number) || any.number < 0) return false;
  if (any.kind === 'begin') return BigInt(any.baseNs) >= 0n;
  if (any.kind === 'shift') return Number.isFinite(any.shiftNs);
  if (any.kind !== 'open') return true;
  const { turns, of } = any.share;
  return turns.length > 0 && turns.every((turn, at) => turn < of && (at === 0 || turn > turns[at - 1]!));
}
