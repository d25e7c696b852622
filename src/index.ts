/**
 * conngen as a library: the commands as functions. Options are the names of `--config`, with values as text (`'10s'`, `'25k'`) or as
 * numbers. Importing this module changes nothing in the process; while something runs, flags of V8 are set for its threads.
 *
 * @packageDocumentation
 */
import type { ClientResult } from './document/client.ts';
import type { CompareResult } from './document/compare.ts';
import type { DoctorResult } from './document/doctor.ts';
import type { FormatName } from './document/formats.ts';
import type { LoadInterval, PingInterval } from './document/interval.ts';
import type { SaturateResult, SearchResult } from './document/limit.ts';
import type { Document } from './document/read.ts';
import type { RttResult } from './document/rtt.ts';
import type { CompareOptions, SideOfRuns } from './library/compare.ts';
import { planCommand, type OptionsOf } from './library/options.ts';
import { startRun, type Run, type RunControls } from './library/run.ts';
import { startServer, type RunningServer } from './library/server.ts';
import type { CLIENT_OPTIONS } from './options/tables/client.ts';
import type { DOCTOR_OPTIONS } from './options/tables/doctor.ts';
import type { RTT_OPTIONS } from './options/tables/rtt.ts';
import type { SATURATE_OPTIONS } from './options/tables/saturate.ts';
import type { SEARCH_OPTIONS } from './options/tables/search.ts';
import type { SERVER_OPTIONS } from './options/tables/server.ts';

export type { CompareOptions, SideOfRuns } from './library/compare.ts';
export type { CompareResult } from './document/compare.ts';
export { readDocument, type Document, type ReadDocument } from './document/read.ts';
export { OptionsError, type OptionValue } from './library/options.ts';
export type { Skipped } from './library/interval-queue.ts';
export type { Run, RunControls } from './library/run.ts';
export type { RunningServer } from './library/server.ts';
export type { ClientResult, RoundResult } from './document/client.ts';
export type { DoctorResult } from './document/doctor.ts';
export type { Interval, LoadInterval, PingInterval } from './document/interval.ts';
export type { SaturateResult, SearchResult } from './document/limit.ts';
export type { RttResult } from './document/rtt.ts';
export type { ServerResult } from './document/server.ts';
export type { Problem } from './units/problem.ts';
export { RunError } from './units/run-error.ts';

/** The options of `run`. */
export type ClientOptions = OptionsOf<typeof CLIENT_OPTIONS>;
/** The options of `search`. */
export type SearchOptions = OptionsOf<typeof SEARCH_OPTIONS>;
/** The options of `saturate`. */
export type SaturateOptions = OptionsOf<typeof SATURATE_OPTIONS>;
/** The options of `rtt`. */
export type RttOptions = OptionsOf<typeof RTT_OPTIONS>;
/** The options of `server`. */
export type ServerOptions = OptionsOf<typeof SERVER_OPTIONS>;
/** The options of `doctor`, which are those of `run`. */
export type DoctorOptions = OptionsOf<typeof DOCTOR_OPTIONS>;

/**
 * Opens connections on a schedule and measures, as `conngen client` does.
 *
 * @example
 * ```ts
 * import { run } from 'conngen';
 *
 * const load = run({ target: '10.0.0.5:80', rate: '5k', duration: '10s' });
 * for await (const { second, started, latency_ns } of load) console.log(second, started, latency_ns.total.p99);
 * const { rounds } = await load.result;
 * console.log(rounds[0]?.verdict.status);
 * ```
 */
export function run(options: ClientOptions, controls: RunControls = {}): Run<ClientResult, LoadInterval> {
  return startRun(async () => {
    const { CLIENT } = await import('./cli/commands/client.ts');
    return planCommand('run', CLIENT, options);
  }, controls);
}

/**
 * Finds the highest rate that meets a goal, as `conngen search` does. The seconds of all trials are its intervals.
 *
 * @example
 * ```ts
 * import { search } from 'conngen';
 *
 * const { goals } = await search({ target: '10.0.0.5:80', goal: 'loss<=0.1%', 'max-rate': '50k' }).result;
 * for (const { goal, status, rate_per_sec } of goals) console.log(goal, status, rate_per_sec);
 * ```
 */
export function search(options: SearchOptions, controls: RunControls = {}): Run<SearchResult, LoadInterval> {
  return startRun(async () => {
    const { SEARCH } = await import('./cli/commands/search.ts');
    return planCommand('search', SEARCH, options);
  }, controls);
}

