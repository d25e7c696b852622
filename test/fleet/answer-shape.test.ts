import t from 'tap';
import { readAnswer, readTicket } from '../../src/fleet/answer-shape.ts';
import { encodeJson } from '../../src/fleet/json-message.ts';
import type { Opened, Refusal } from '../../src/fleet/protocol.ts';
import { faultOfRound } from '../../src/document/read.ts';

const OPENED: Opened = {
  system: { kernel: '6.18', node: 'v20.19.0', cpus: 2, engine: 'uring', workers: 1 },
  notes: ['a note'],
  checks: [{ id: 'open_files', status: 'warning', value: 1, needed: 2, why: 'Why.', fix: null }],
  workers: 1,
  maxInFlight: 1000,
  isFdBound: false,
  ports: { ports: 27_304, reuseDelayNs: 60e9 },
  address: '127.0.0.1',
};

t.test('answers of honest agents are read', (t) => {
  const refusal: Refusal = {
    ...{ code: 'options', message: 'the plan does not work on this agent', hint: 'a hint' },
    problems: [{ option: '--rate', got: null, expected: 'a rate' }],
  };
  for (const answer of [{ ok: OPENED }, { ok: { ...OPENED, ports: null } }, { refused: refusal }]) {
    t.strictSame(readAnswer(encodeJson(answer), 'open'), answer);
  }
  t.strictSame(readAnswer(encodeJson({ ok: {} }), 'begin'), { ok: {} });
  t.equal(readTicket(encodeJson({ ticket: 'abc' })), 'abc');
  t.end();
});

t.test('any other answer is a refusal that says so', (t) => {
  const opened: Partial<Record<keyof Opened, readonly unknown[]>> = {
    system: [null, {}, { ...OPENED.system, cpus: -1 }, { ...OPENED.system, engine_notes: 'x' }],
    notes: [null, 'x', [1]],
    checks: [null, [{ name: 'x' }], [{ ...OPENED.checks[0], status: 'bad' }]],
    workers: [0, -3, 1e9, 1.5, '1', null],
    maxInFlight: [-1, null],
    isFdBound: [null],
    ports: [1, {}, { ports: -1, reuseDelayNs: 0 }],
    address: [null],
  };
  const answers = Object.entries(opened).flatMap(([name, values]) =>
    values.map((value): unknown => ({ ok: { ...OPENED, [name]: value } })),
  );
  for (const answer of [...answers, {}, [], null, 1, { ok: {} }, { refused: null }, { refused: { code: 'busy' } }]) {
    t.match(readAnswer(encodeJson(answer), 'open'), { refused: { code: 'protocol' } }, JSON.stringify(answer));
  }
  t.match(readAnswer(Buffer.from('zz'), 'begin'), { refused: { message: /order to begin/ } });
  for (const data of ['zz', '[]', '{}', '{"ticket":1}']) t.equal(readTicket(Buffer.from(data)), null, data);
  t.end();
});

t.test('a round that is none has a fault', (t) => {
  for (const value of [null, {}, [], { duration_sec: 'x' }]) {
    t.type(faultOfRound('client', value), 'string');
    t.type(faultOfRound('rtt', value), 'string');
  }
  t.end();
});
