import { join } from 'node:path';
import t from 'tap';
import { listSources } from '../../src/plan/address/sources.ts';
import { clientConfig } from '../../src/plan/client-plan.ts';
import type { ClientPlan } from '../../src/plan/plan.ts';
import { MACHINE, planClient, type Typed } from '../support/plans.ts';

async function planned(typed: Typed, machine = MACHINE): Promise<ClientPlan> {
  const { plan, problems } = await planClient(typed, machine);
  if (plan === null) throw new Error(problems.join('\n'));
  return plan;
}

t.test('nothing given: the defaults of the contract', async (t) => {
  const plan = await planned({});
  t.match(plan, {
    host: '127.0.0.1',
    target: { address: '127.0.0.1', family: 4, port: 2345 },
    rates: [1000],
    durationNs: 10e9,
    warmupNs: 0,
    cooldownNs: 0,
    payloadFile: null,
    finish: { kind: 'half-close' },
    close: 'fin',
    holdNs: 0,
    timeoutNs: 5e9,
    sources: [],
    sourcePorts: {
      kind: 'own',
      ranges: [
        { first: 10_000, last: 32_767 },
        { first: 61_000, last: 65_535 },
      ],
    },
    isInStages: false,
    rampUpNs: 0,
    rampDownNs: 0,
    maxInFlight: 6000,
    workers: 1,
    probeRatePerSec: null,
    engine: 'auto',
  });
  t.equal(plan.payload.length, 0);
  t.ok(plan.payload.buffer instanceof SharedArrayBuffer);
  t.ok(Object.isFrozen(plan));
});

t.test('target against host and port', async (t) => {
  t.match(await planned({ target: '127.0.0.2:80' }), { host: '127.0.0.2', target: { port: 80 } });
  t.match(await planned({ target: '127.0.0.2', port: '81' }), { host: '127.0.0.2', target: { port: 81 } });
  t.match(await planned({ target: '[::1]:80' }), { host: '::1', target: { address: '::1', family: 6, port: 80 } });
  t.match(await planned({ host: '::1' }), { target: { address: '::1', family: 6, port: 2345 } });
  t.same((await planClient({ target: '127.0.0.2:80', port: '81', host: '::1' })).problems, [
    '--host: got "::1", expected to be left out beside 127.0.0.2:80',
    '--port: got "81", expected to be left out beside 127.0.0.2:80',
  ]);
});

t.test('names are resolved in the family of the sources', async (t) => {
  const asked: (number | null)[] = [];
  const machine = {
    ...MACHINE,
    resolve: async (_host: string, family: 4 | 6 | null) => {
      asked.push(family);
      return { ok: true, value: { address: family === 6 ? '::1' : '127.0.0.1', family: family ?? 4 } } as const;
    },
  };
  t.match(await planned({ target: 'example.org:80', source: '::1' }, machine), {
    target: { address: '::1', family: 6 },
  });
  t.match(await planned({ target: 'example.org:80' }, machine), {
    host: 'example.org',
    target: { address: '127.0.0.1' },
  });
  t.same(asked, [6, null]);
});

t.test('payloads', async (t) => {
  const directory = t.testdir({ 'a.req': 'hello' });
  const file = join(directory, 'a.req');
  t.match(await planned({ payload: file }), { payloadFile: file, payload: { length: 5 } });
  t.match(await planned({ 'payload-size': '64KiB' }), { payloadFile: null, payload: { length: 65_536 } });
  t.match(await planned({ finish: 'echo', 'payload-size': '0' }), { payload: { length: 0 }, finish: { kind: 'echo' } });
  t.match(await planClient({ payload: file, 'payload-size': '3' }), {
    problems: [`--payload-size: got "3", expected to be left out beside --payload ${file}`],
  });
  const unused = await planClient({ finish: 'connect', 'payload-size': '3' });
  t.equal(unused.plan?.payload.length, 0);
  t.match(unused.notices, [/closes before anything is sent/]);
});

