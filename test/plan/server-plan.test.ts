// tier: kernel
import { join } from 'node:path';
import t from 'tap';
import { serverConfig } from '../../src/plan/server-plan.ts';
import { MACHINE, planServer } from '../support/plans.ts';

t.test('nothing given: the defaults of the contract', async (t) => {
  const { plan } = await planServer({});
  t.match(plan, {
    host: null,
    port: 2345,
    listeners: 2,
    backlog: 20_480,
    mode: 'echo',
    responseFile: null,
    respondOn: 'eof',
    idleTimeoutNs: 60e9,
    maxConnections: 20_000 - 64 - 16,
    engine: 'auto',
  });
  t.same(plan === null ? null : serverConfig(plan), {
    host: null,
    port: 2345,
    protocol: 'tcp',
    datagram_rate_per_sec: 1000,
    listeners: 2,
    cpus: [],
    backlog: 20_480,
    mode: 'echo',
    response_file: null,
    response_bytes: 0,
    respond_on: 'eof',
    idle_timeout_sec: 60,
    max_connections: 19_920,
    work: 'none',
    work_strategy: 'direct',
    busy_tasks: 0,
    engine: 'auto',
  });
});

t.test('modes and responses', async (t) => {
  const response = join(t.testdir({ response: 'hello' }), 'response');
  t.match((await planServer({ response, 'respond-on': 'data' })).plan, {
    mode: 'respond',
    respondOn: 'data',
    response: { length: 5 },
  });
  t.match((await planServer({ mode: 'respond' })).problems, [
    /--mode: got "respond", expected to come with --response FILE/,
  ]);
  t.match((await planServer({ mode: 'echo', response })).problems, [
    /--response: got ".*", expected --mode respond with it/,
  ]);
  t.match((await planServer({ 'respond-on': 'data' })).problems, [
    /--respond-on: got "data", expected to come with --response/,
  ]);
  t.match((await planServer({ response: '/nonexistent' })).problems, [
    /--response: got "\/nonexistent", expected a file that exists/,
  ]);
});

t.test('limits', async (t) => {
  t.equal((await planServer({ port: '0', 'max-connections': '5' })).plan?.maxConnections, 5);
  t.match((await planServer({ 'max-connections': '19921' })).problems, [
    /expected at most 19920, because .* ulimit -n 20001\)/,
  ]);
  t.match((await planServer({}, { ...MACHINE, fdLimit: 80 })).problems, [
    /^ulimit -n: got "80", expected at least 82 open files/,
  ]);
});

t.test('where connections need no descriptor, a limit that is roomy holds for each listener', async (t) => {
  const limitOf = async (fdLimit: number, listeners: string): Promise<number | undefined> =>
    (await planServer({ listeners }, { ...MACHINE, hasDirectDescriptors: true, fdLimit })).plan?.maxConnections;
  t.equal(await limitOf(20_000, '4'), 80_000);
  t.equal(await limitOf(472, '1'), 400, 'a small one does not: the ring would have no room to spare');
});

t.test('every problem at once', async (t) => {
  const { problems } = await planServer({
    port: '70000',
    listeners: '0',
    host: 'no.name.invalid',
    mode: 'sleep',
    'idle-timeout': '-1',
  });
  t.equal(problems.length, 5);
});

t.test('datagrams are echoed, and nothing else', async (t) => {
  t.match((await planServer({ protocol: 'both', cpu: '1,0' })).plan, { protocol: 'both', cpus: [1, 0] });
  t.match((await planServer({ protocol: 'udp', work: 'cpu:300', 'work-strategy': 'permit:2' })).problems, [
    /^--work: got "cpu:300", expected connections to work for/,
    /^--work-strategy: got "permit:2", expected connections to work for/,
  ]);
  t.same((await planServer({ protocol: 'both', work: 'cpu:300' })).problems, []);
  t.match((await planServer({ protocol: 'udp', mode: 'discard' })).problems, [
    /^--protocol: got "udp", expected tcp with --mode discard: of datagrams there is only an echo$/,
  ]);
  t.match((await planServer({ cpu: '0-2' })).problems, [
    /^--cpu: got "0-2", expected cores that this process may run on: 0, 1$/,
  ]);
});

t.test('work: what goes together, and what does not', async (t) => {
  t.match((await planServer({ work: 'cpu:300', 'work-strategy': 'permit:1', 'busy-tasks': '10' })).plan, {
    work: { kind: 'cpu', integers: 300 },
    workStrategy: { kind: 'permit', permits: 1 },
    busyTasks: 10,
    engine: 'auto',
  });
  t.match((await planServer({ work: 'sleep:20us', 'work-strategy': 'pool' })).plan, { engine: 'node' });
  t.match((await planServer({ work: 'cpu:300', 'work-strategy': 'pool', engine: 'uring' })).problems, [
    /--work-strategy: got "pool", expected --engine node with it, because .* --engine uring never returns to/,
  ]);
  t.match((await planServer({ mode: 'hold', work: 'cpu:300' })).problems, [
    /--work: got "cpu:300", expected a mode that answers with it, not --mode hold/,
  ]);
  t.match((await planServer({ mode: 'hold', 'work-strategy': 'permit:1' })).problems, [
    /--work-strategy: got "permit:1", expected a mode that answers/,
  ]);
  t.same((await planServer({ mode: 'hold', 'busy-tasks': '3' })).problems, []);
  t.match((await planServer({ work: 'cpu', 'work-strategy': 'permit:0', 'busy-tasks': '-1' })).problems, [
    /--work: got "cpu", expected none, cpu:N/,
    /--work-strategy: got "permit:0", expected a whole number of permits from 1 to 1024, after permit:/,
    /--busy-tasks: got "-1", expected a whole number of tasks from 0 to 100000/,
  ]);
  const threads = await planServer({ work: 'cpu:300', 'work-strategy': 'dispatch:10,queue=5' });
  t.equal(threads.plan?.maxConnections, 20_000 - 64 - 16 - 80, 'threads need descriptors too');
});
