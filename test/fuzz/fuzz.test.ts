// tier: kernel
/**
 * Random valid options against peers that misbehave, with signals at random moments. What is checked holds for any of them.
 *
 * `npm test -- test/fuzz` runs the same few cases each time. `FUZZ_SEED=N` sets the first seed and `FUZZ_CASES=N` how many; for hours
 * by hand: `FUZZ_CASES=5000 node --import=tsx test/fuzz/fuzz.test.ts`. A failure prints the command line, and the command that
 * runs the case again.
 */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import type { ClientResult } from '../../src/document/client.ts';
import { runCli, startServer, type CliRun, type RunOptions } from '../support/cli.ts';
import { freePort } from '../support/ports.ts';
import { FILES, given, planCase, type Case, type Chosen } from './case.ts';
import { checkBothEnds, checkResult, checkRun } from './checks.ts';
import { annoyServer, startPeer } from './peers.ts';

const CASES = Number(process.env['FUZZ_CASES'] ?? 24);
const FIRST_SEED = Number(process.env['FUZZ_SEED'] ?? 1);
/** Far beyond what any case takes on an idle machine. */
const ENDS_WITHIN_MS = 60_000;
const FILE_WITHIN_MS = Math.max(180_000, CASES * 30_000);

t.setTimeout(FILE_WITHIN_MS);
// For tap itself, which ends a file that takes longer than the tests in general may.
t.comment(`timeout=${FILE_WITHIN_MS}`);

/** For temporary files of all cases, which run one after the other; tsx keeps what it compiles there. */
const TEMPORARY = mkdtempSync(join(tmpdir(), 'conngen-fuzz-'));
t.teardown(() => rmSync(TEMPORARY, { recursive: true, force: true }));

for (let seed = FIRST_SEED; seed < FIRST_SEED + CASES; seed++) {
  t.test(`seed ${seed}`, async (t) => {
    const directory = t.testdir({
      [FILES.payload]: 'GET / HTTP/1.0\r\n\r\n',
      [FILES.response]: 'HTTP/1.0 200 OK\r\n\r\nok',
    });
    const planned = await planCase(seed, directory);
    const again = await planCase(seed, directory);
    t.same(again, planned, 'a seed is one case');
    const lines = describe(planned);
    if (process.env['FUZZ_VERBOSE'] !== undefined) process.stderr.write(`${lines}\n`);
    const runs =
      planned.command === 'server'
        ? await runServerCase(t, planned, directory)
        : await runClientCase(t, planned, directory);
    t.same(leftOvers(directory), [], 'no temporary file is left');
    if (t.passing()) return;
    t.comment(lines);
    process.stderr.write(`\n${lines}\nagain: FUZZ_SEED=${seed} FUZZ_CASES=1 npm test -- test/fuzz\n`);
    for (const { code, signal, stdout, stderr } of runs)
      process.stderr.write(
        `code ${code}, signal ${signal}\nstderr: ${stderr.slice(-3000)}\nstdout: ${stdout.slice(0, 300)}\n`,
      );
  });
}

function describe({ seed, command, peer, options, serverOptions, signals }: Case): string {
  const wordsOf = (chosen: readonly Chosen[]): string => {
    const { args, env, file } = given(chosen);
    const variables = Object.entries(env).map(([name, text]) => `${name}='${text}'`);
    const config = Object.keys(file).length > 0 ? `  # --config: ${JSON.stringify(file)}` : '';
    return [...variables, 'conngen', command, ...args.map((word) => `'${word}'`)].join(' ') + config;
  };
  const server =
    peer === 'conngen' ? `\nserver: ${wordsOf(serverOptions).replace(`conngen ${command}`, 'conngen server')}` : '';
  const sent = signals.map(({ name, afterMs }) => `${name} after ${afterMs} ms`).join(', ');
  return `seed ${seed}: ${wordsOf(options)}\npeer: ${peer}; signals: ${sent || 'none'}${server}`;
}

/** Hidden files beside the results, and anything in the directory for temporary files. */
function leftOvers(directory: string): string[] {
  const hidden = readdirSync(directory).filter((name) => name.startsWith('.'));
  return [...hidden, ...readdirSync(TEMPORARY).filter((name) => !name.startsWith('tsx-'))];
}

function invocation(directory: string, options: readonly Chosen[], name: string): { args: string[]; run: RunOptions } {
  const { args, env, file } = given(options);
  const config = join(directory, `${name}.json`);
  writeFileSync(config, JSON.stringify(file));
  return {
    args: ['--config', config, ...args],
    run: { cwd: directory, env: { ...env, TMPDIR: TEMPORARY }, timeoutMs: ENDS_WITHIN_MS },
  };
}

function runWithSignals(args: readonly string[], run: RunOptions, { signals }: Case): Promise<CliRun> {
  const timers: NodeJS.Timeout[] = [];
  const onSpawn: RunOptions['onSpawn'] = (child) => {
    for (const { name, afterMs } of signals) timers.push(setTimeout(() => child.kill(name), afterMs));
  };
  return runCli(args, { ...run, onSpawn }).finally(() => timers.forEach((timer) => clearTimeout(timer)));
}

async function runClientCase(t: Test, planned: Case, directory: string): Promise<CliRun[]> {
  const { args, run } = invocation(directory, planned.options, 'options');
  const target = (port: number): string[] => [planned.command, `127.0.0.1:${port}`, '--json', '-', ...args];
  if (planned.peer === 'conngen') return runBothEnds(t, planned, directory, target, run);
  const peer = planned.peer === 'nobody' ? null : await startPeer(planned.peer);
  const ended = await runWithSignals(target(peer?.port ?? (await freePort())), run, planned);
  await peer?.close();
  const result = checkRun(t, planned, ended);
  if (result !== null) checkResult(t, result);
  return [ended];
}

async function runBothEnds(
  t: Test,
  planned: Case,
  directory: string,
  target: (port: number) => string[],
  run: RunOptions,
): Promise<CliRun[]> {
  const ofServer = invocation(directory, planned.serverOptions, 'server');
  const server = await startServer(ofServer.args, ofServer.run);
  const ended = await runWithSignals(target(server.port), run, planned);
  const served = await server.stop();
  checkResult(t, served);
  const result = checkRun(t, planned, ended);
  if (result === null) return [ended];
  checkResult(t, result);
  if (planned.command === 'client') checkBothEnds(t, planned, result as ClientResult, served);
  return [ended, await server.ended];
}

/** Clients that misbehave, until the signal of the case. */
async function runServerCase(t: Test, planned: Case, directory: string): Promise<CliRun[]> {
  const { args, run } = invocation(directory, planned.options, 'options');
  const server = await startServer(args, run);
  const stop = new AbortController();
  const isTcp = !planned.options.some(({ name, texts }) => name === 'protocol' && texts.includes('udp'));
  const clients = isTcp
    ? annoyServer(
        planned.peer === 'nobody' || planned.peer === 'conngen' ? 'never' : planned.peer,
        server.port,
        stop.signal,
      )
    : Promise.resolve();
  const [signal] = planned.signals;
  await sleep(signal!.afterMs);
  process.kill(server.pid, signal!.name);
  stop.abort();
  await clients;
  const ended = await server.ended;
  const result = checkRun(t, planned, ended);
  if (result !== null) checkResult(t, result);
  return [ended];
}
