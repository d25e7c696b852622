import fc from 'fast-check';
import t from 'tap';
import { listAgents } from '../../src/fleet/agent-list.ts';
import { AgentWatch } from '../../src/fleet/agent-watch.ts';
import { SUBJECTS, TIMES } from '../../src/fleet/protocol.ts';
import { readDescription, rollCall } from '../../src/fleet/roll-call.ts';
import { description, speakFor } from '../support/agents.ts';
import { holds } from '../support/property.ts';
import { validated } from '../support/schemas.ts';
import { MemoryCarrier } from './memory-bus.ts';

const bytes = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value));

t.test('a description is read as it was written', (t) => {
  const own = description('a', { busy: { run: 'r', controller: 'me@h', command: 'client', target: 'h:80' } });
  t.same(readDescription(bytes(own)), {
    ...{ name: 'a', conngen: '0.1.0', protocol: 1, instance: 'instance of a' },
    description: own,
  });
  t.end();
});

t.test('what is no description is none, whatever it is', (t) => {
  const own = description('a');
  for (const key of Object.keys(own)) {
    t.equal(readDescription(bytes({ ...own, [key]: undefined })), null, `without ${key}`);
    t.equal(readDescription(bytes({ ...own, [key]: { x: [1] } }))?.description ?? null, null, `another ${key}`);
  }
  for (const name of ['', 'a.b', '*', 'a b', 'x'.repeat(65)]) t.equal(readDescription(bytes({ ...own, name })), null);
  const system = { ...own.system, cpus: 1e15 };
  t.equal(readDescription(bytes({ ...own, system })), null, 'a number that no table has room for');
  t.equal(readDescription(bytes({ ...own, engines: ['x'.repeat(5000)] })), null);
  t.equal(readDescription(Buffer.from('{')), null);
  t.equal(readDescription(new Uint8Array(300 * 1024)), null);
  // Another protocol may have other fields: who it is, is all that is read.
  const other = { protocol: 7, conngen: '9.0.0', name: 'b' };
  t.same(readDescription(bytes({ ...other, busy: 5 })), { ...other, instance: null, description: null });
  t.same(readDescription(bytes({ ...other, instance: 'i' })), { ...other, instance: 'i', description: null });
  t.end();
});

t.test('any bytes, and any JSON, are read without an exception', (t) => {
  holds(
    t,
    fc.property(fc.uint8Array({ maxLength: 200 }), (data) => {
      t.equal(readDescription(data), null);
    }),
  );
  holds(
    t,
    fc.property(fc.jsonValue(), (value) => {
      t.equal(readDescription(bytes(value)), null);
    }),
  );
  t.end();
});

t.test('agents that are there are listed by name, with how far they are and what they do', async (t) => {
  const carrier = new MemoryCarrier();
  const busy = { run: 'r', controller: 'me@h', command: 'client', target: '10.0.0.5:80' };
  const ends = [
    speakFor(carrier.connect(), () => description('b', { busy }), 'b'),
    speakFor(carrier.connect(), () => description('a'), 'a'),
    speakFor(carrier.connect(), () => ({ protocol: 99, conngen: '9.9.9', name: 'c' }), 'c'),
    speakFor(carrier.connect(), () => ({ nonsense: true }), 'd'),
  ];
  t.teardown(() => ends.forEach((end) => end()));
  const bus = carrier.connect();
  const result = validated(await listAgents(bus, 'nats://h:4222'));
  t.match(result.agents, [
    { name: 'a', state: 'free', running: null, cpus: 4, targets: ['10.0.0.0/8:80'], max_duration_sec: 3600 },
    { name: 'b', state: 'busy', running: { command: 'client', controller: 'me@h', target: '10.0.0.5:80' } },
    { name: 'c', state: 'incompatible', protocol: 99, conngen: '9.9.9' },
  ]);
  t.ok(result.agents.every(({ round_trip_ns: ns }) => ns !== null && ns > 0));
  t.equal((await rollCall(bus)).length, 3);
});

t.test('a watch sees agents come and go', async (t) => {
  const carrier = new MemoryCarrier();
  let nowMs = 0;
  const watch = new AgentWatch(carrier.connect(), () => nowMs);
  await watch.begin();
  t.same(watch.agents(), []);
  const agent = carrier.connect();
  agent.publish(SUBJECTS.alive('a'), bytes(description('a')));
  agent.publish(SUBJECTS.alive('b'), bytes(description('b')));
  agent.publish(SUBJECTS.alive('b'), bytes(description('c')));
  await new Promise((resolve) => setTimeout(resolve, 20));
  t.same(
    watch.agents().map(({ name }) => name),
    ['a', 'b'],
  );
  nowMs += TIMES.silenceMs;
  agent.publish(SUBJECTS.alive('b'), bytes(description('b')));
  await new Promise((resolve) => setTimeout(resolve, 20));
  nowMs += 1;
  t.same(
    watch.agents().map(({ name }) => name),
    ['b'],
  );
  watch.end();
});
