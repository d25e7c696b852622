// Runs the tests and closes with "N passed, N failed".
//
//   node test/run.js [--tier=quick|kernel|netns]… [--jobs=N] [--as-is] [FILE or FOLDER]…
//
// --as-is: takes packages and dist/ as they are.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';

const ROOT = path.dirname(import.meta.dirname);

/** Installs packages and builds dist/ where that is needed. What it prints is not part of the report. */
function prepare() {
  const script = path.join(ROOT, 'bin/install-missing.js');
  return spawnSync(process.execPath, [script], { cwd: ROOT, stdio: ['ignore', 2, 2] }).status === 0;
}

function fail(message) {
  process.stderr.write(`${message}\n`);
  process.exit(2);
}

/** Returns the tiers, the jobs and the files and folders that the command line names. */
function readArguments(args) {
  const named = { tiers: [], jobs: undefined, isPrepared: false, places: [] };
  for (const arg of args) {
    const [, option, value] = /^--([a-z]+)=(.+)$/.exec(arg) ?? [];
    if (option === 'tier') named.tiers.push(value);
    else if (option === 'jobs' && /^[1-9]\d*$/.test(value)) named.jobs = Number(value);
    else if (arg === '--as-is') named.isPrepared = true;
    else if (arg.startsWith('-'))
      fail(`unknown option ${arg}: expected --tier=TIER, --jobs=N, --as-is, files and folders`);
    else named.places.push(arg);
  }
  return named;
}

/** The test files that an argument names: a folder stands for those below it. Sorted, relative to the checkout. */
function testsAt(place) {
  const whole = path.resolve(place);
  if (!existsSync(whole)) fail(`there is no ${place}`);
  if (!statSync(whole).isDirectory()) return [path.relative(ROOT, whole)];
  const names = readdirSync(whole, { recursive: true }).filter((name) => name.endsWith('.test.ts'));
  return names.sort().map((name) => path.relative(ROOT, path.join(whole, name)));
}

const { tiers, jobs, isPrepared, places } = readArguments(process.argv.slice(2));
if (!isPrepared && !prepare()) {
  process.stdout.write('\n0 passed, 1 failed\n');
  process.exit(1);
}
// Only now: on a fresh clone there were no packages before.
const { compile } = await import('./runner/compile.js');
const { Report } = await import('./runner/report.js');
const { endAll, runFiles } = await import('./runner/run-files.js');
const { TIERS, tierOf } = await import('./runner/tiers.js');

for (const tier of tiers) if (!TIERS.includes(tier)) fail(`there is no tier ${tier}: expected ${TIERS.join(', ')}`);
const files = [...new Set((places.length > 0 ? places : [path.join(ROOT, 'test')]).flatMap(testsAt))];
const chosen = tiers.length === 0 ? files : files.filter((file) => tiers.includes(tierOf(file).tier));

const report = new Report();
const stop = new AbortController();
// The files are ended with all that they have started; the last line is still ours to print.
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, () => {
    stop.abort();
    endAll();
  });
}
await compile();
await runFiles(chosen, report, { jobs, stop: stop.signal });
if (stop.signal.aborted) report.fail('the run was cut short');
process.exitCode = report.close() ? 0 : 1;
