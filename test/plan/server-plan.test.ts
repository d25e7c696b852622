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
    listeners: 2,
    backlog: 20_480,
    mode: 'echo',
    response_file: null,
    response_bytes: 0,
    respond_on: 'eof',
    idle_timeout_sec: 60,
    max_connections: 19_920,
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
