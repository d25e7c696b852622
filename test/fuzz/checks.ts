/** What is true of every result and of every end of a process, whatever the options, the peer and the signals were. */
import type { Test } from 'tap';
import type { SaturateResult, SearchResult } from '../../src/document/limit.ts';
import type { ClientResult } from '../../src/document/client.ts';
import type { ServerResult } from '../../src/document/server.ts';
import type { PingCounts, RttResult } from '../../src/document/rtt.ts';
import type { CliRun } from '../support/cli.ts';
import { checkIdentities, checkRounds } from '../support/identities.ts';
import type { Case, FuzzedCommand } from './case.ts';

const SIGNAL_CODES = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

/** Checks how a process ended and what it wrote; returns its last document, or null where it has none to write. */
export function checkRun(t: Test, { command, options, signals }: Case, run: CliRun): unknown {
  checkMessages(t, run.stderr);
  if (run.signal !== null) {
    // Before it listens for signals, or after its end, the system's own answer to one is what ends it.
    t.ok(run.signal in SIGNAL_CODES && signals.some(({ name }) => name === run.signal), `ended by ${run.signal}`);
    return null;
  }
  const allowed = [0, 1, ...signals.map(({ name }) => SIGNAL_CODES[name])];
  if (options.some(({ name }) => name === 'fail-if')) allowed.push(99);
  // On a busy machine, which then was the limit.
  if (command === 'search' || command === 'saturate') allowed.push(3);
  // What this machine does not allow, such as its own limit of open files.
  if (run.stdout === '') allowed.push(2);
  t.ok(allowed.includes(run.code!), `exit code ${run.code}, of ${allowed.join(', ')}`);
  const documents = run.stdout === '' ? [] : readDocuments(t, command, run.stdout);
  if (documents.length === 0) {
    // A signal before anything runs, or a second one, ends the process immediately.
    const isSignalled = signals.some(({ name }) => run.code === SIGNAL_CODES[name]);
    const hasReason = /ERROR|expected/.test(run.stderr) || isSignalled;
    t.ok(hasReason, 'without a result it says why');
    t.not(run.code, 0, 'without a result it has failed');
  }
  return documents.at(-1) ?? null;
}

function checkMessages(t: Test, stderr: string): void {
  t.notMatch(stderr, /^\s+at .+:\d+:\d+\)?$/m, 'no stack trace');
  t.notMatch(
    stderr,
    /please report|Unhandled|UnhandledPromise|Warning:|AssertionError|TypeError|RangeError/,
    'no mistake of its own',
  );
  t.notMatch(stderr, /\bNaN\b|undefined|\[object |Infinity/, 'no figure that is none');
  t.notMatch(stderr, /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/, 'no control character');
}

/** One document on stdout, and nothing else; of a server a line when it listens and a line at its end. */
function readDocuments(t: Test, command: FuzzedCommand, stdout: string): unknown[] {
  const texts = command === 'server' ? stdout.trimEnd().split('\n') : [stdout];
  t.ok(texts.length <= 2, `${texts.length} documents`);
  const documents = texts.flatMap((text) => {
    try {
      return [JSON.parse(text) as { readonly schema?: string }];
    } catch {
      t.fail('stdout is JSON', { output: text.slice(0, 2000) });
      return [];
    }
  });
  return documents.filter(({ schema }) => schema !== undefined);
}

/** The accounting of a result. */
export function checkResult(t: Test, result: unknown): void {
  checkFigures(t, result);
  const { schema } = result as { readonly schema: string };
  if (schema === 'conngen.client/1') checkIdentities(t, result as ClientResult);
  else if (schema === 'conngen.rtt/1') checkPings(t, result as RttResult);
  else if (schema === 'conngen.server/1') checkServer(t, result as ServerResult);
  else if (schema === 'conngen.search/1') checkTrials(t, result as SearchResult, (result as SearchResult).trials);
  else if (schema === 'conngen.saturate/1') checkTrials(t, result as SaturateResult, (result as SaturateResult).steps);
  else t.fail(`a result of the schema ${schema}`);
}

/** The rounds of trials have the same accounting as those of a client. */
function checkTrials(
  t: Test,
  { config }: SearchResult | SaturateResult,
  trials: readonly { readonly result: ClientResult['rounds'][number] }[],
): void {
  checkRounds(
    t,
    config,
    trials.map(({ result }) => result),
  );
}

/** JSON makes null of a figure that is none: where a count or a time is one, that is what it was. */
function checkFigures(t: Test, result: unknown): void {
  const bad: string[] = [];
  const look = (value: unknown, path: string): void => {
    if (typeof value === 'number' && value < 0) bad.push(`${path} is ${value}`);
    if (value === null && /(count|min|max|mean|p\d+(_\d+)?|usec|bytes|started|scheduled)$/.test(path))
      bad.push(`${path} is null`);
    if (typeof value === 'object' && value !== null) {
      for (const [key, each] of Object.entries(value))
        if (path !== '' || key !== 'config') look(each, `${path}.${key}`);
    }
  };
  look(result, '');
  t.same(
    bad.filter((line) => !/running_max|kernel|evidence/.test(line)),
    [],
    'every figure is one',
  );
}

function checkPings(t: Test, result: RttResult): void {
  for (const round of result.rounds) {
    t.equal(round.scheduled, round.sent + round.missed, 'scheduled = sent + missed');
    t.equal(round.sent, round.received + round.lost + round.aborted, 'sent = received + lost + aborted');
    t.equal(round.rtt_ns.count, round.received, 'a round trip each that was received');
    t.equal(round.corrected_rtt_ns.count, round.received, 'and one from when it was due');
    t.ok(round.late <= round.lost, 'what came late is lost');
    for (const name of [
      'scheduled',
      'sent',
      'received',
      'lost',
      'missed',
      'aborted',
    ] as const satisfies (keyof PingCounts)[]) {
      const sum = round.intervals.reduce((total, interval) => total + interval[name], 0);
      t.equal(sum, round[name], `intervals add up to the round: ${name}`);
    }
  }
}

function checkServer(t: Test, result: ServerResult): void {
  const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
  const errors = Object.entries(result.errors).filter(([name]) => !name.startsWith('accept_'));
  const { accepted, completed, idle_closed: idle, aborted } = result;
  if (result.error !== undefined) return;
  t.equal(
    accepted,
    completed + idle + aborted + sum(errors.map(([, count]) => count)),
    'accepted = the sum of all ends',
    {
      output: JSON.stringify(result.errors),
    },
  );
  for (const name of ['accepted', 'completed', 'rejected'] as const) {
    t.equal(sum(result.listeners.map((each) => each[name])), result[name], `listeners add up: ${name}`);
  }
  if (result.work !== undefined)
    t.equal(result.work.jobs, result.work.done + result.work.unfinished, 'jobs = done + unfinished');
}

/** What both ends of the same connections count. */
export function checkBothEnds(t: Test, { options }: Case, client: ClientResult, server: ServerResult): void {
  const established = client.rounds
    .flatMap((round) => round.intervals)
    .reduce((sum, each) => sum + each.established, 0);
  const counted = server.accepted + server.rejected;
  t.ok(established <= counted, `established ${established} <= accepted and rejected ${counted}`);
  const isMore = options.some(({ name }) => ['warmup', 'ramp-up', 'ramp-down', 'probe'].includes(name));
  if (isMore) return;
  const started = client.rounds.reduce((sum, round) => sum + round.attempts.started, 0);
  t.ok(counted <= started, `accepted and rejected ${counted} <= started ${started}`);
}
