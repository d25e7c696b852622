// What test/run.js prints: the TAP stream of each test file, told for a person, and the sums at the end.
import { Parser } from 'tap-parser';

const seconds = (ms) => `${(ms / 1000).toFixed(1)} s`;
const reason = (directive) => (typeof directive === 'string' ? directive : 'no reason given');
const indent = (text) => text.replaceAll(/^/gm, '    | ').replace(/ {4}\| $/, '');

/** Follows the output of one test file. Its lines are printed together when it has ended: other files run meanwhile. */
class FileReport {
  skips = [];
  /** How long the file may take, if it says so (`t.comment('timeout=MS')`). */
  timeoutMs = 0;
  /** Tests that ran to their end and asserted nothing: they could not fail. */
  idle = [];
  #lines = [];
  #name;
  #parser = new Parser();
  #results = null;
  #counts = { passed: 0, failed: 0 };

  constructor(name) {
    this.#name = name;
    this.#parser.on('complete', (results) => (this.#results = results));
    this.#parser.on('comment', (comment) => {
      const found = /^# timeout=(\d+)/.exec(comment);
      if (found !== null) this.timeoutMs = Number(found[1]);
    });
    this.#follow(this.#parser, [name], this.#counts);
  }

  write(chunk) {
    this.#parser.write(chunk);
  }

  /** Follows one level of the stream: the file, a test, a subtest. `into` counts the assertions of this level and below. */
  #follow(parser, names, into) {
    let inner = null;
    parser.on('child', (child) => {
      inner = { passed: 0, failed: 0 };
      this.#checkNotIdle(child, [...names, child.name]);
      this.#follow(child, [...names, child.name], inner);
    });
    parser.on('assert', (result) => {
      this.#assert(result, [...names, result.name], inner);
      into.passed += inner?.passed ?? 0;
      into.failed += inner?.failed ?? 0;
      const isOmitted = result.skip !== false || result.todo !== false;
      // A test has been counted by what is in it, unless it failed as a whole.
      if (inner === null && result.ok && !isOmitted) into.passed++;
      if (!result.ok && !isOmitted && (inner?.failed ?? 0) === 0) into.failed++;
      inner = null;
    });
    parser.on('extra', (text) => this.#lines.push(indent(text)));
  }

  /** A test without an assertion passes whatever the code does, so it counts as a failure. A skipped one has its reason. */
  #checkNotIdle(parser, names) {
    parser.on('complete', ({ count, ok, plan }) => {
      if (ok && count === 0 && plan.skipReason === '') this.idle.push(names.join(' > '));
    });
  }

  #assert(result, names, inner) {
    const name = names.join(' > ');
    if (result.skip) this.skips.push(`${name}: ${reason(result.skip)}`);
    else if (result.todo) this.skips.push(`${name}: to do, ${reason(result.todo)}`);
    // A test that failed because of what is in it has been told already.
    if (result.ok || result.todo || (inner?.failed ?? 0) > 0) return;
    this.#lines.push(`\n  FAILED  ${name}\n${details(result.diag)}\n`);
  }

  /** Ends the report with how the process ended. Returns the text to print and the sums. */
  end({ code, signal, expired, ms, stderr }) {
    this.#parser.end();
    const { ok, plan } = this.#results;
    const counts = this.#counts;
    const how = describeEnd({ code, signal, expired });
    const isSkipped = how === '' && ok && plan.skipReason !== '';
    if (isSkipped) this.skips.push(`${this.#name}: ${plan.skipReason}`);
    // The process can end badly with nothing counted as failed: before its first test, after its last, in the midst of one.
    if (counts.failed === 0 && (how !== '' || !ok)) {
      counts.failed++;
      const why = how === '' ? this.#results.failures.map(({ tapError }) => tapError ?? '').join('\n') : how;
      this.#lines.push(`\n  FAILED  ${this.#name}\n${why.trim().replaceAll(/^/gm, '          ')}\n\n`);
    }
    const verdict = counts.failed > 0 ? 'FAIL' : isSkipped ? 'skip' : 'ok  ';
    const head = `${verdict}  ${this.#name}  (${counts.passed} passed, ${seconds(ms)})\n`;
    return { text: `${head}${this.#lines.join('')}${stderr && indent(stderr)}`, counts };
  }
}

function describeEnd({ code, signal, expired }) {
  if (expired) return `out of time: it was ended after ${seconds(expired)}`;
  if (signal === 'SIGSYS') {
    return (
      'a test of the quick tier asked for a socket or an io_uring (SIGSYS):\n' +
      'put "// tier: kernel" in the first line of the file, or do without'
    );
  }
  if (signal) return `the test process was ended by ${signal}`;
  return code === 0 ? '' : `the test process exited with ${code}`;
}

function details(diag = {}) {
  const { diff, stack, at, source, exitCode, signal, expired, found, wanted, ...rest } = diag;
  const lines = [];
  const add = (label, text) => lines.push(label, ...String(text).trimEnd().split('\n'));
  if (exitCode) lines.push(`the process exited with ${exitCode}`);
  if (signal) lines.push(`the process was ended by ${signal}`);
  if (expired) lines.push(`out of time: ${expired}`);
  if (diff) add('', diff);
  // A test adds it to say more than the difference does.
  if (found !== undefined) add('found', typeof found === 'string' ? found : JSON.stringify(found));
  if (wanted !== undefined) add('wanted', JSON.stringify(wanted));
  for (const key of ['message', 'reason', 'code', 'error', 'output']) if (key in rest) add(key, rest[key]);
  if (stack) add('', sourcePath(stack));
  else if (at?.fileName) lines.push(`at ${sourcePath(at.fileName)}:${at.lineNumber}`);
  if (source && !diff && !stack) add('', source);
  return lines.map((line) => `          ${line}`.trimEnd() + '\n').join('');
}

/** Compiled files have the lines and columns of their sources. */
const sourcePath = (text) => text.replaceAll(/\.compiled\/([\w./-]+)\.js\b/g, '$1.ts');

/** Sums up the files of a run. */
export class Report {
  #passed = 0;
  #failed = 0;
  #skips = [];
  #idle = [];

  /** Starts to follow a file; what it prints goes to `write` of the result. */
  file(name) {
    return new FileReport(name);
  }

  /** Prints a file that has ended. */
  ended(file, ending) {
    const { text, counts } = file.end(ending);
    process.stdout.write(text);
    this.#failed += counts.failed + file.idle.length;
    this.#passed += counts.passed;
    this.#skips.push(...file.skips);
    this.#idle.push(...file.idle);
    return counts.failed + file.idle.length === 0;
  }

  /** Counts a failure that is no test's, and prints it. */
  fail(text) {
    this.#failed++;
    process.stdout.write(`\n  FAILED  ${text}\n`);
  }

  /** Prints what is to be told at the end; returns whether all is well. */
  close() {
    process.stdout.write('\n');
    for (const name of this.#idle) {
      process.stdout.write(`  FAILED  ${name}\n          it asserts nothing, so it cannot fail\n\n`);
    }
    for (const line of this.#skips.sort()) process.stdout.write(`skipped  ${line}\n`);
    if (this.#passed + this.#failed === 0) process.stdout.write('No test ran, and that is a failure.\n');
    const skipped = this.#skips.length > 0 ? `, ${this.#skips.length} skipped` : '';
    process.stdout.write(`${this.#passed} passed, ${this.#failed} failed${skipped}\n`);
    return this.#failed === 0 && this.#passed > 0;
  }
}
