// Runs the tests under tap and closes with "N passed, N failed". Arguments go to tap: `npm test -- test/plan`.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const root = path.dirname(import.meta.dirname);
const inRoot = (...parts) => path.join(root, ...parts);

/** Runs a step that must succeed before the tests. Its output is not part of the report. */
function prepare(...args) {
  return spawnSync(process.execPath, args, { cwd: root, stdio: ['ignore', 2, 2] }).status === 0;
}

const TAP_STAMP = ['.tap', 'built'];

/** tap compiles its test class for the plugins of .taprc; a first run without that would still use the old ones. */
function tapIsBuilt() {
  const stamp = inRoot(...TAP_STAMP);
  if (!existsSync(stamp)) return false;
  const inputs = [inRoot('.taprc'), inRoot('node_modules', '@tapjs', 'test', 'package.json')];
  return inputs.every((input) => statSync(input).ctimeMs <= statSync(stamp).ctimeMs);
}

const seconds = (ms) => `${((ms ?? 0) / 1000).toFixed(1)} s`;
const reason = (directive) => (typeof directive === 'string' ? directive : 'no reason given');

/** Prints a TAP stream for a person and keeps what the end needs. */
class Report {
  skips = [];
  totals = null;
  /** Tests that ran to their end and asserted nothing: they could not fail. */
  idle = [];

  /** Follows one level of the stream: the root, a file, a test, a subtest. */
  follow(parser, names) {
    let inner = null;
    parser.on('child', (child) => {
      inner = { failures: 0, passes: 0 };
      this.#count(child, inner);
      this.#checkNotIdle(child, [...names, child.name]);
      this.follow(child, [...names, child.name]);
    });
    parser.on('assert', (result) => {
      this.#assert(result, [...names, result.name], inner);
      inner = null;
    });
    parser.on('comment', (comment) => this.#comment(comment));
    parser.on('extra', (text) => process.stdout.write(text.replaceAll(/^/gm, '    | ').replace(/ {4}\| $/, '')));
  }

  /** A test without an assertion passes whatever the code does, so it counts as a failure. A skipped one has its reason. */
  #checkNotIdle(parser, names) {
    parser.on('complete', ({ count, ok, plan }) => {
      if (ok && count === 0 && plan.skipReason === '') this.idle.push(names.join(' > '));
    });
  }

  /** Counts the leaves below a child. */
  #count(parser, into) {
    let hasChild = false;
    parser.on('child', (child) => {
      hasChild = true;
      this.#count(child, into);
    });
    parser.on('assert', (result) => {
      if (!hasChild && !result.skip && !result.todo) result.ok ? into.passes++ : into.failures++;
      hasChild = false;
    });
  }

  #assert(result, names, inner) {
    const name = names.join(' > ');
    const isFile = names.length === 1;
    if (result.skip) this.skips.push(`${name}: ${reason(result.skip)}`);
    else if (result.todo) this.skips.push(`${name}: to do, ${reason(result.todo)}`);
    if (isFile) {
      const verdict = result.skip ? 'skip' : result.ok ? 'ok  ' : 'FAIL';
      process.stdout.write(`${verdict}  ${name}  (${inner?.passes ?? 0} passed, ${seconds(result.time)})\n`);
    }
    // A test that failed because of what is in it has been told already.
    if (result.ok || result.todo || (inner?.failures ?? 0) > 0) return;
    process.stdout.write(`\n  FAILED  ${name}\n${this.#details(result.diag)}\n`);
  }

  #details(diag = {}) {
    const { diff, stack, at, source, exitCode, signal, expired, found, wanted, ...rest } = diag;
    const lines = [];
    const add = (label, text) => lines.push(label, ...String(text).trimEnd().split('\n'));
    if (exitCode) lines.push(`the test process exited with ${exitCode}`);
    if (signal) lines.push(`the test process was ended by ${signal}`);
    if (expired) lines.push(`out of time: ${expired}`);
    if (diff) add('', diff);
    // A test adds it to say more than the difference does.
    if (found !== undefined) add('found', typeof found === 'string' ? found : JSON.stringify(found));
    if (wanted !== undefined) add('wanted', JSON.stringify(wanted));
    for (const key of ['message', 'reason', 'code', 'error', 'output']) if (key in rest) add(key, rest[key]);
    if (stack) add('', stack);
    else if (at?.fileName) lines.push(`at ${at.fileName}:${at.lineNumber}`);
    if (source && !diff && !stack) add('', source);
    return lines.map((line) => `          ${line}`.trimEnd() + '\n').join('');
  }

  #comment(comment) {
    const found = /^# \{ (total: .*) \}\s*$/.exec(comment);
    if (found === null) return;
    this.totals = Object.fromEntries(
      found[1].split(', ').map((pair) => [pair.split(': ')[0], Number(pair.split(': ')[1])]),
    );
  }
}

/** tap takes files only: a folder stands for the tests below it. */
function testsNamedBy(argument) {
  const folder = path.resolve(root, argument);
  if (argument.startsWith('-') || !existsSync(folder) || !statSync(folder).isDirectory()) return [argument];
  const tests = readdirSync(folder, { recursive: true }).filter((name) => name.endsWith('.test.ts'));
  // Without a test the name goes through, so that tap says it found nothing instead of running everything.
  return tests.length > 0 ? tests.sort().map((name) => path.join(argument, name)) : [argument];
}

/** Runs tap on the arguments; returns its exit code, and prints and fills `report`. */
async function runTap(args, report) {
  // Only now: on a fresh clone there were no packages before.
  const { Parser } = await import('tap-parser');
  const { bin } = JSON.parse(readFileSync(inRoot('node_modules', 'tap', 'package.json'), 'utf8'));
  const tap = inRoot('node_modules', 'tap', bin.tap);
  if (!tapIsBuilt()) {
    process.stderr.write('Preparing tap (first time only) …\n');
    if (!prepare(tap, 'build')) return 1;
    mkdirSync(inRoot('.tap'), { recursive: true });
    writeFileSync(inRoot(...TAP_STAMP), '');
  }
  const parser = new Parser();
  report.follow(parser, []);
  const child = spawn(process.execPath, [tap, '--reporter=tap', ...args], { cwd: root, stdio: ['inherit', 'pipe', 2] });
  // The terminal tells tap too; the last line is still ours to print.
  process.on('SIGINT', () => {});
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  child.stdout.on('data', (chunk) => parser.write(chunk));
  const code = await new Promise((resolve) => child.on('close', (status) => resolve(status ?? 1)));
  parser.end();
  return code;
}

const report = new Report();
const named = process.argv.slice(2).flatMap(testsNamedBy);
const code = prepare(inRoot('bin', 'install-missing.js')) ? await runTap(named, report) : 1;

const { pass = 0, fail = 0, skip = 0, todo = 0 } = report.totals ?? {};
// tap counts a test without an assertion as one that passed.
const passed = Math.max(0, pass - report.idle.length);
const skipped = skip + todo;
// tap can end badly with nothing counted as failed: no such file, a run cut short.
const failed = (fail === 0 && code !== 0 ? 1 : fail) + report.idle.length;

process.stdout.write('\n');
for (const name of report.idle) {
  process.stdout.write(`  FAILED  ${name}\n          it asserts nothing, so it cannot fail\n\n`);
}
for (const line of report.skips) process.stdout.write(`skipped  ${line}\n`);
if (passed + failed === 0) process.stdout.write('No test ran, and that is a failure.\n');
process.stdout.write(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}\n`);
process.exitCode = passed + failed === 0 || report.idle.length > 0 ? 1 : code;