/**
 * Raises the rate until latency starts to climb, as `conngen saturate` does. The seconds of all steps are its intervals.
 *
 * @example
 * ```ts
 * import { saturate } from 'conngen';
 *
 * const { saturated_at, stopped_by } = await saturate({ target: '10.0.0.5:80', start: 50, factor: 1.25 }).result;
 * console.log(saturated_at, stopped_by);
 * ```
 */
export function saturate(options: SaturateOptions, controls: RunControls = {}): Run<SaturateResult, LoadInterval> {
  return startRun(async () => {
    const { SATURATE } = await import('./cli/commands/saturate.ts');
    return planCommand('saturate', SATURATE, options);
  }, controls);
}

/**
 * Measures round trips over connections that stay open, as `conngen rtt` does.
 *
 * @example
 * ```ts
 * import { rtt } from 'conngen';
 *
 * const { rounds } = await rtt({ target: '10.0.0.5:2345', rate: '1k', duration: '5s' }).result;
 * console.log(rounds[0]?.rtt_ns.p99);
 * ```
 */
export function rtt(options: RttOptions, controls: RunControls = {}): Run<RttResult, PingInterval> {
  return startRun(async () => {
    const { RTT } = await import('./cli/commands/rtt.ts');
    return planCommand('rtt', RTT, options);
  }, controls);
}

/**
 * Starts a server, as `conngen server` does. Resolves when it accepts; `port: 0` takes a free port. `await using` needs TypeScript or
 * Node 24; elsewhere call `close()` in a `finally`.
 *
 * @example
 * ```ts
 * import { run, server } from 'conngen';
 *
 * await using target = await server({ host: '127.0.0.1', port: 0 });
 * const { rounds } = await run({ target: `127.0.0.1:${target.port}`, rate: 100, duration: '1s' }).result;
 * console.log(rounds[0]?.outcomes.ok);
 * ```
 */
export function server(
  options: ServerOptions,
  controls: Pick<RunControls, 'signal' | 'onNotice'> = {},
): Promise<RunningServer> {
  return startServer(async () => {
    const { SERVER } = await import('./cli/commands/server.ts');
    return planCommand('server', SERVER, options);
  }, controls);
}

/**
 * Checks that this machine can generate a load, as `conngen doctor` does. Sends nothing.
 *
 * @example
 * ```ts
 * import { doctor } from 'conngen';
 *
 * const { status, checks } = await doctor({ target: '10.0.0.5:80', rate: '25k', duration: '60s' });
 * if (status === 'problem') console.log(checks.filter((check) => check.status === 'problem'));
 * ```
 */
export async function doctor(options: DoctorOptions): Promise<DoctorResult> {
  const { DOCTOR } = await import('./cli/commands/doctor.ts');
  const planned = await planCommand('doctor', DOCTOR, options);
  return planned.run({ emit: () => undefined, stop: new AbortController().signal });
}

/**
 * Compares the runs of two sides, as `conngen compare` does: results of `run`, `rtt`, `search` or `saturate`, one or several on each
 * side. Rejects with `OptionsError` where they cannot be compared.
 *
 * @example
 * ```ts
 * import { compare, run, type ClientResult } from 'conngen';
 *
 * const sides: Record<string, ClientResult[]> = { '10.0.0.5:80': [], '10.0.0.6:80': [] };
 * for (let turn = 0; turn < 7; turn++) {
 *   for (const [target, results] of Object.entries(sides)) {
 *     results.push(await run({ target, rate: '5k', duration: '10s', histograms: true }).result);
 *   }
 * }
 * const [base = [], next = []] = Object.values(sides);
 * // The sides have different targets.
 * const { figures } = await compare(base, next, { force: true });
 * for (const { name, ratio, verdict } of figures) console.log(name, ratio, verdict);
 * ```
 */
export async function compare(
  base: SideOfRuns,
  next: SideOfRuns,
  options: CompareOptions = {},
): Promise<CompareResult> {
  const { compareDocuments } = await import('./library/compare.ts');
  return compareDocuments(base, next, options);
}

/**
 * Returns a result in a format: `text` as the command line prints it, `markdown`, `html` (a whole page with charts), or `json`.
 *
 * @example
 * ```ts
 * import { readFileSync } from 'node:fs';
 * import { readDocument, render } from 'conngen';
 *
 * const read = readDocument(readFileSync('result.json', 'utf8'));
 * if ('document' in read) console.log(await render(read.document, 'markdown'));
 * else console.error(read.problem);
 * ```
 */
export async function render(document: Document, format: FormatName | 'text'): Promise<string> {
  const { render: renderAs } = await import('./view/renderers.ts');
  return renderAs(document, format);
}
