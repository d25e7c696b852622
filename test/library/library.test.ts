// tier: kernel
/** The library as a program uses it, in this process: runs, consumers that behave badly, and what it leaves behind. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import t from 'tap';
import type { Interval } from '../../src/document/interval.ts';
import { doctor, OptionsError, readDocument, render, rtt, run, saturate, search, server } from '../../src/index.ts';
import { IntervalQueue, WAITING_INTERVALS_MAX } from '../../src/library/interval-queue.ts';
import { ROOT, plainEnvironment } from '../support/cli.ts';
import { checkIdentities } from '../support/identities.ts';
import { validated } from '../support/schemas.ts';

const unhandled: unknown[] = [];
process.on('unhandledRejection', (reason) => unhandled.push(reason));

const echo = await server({ host: '127.0.0.1', port: 0 });
t.teardown(() => echo.close());
const target = `127.0.0.1:${echo.port}`;

t.test('intervals of a run, and its result', async (t) => {
  const notices: string[] = [];
  const load = run(
    { target, rate: ['100', 200], duration: '1s', warmup: '300ms', payload_size: 8 },
    { onNotice: (text) => notices.push(text), histograms: true },
  );
  const seconds: Interval[] = [];
  for await (const interval of load) seconds.push(interval);
  const result = validated(await load.result);
  checkIdentities(t, result);
  for (const [round, { attempts }] of result.rounds.entries()) {
    const told = seconds.filter((each) => each.round === round && !each.warmup) as { started?: number }[];
    t.equal(
      told.reduce((sum, { started = 0 }) => sum + started, 0),
      attempts.started,
      `round ${round}: its seconds add up`,
    );
  }
  t.ok(seconds.some(({ warmup }) => warmup));
  t.ok(seconds.every(({ histograms }) => histograms !== undefined && 'total' in histograms));
  t.match(notices.join('\n'), /source ports/);
  t.throws(() => load[Symbol.asyncIterator](), /can be looped over once/);
  t.match(await render(result, 'text'), /^conngen client 127\.0\.0\.1/);
  t.match(readDocument(JSON.stringify(result)), { document: { schema: 'conngen.client/1' } });
});

t.test('search, saturate, rtt and doctor', async (t) => {
  const searched = search({
    ...{ target, 'min-rate': 50, 'max-rate': 100, precision: '50%', finish: 'connect' },
    ...{ duration: '400ms', 'explore-duration': '200ms', cooldown: '10ms', timeout: '1s' },
  });
  const trials = new Set<number | undefined>();
  for await (const { trial } of searched) trials.add(trial);
  t.equal(trials.size, validated(await searched.result).trials.length);
  const saturated = saturate({ target, start: 100, 'max-rate': 110, duration: '300ms', cooldown: '10ms' });
  validated(await saturated.result);
  const pinged = rtt({ target, rate: 50, duration: '1s' });
  let received = 0;
  for await (const interval of pinged) received += interval.received;
  t.equal(received, validated(await pinged.result).rounds[0]!.received);
  validated(await doctor({ target, rate: 100 }));
});

t.test('refused options: every problem, and nothing was started', async (t) => {
  const refused = run({ rate: 'fast', csv: 'file', 'max-in-flight': () => 1, nonsense: 1 } as object);
  const error = await refused.result.catch((reason: unknown) => reason);
  t.ok(error instanceof OptionsError);
  if (!(error instanceof OptionsError)) return;
  t.equal(error.code, 'options_refused');
  t.same(
    error.problems.map(({ option }) => option),
    ['csv', 'nonsense', 'rate', 'max-in-flight'],
  );
  t.match(error.message, /^rate: got "fast", expected a number of connections\/s/m);
  await t.rejects(
    (async () => {
      for await (const { second } of refused) t.fail(`an interval: ${second}`);
    })(),
    error,
    'the loop throws the same error',
  );
  await t.rejects(run(null as unknown as object).result, {
    code: 'options_refused',
    message: /^options: got "null", expected an object/,
  });
  const withSecret = { target, otlp: 'http://me:secret@h', otlp_header: ['Authorization: Bearer secret'] } as object;
  const hidden = await run(withSecret).result.catch((reason: unknown) => reason as OptionsError);
  t.match((hidden as OptionsError).problems, [{ got: 'http://…@h' }, { got: '[Authorization:…]' }]);
  t.notMatch((hidden as OptionsError).message, 'secret');
  for (const other of [[], new Map([['target', 'x']]), new Date(0)])
    await t.rejects(run(other as object).result, { code: 'options_refused' }, 'no plain object');
  const unsound = run({ target }, { signal: 5 as unknown as AbortSignal });
  await t.rejects(unsound.result, /signal: expected an AbortSignal/);
  await t.rejects(unsound[Symbol.asyncIterator]().next(), TypeError, 'the loop does not wait');
  await t.rejects(server({ port: 'x' }), { code: 'options_refused' });
});

t.test('a run that cannot be done rejects, in the loop and in the result', async (t) => {
  await t.rejects(server({ host: '127.0.0.1', port: echo.port }), { code: 'EADDRINUSE' });
  const probed = run({ target: '127.0.0.1:1', rate: 10, duration: '1s', probe: '10/s', timeout: '200ms' });
  await t.rejects(probed.result, { code: 'probe_no_echo' });
});

t.test('a consumer that throws stops the run, which keeps what it has', async (t) => {
  const load = run({ target, rate: 100, duration: '60s' });
  const mistake = new Error('of the program');
  await t.rejects(
    (async () => {
      for await (const { second } of load) if (second >= 0) throw mistake;
    })(),
    mistake,
  );
  const result = await load.result;
  checkIdentities(t, result);
  t.equal(result.interrupted, true);
  t.ok(result.rounds[0]!.attempts.started > 0);
});

t.test('a function for notices that throws stops the run, and fails it with its error', async (t) => {
  const mistake = new Error('of the program');
  const load = run(
    { target, rate: 100, duration: '60s' },
    {
      onNotice: () => {
        throw mistake;
      },
    },
  );
  await t.rejects(load.result, mistake);
});

t.test('an abort before the start, and later', async (t) => {
  const early = await run({ target, rate: 100 }, { signal: AbortSignal.abort() }).result;
  t.match(early, { interrupted: true, rounds: [] });
  const pinged = await rtt({ target, rate: 100 }, { signal: AbortSignal.abort() }).result;
  t.match(pinged, { interrupted: true, rounds: [] });
  const searched = await search({ target, duration: '1s', 'explore-duration': '1s' }, { signal: AbortSignal.abort() })
    .result;
  t.match(searched, { interrupted: true, trials: [] });
  const stop = new AbortController();
  const load = run({ target, rate: 100, duration: '60s' }, { signal: stop.signal });
  for await (const { second } of load) if (second >= 0) stop.abort();
  const result = await load.result;
  checkIdentities(t, result);
  t.equal(result.interrupted, true);
});

t.test('await using closes a server', async (t) => {
  const other = await server({ host: '127.0.0.1', port: 0 });
  const { port } = other;
  t.match(other, { host: '127.0.0.1', protocol: 'tcp' });
  // What the end of the block calls; the examples have the block.
  await other[Symbol.asyncDispose]();
  await t.rejects(run({ target: `127.0.0.1:${port}`, rate: 10, duration: '100ms', probe: 10 }).result);
  const stop = new AbortController();
  const stopped = await server({ host: '127.0.0.1', port: 0 }, { signal: stop.signal });
  stop.abort();
  validated(await stopped.result);
  t.equal(await stopped.close(), await stopped.result);
});

t.test('intervals that nobody reads: an hour of them is kept, and the gap is told', async (t) => {
  const queue = new IntervalQueue<{ second: number }>();
  for (let second = 0; second < WAITING_INTERVALS_MAX + 5; second++) queue.push({ second });
  queue.end({});
  t.same(await queue.next(), { done: false, value: { second: 5, skipped: 5 } });
  t.same(await queue.next(), { done: false, value: { second: 6 } });
  for (let more = 7; more < WAITING_INTERVALS_MAX + 5; more++) await queue.next();
  t.same(await queue.next(), { done: true, value: undefined });
  const failed = new IntervalQueue<object>();
  const waiting = [failed.next(), failed.next()];
  failed.end({ error: new Error('once') });
  await t.rejects(waiting[0]!, /once/);
  t.same(await waiting[1], { done: true, value: undefined });
});

t.test('importing changes nothing in the process, and a run leaves nothing behind', async (t) => {
  const script = `
    import v8 from 'node:v8'; import vm from 'node:vm'; import { once } from 'node:events'; import { Worker } from 'node:worker_threads';
    const newSpace = async () => {
      const code = "const v8 = require('node:v8'); const { parentPort } = require('node:worker_threads');" +
        "parentPort.postMessage(v8.getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space').space_size)";
      const worker = new Worker(code, { eval: true, execArgv: [] });
      const [size] = await once(worker, 'message');
      // Until it has ended its stdout is piped into that of the process, with a listener.
      await worker.terminate();
      return size;
    };
    const state = async () => ({
      listeners: Object.fromEntries(process.eventNames().map((name) => [String(name), process.listenerCount(name)])),
      gc: vm.runInNewContext('typeof gc'), newSpace: await newSpace(), emitWarning: process.emitWarning, stdout: process.stdout.listenerCount('error'),
    });
    const same = (a, b) => JSON.stringify(a) === JSON.stringify(b) && a.emitWarning === b.emitWarning;
    const before = await state();
    const { run, rtt, server } = await import(process.argv[1]);
    console.log(same(before, await state()));
    const echo = await server({ host: '127.0.0.1', port: 0 });
    const target = '127.0.0.1:' + echo.port;
    const load = run({ target, rate: 100, duration: '1s', probe: 10 });
    for await (const _ of load) { console.log(vm.runInNewContext('typeof gc')); break; }
    await load.result;
    await rtt({ target, rate: 10, duration: '200ms' }).result;
    await echo.close();
    const after = await state();
    console.log(same(before, after) || JSON.stringify([before, after]));`;
  const dist = join(ROOT, 'dist/index.js');
  const args = ['--input-type=module', '--eval', script, dist];
  const output = execFileSync(process.execPath, args, { env: plainEnvironment(), encoding: 'utf8' });
  t.same(output.trimEnd().split('\n'), ['true', 'function', 'true'], output);
});

t.test('no rejection was left unhandled', (t) => {
  t.same(unhandled, []);
  t.end();
});