t.test('an IPv6 address without brackets whose last part may be meant as a port', async (t) => {
  const { plan, notices } = await planClient({ target: '::1:9' });
  t.match(plan, { host: '::1:9', target: { port: 2345 } });
  t.same(notices, ['::1:9 is an IPv6 address as a whole, and the port 2345; or is it [::1]:9?']);
  for (const typed of [
    { target: '::1:9', port: '80' },
    { target: '[::1:9]:80' },
    { target: '::1' },
    { target: '2001:db8::9' },
    { target: '::1:ff' },
    { target: '::1:0' },
  ])
    t.same((await planClient(typed)).notices, [], JSON.stringify(typed));
});

t.test('finish', async (t) => {
  t.same((await planned({ finish: 'bytes:64KiB' })).finish, { kind: 'bytes', bytes: 65_536 });
  for (const finish of ['half-close', 'eof', 'echo', 'connect'] as const) {
    t.same((await planned({ finish })).finish, { kind: finish });
  }
  t.match((await planClient({ finish: 'bytes:0' })).problems, [
    /--finish: got "bytes:0", expected at least 1, after bytes:/,
  ]);
  t.match((await planClient({ finish: 'done' })).problems, [/expected half-close, eof, echo, bytes:N or connect/]);
});

t.test('a hold needs an exchange that leaves the connection open', async (t) => {
  t.match((await planClient({ hold: '10s' })).notices, [/^--hold 10s: with --finish half-close both ends have closed/]);
  t.match((await planClient({ hold: '10s', finish: 'eof' })).notices, [/^--hold 10s: with --finish eof the peer has/]);
  t.same((await planClient({ hold: '10s', finish: 'connect' })).notices, []);
});

t.test('how many in flight', async (t) => {
  t.equal((await planned({ rate: '10' })).maxInFlight, 1000);
  t.equal((await planned({ rate: ['10', '1500'], hold: '1s' })).maxInFlight, 1500 * 7);
  t.equal((await planned({ rate: '25k' })).maxInFlight, 20_000 - 64, 'within the limit of open files');
  t.equal((await planned({ rate: 'max' })).maxInFlight, 100);
  t.equal((await planned({ rate: 'max', 'max-in-flight': '7' })).maxInFlight, 7);
  const mixed = await planClient({ rate: ['10', 'max'] });
  t.equal(mixed.plan?.maxInFlight, 100);
  t.match(mixed.notices, [/--max-in-flight is 100 in every round/]);
  t.match((await planClient({ 'max-in-flight': '19937' })).problems, [
    '--max-in-flight: got "19937", expected at most 19936, because the limit of open files is 20000 (to raise it: ulimit -n 20001)',
  ]);
  t.equal((await planned({}, { ...MACHINE, fdLimit: 64 })).maxInFlight, 32, 'few files are enough for a low rate');
  t.match((await planClient({}, { ...MACHINE, fdLimit: 63 })).problems, [
    /^ulimit -n: got "63", expected at least 164 open files/,
  ]);
});

t.test('workers', async (t) => {
  const machine = { ...MACHINE, cpus: 4, fdLimit: 1_000_000 };
  t.equal((await planned({ rate: ['1', '25000'] }, machine)).workers, 1);
  t.equal((await planned({ rate: ['1', '25001'] }, machine)).workers, 2);
  t.equal((await planned({ rate: '10M' }, machine)).workers, 4);
  const few = { ...MACHINE, cpus: 4, fdLimit: 20_000, hasDirectDescriptors: true };
  const quick = await planned({ rate: '25000', finish: 'echo' }, few);
  t.same([quick.workers, quick.maxInFlight], [1, 20_000], 'timeouts that may never come take no thread');
  const held = await planned({ rate: '10000', finish: 'echo', hold: '5s' }, few);
  t.same([held.workers, held.maxInFlight], [3, 60_000], 'what is held for certain does');
  t.equal((await planned({ rate: 'max' }, machine)).workers, 1);
  t.equal((await planned({ workers: '16' }, machine)).workers, 16);
  t.match((await planClient({ workers: '17' }, machine)).problems, [/at most 16, which is 4 for each of the 4 cores/]);
  t.match((await planClient({ workers: '3', rate: 'max', 'max-in-flight': '2' }, machine)).problems, [
    /--workers: got "3"/,
  ]);
});

t.test('sources', async (t) => {
  t.same(listSources((await planned({ source: ['127.0.0.1-127.0.0.2', '127.0.1.0/31'] })).sources), [
    '127.0.0.1',
    '127.0.0.2',
    '127.0.1.0',
    '127.0.1.1',
  ]);
  t.match((await planClient({ source: ['127.0.0.1', '::1'] })).problems, [
    '--source: got "::1", expected IPv4 addresses, as 127.0.0.1 is one',
  ]);
  t.match((await planClient({ source: '::1' })).problems, [
    /--source: got "::1", expected IPv4 addresses, as the target 127\.0\.0\.1/,
  ]);
  t.match((await planClient({ source: '198.51.100.0/24' })).problems, [
    /does not have 198\.51\.100\.1, 198\.51\.100\.2, 198\.51\.100\.3 and 251 more \(to add one: ip addr add/,
  ]);
  t.match((await planned({ 'source-ports': 'kernel' })).sourcePorts, { kind: 'kernel' });
});

t.test('every problem at once', async (t) => {
  const { problems } = await planClient({
    rate: ['0', 'abc', '-1', 'NaN'],
    duration: '0',
    timeout: '2h',
    port: '0',
    payload: '/nonexistent',
    close: 'slam',
    source: '198.51.100.1',
  });
  t.equal(problems.length, 10);
  for (const option of ['--rate', '--duration', '--timeout', '--port', '--payload', '--close', '--source']) {
    t.ok(
      problems.some((problem) => problem.startsWith(`${option}: got "`)),
      option,
    );
  }
});

t.test('the echo in results', async (t) => {
  const plan = await planned({
    rate: ['5', '1k'],
    duration: '500ms',
    source: '127.0.0.1-127.0.0.8',
    finish: 'bytes:10',
  });
  t.same(clientConfig(plan), {
    host: '127.0.0.1',
    address: '127.0.0.1',
    port: 2345,
    rates_per_sec: [5, 1000],
    duration_sec: 0.5,
    warmup_sec: 0,
    cooldown_sec: 0,
    ramp_up_sec: 0,
    ramp_down_sec: 0,
    payload_file: null,
    payload_bytes: 0,
    finish: 'bytes:10',
    close: 'fin',
    hold_sec: 0,
    timeout_sec: 5,
    sink: 'null',
    sink_strategy: 'direct',
    max_memory_bytes: null,
    spill_directory: null,
    max_body_bytes: null,
    min_response_bytes: 0,
    first_byte_timeout_sec: null,
    verify: null,
    sources: ['127.0.0.1-127.0.0.8'],
    source_ports: '10000-32767,61000-65535',
    max_in_flight: 6000,
    workers: 1,
    probe_rate_per_sec: null,
    engine: 'auto',
  });
});

t.test('source ports that this user may not bind', async (t) => {
  const user = { ...MACHINE, lowestPort: 1024 };
  t.same((await planClient({ target: '127.0.0.1', 'source-ports': '1000-2000' }, user)).problems, [
    '--source-ports: got "1000-2000", expected ports from 1024 on, because those below take root ' +
      '(or sysctl -w net.ipv4.ip_unprivileged_port_start=1000)',
  ]);
  for (const ports of ['1024-2000', 'kernel']) {
    t.same((await planClient({ target: '127.0.0.1', 'source-ports': ports }, user)).problems, []);
  }
  t.same((await planClient({ target: '127.0.0.1', 'source-ports': '1-1023' })).problems, [], 'as root');
});

t.test('where connections need no descriptor, the limit of open files holds for each thread', async (t) => {
  const machine = { ...MACHINE, hasDirectDescriptors: true };
  const typed = { target: '127.0.0.1', 'max-in-flight': '100000', finish: 'echo' };
  const { plan } = await planClient({ ...typed, workers: '5' }, machine);
  t.equal(plan?.maxInFlight, 100_000);
  t.match((await planClient({ ...typed, workers: '4' }, machine)).problems.join(), /--max-in-flight.*at most 80000/);
  t.match((await planClient({ ...typed, workers: '5', engine: 'epoll' }, machine)).problems.join(), /at most 19936/);
  t.match(
    (await planClient({ ...typed, workers: '5', finish: 'half-close' }, machine)).problems.join(),
    /at most 19936/,
  );
  const auto = await planClient({ ...typed, 'max-in-flight': '40000' }, machine);
  t.equal(auto.plan?.workers, 2, 'as many threads as the connections need');
});
