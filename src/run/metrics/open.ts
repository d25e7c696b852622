/** Opens what `--metrics-listen` and `--otlp` ask for. What needs HTTP is loaded only where it is asked for. */
import { hostname } from 'node:os';
import { VERSION } from '../../units/version.ts';
import { codeOf, problemOf, type Given, type Problem } from '../../units/problem.ts';
import type { RunEvent, Sink } from '../events.ts';
import type { HttpClient, OtlpSender } from './otlp-sender.ts';
import { otlpEndpoint, type Header, type ListenPlace } from './places.ts';
import type { RunMetrics } from './run-metrics.ts';
import type { ScrapeServer } from './scrape-server.ts';
import type { Labels } from './store.ts';

/** The options of metrics; a command has all of them or none. */
export interface MetricsInput {
  readonly 'metrics-listen'?: Given<ListenPlace> | undefined;
  readonly otlp?: Given<URL> | undefined;
  readonly 'otlp-header'?: readonly Given<Header>[] | undefined;
}

/** Who hears of metrics. */
export interface MetricsLog {
  readonly info: (message: string) => void;
  readonly warn: (message: string) => void;
}

/** Metrics whose port is taken, before a run. */
export interface OpenedMetrics {
  readonly problems: readonly Problem[];
  /** What listens to the run; none where nothing was asked for. */
  sinks(log: MetricsLog): readonly Sink[];
  /** Gives the port back. Harmless after the end of the sinks. */
  close(): Promise<void>;
}

/** How often a collector is told. */
const SEND_MS = 1000;

const NOTHING: OpenedMetrics = { problems: [], sinks: () => [], close: async () => undefined };

/** Takes the port that scrapes come to. A port that cannot be had is a problem of the input. */
export async function openMetrics(input: MetricsInput): Promise<OpenedMetrics> {
  const { 'metrics-listen': listen, otlp, 'otlp-header': headers = [] } = input;
  const problems = otlp === undefined ? unusedHeaders(headers) : [];
  if (listen === undefined && otlp === undefined) return { ...NOTHING, problems };
  const { RunMetrics } = await import('./run-metrics.ts');
  const metrics = new RunMetrics();
  const server = listen === undefined ? null : await takePort(listen, metrics);
  if (server !== null && 'option' in server) return { ...NOTHING, problems: [...problems, server] };
  const openSender = otlp === undefined ? null : await senderFor(otlp.value, headers, metrics);
  return {
    problems,
    sinks: (log) => [metricsSink(metrics, server, openSender?.(log.warn) ?? null, log)],
    close: async () => server?.close(),
  };
}

/** Headers from the environment are for every command, and may have nothing to do. */
function unusedHeaders(headers: readonly Given<Header>[]): Problem[] {
  return headers.filter(({ origin }) => origin === 'flag').map((header) => problemOf(header, '--otlp URL beside it'));
}

async function takePort(listen: Given<ListenPlace>, metrics: RunMetrics): Promise<ScrapeServer | Problem> {
  const { listenForScrapes } = await import('./scrape-server.ts');
  try {
    return await listenForScrapes(listen.value, metrics);
  } catch (error) {
    return problemOf(listen, expectedPlace(codeOf(error)));
  }
}

function expectedPlace(code: string): string {
  if (code === 'EADDRINUSE')
    return 'a port that is free (EADDRINUSE: another program listens there); port 0 takes any that is free';
  if (code === 'EADDRNOTAVAIL') return 'an address of this machine (EADDRNOTAVAIL); `ip address` lists them';
  if (code === 'EACCES') return 'a port from 1024 on, or the right to listen on lower ones (EACCES)';
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return `an address, or a name that resolves (${code})`;
  return `a place to listen on (the system says ${code})`;
}

type OpenSender = (warn: (message: string) => void) => { readonly sender: OtlpSender; begin(event: RunEvent): void };

async function senderFor(url: URL, headers: readonly Given<Header>[], metrics: RunMetrics): Promise<OpenSender> {
  const [client, { OtlpSender }, { otlpRequest }] = await Promise.all([
    (url.protocol === 'https:' ? import('node:https') : import('node:http')) as Promise<HttpClient>,
    import('./otlp-sender.ts'),
    import('./otlp-request.ts'),
  ]);
  let resource: Labels = {};
  return (warn) => {
    const sender = new OtlpSender({
      endpoint: otlpEndpoint(url),
      headers: headers.map(({ value }) => value),
      client,
      body: () => {
        const families = metrics.families();
        const request = { families, resource, startMs: metrics.startedAt.getTime(), nowMs: Date.now() };
        return JSON.stringify(otlpRequest(request));
      },
      warn,
    });
    const begin = (event: RunEvent): void => {
      if (event.type === 'run-started') resource = resourceOf(event.command, event.target);
    };
    return { sender, begin };
  };
}

/** One process is one instance: two that run at the same time on a machine are told apart by their process id. */
function resourceOf(command: string, target: string): Labels {
  const host = hostname();
  return {
    'service.name': 'conngen',
    'service.version': VERSION,
    'service.instance.id': `${host}:${process.pid}`,
    'host.name': host,
    'conngen.command': command,
    'conngen.target': target,
  };
}

/** One sink for both: they show the same figures. */
function metricsSink(
  metrics: RunMetrics,
  server: ScrapeServer | null,
  otlp: ReturnType<OpenSender> | null,
  log: MetricsLog,
): Sink {
  let timer: NodeJS.Timeout | undefined;
  return {
    on: (event) => {
      metrics.on(event);
      if (event.type !== 'run-started') return;
      if (server !== null) log.info(`metrics to scrape: ${server.url}`);
      if (otlp === null) return;
      otlp.begin(event);
      timer = setInterval(() => otlp.sender.send(), SEND_MS);
      timer.unref();
    },
    close: async () => {
      clearInterval(timer);
      // A run that never began has nothing to tell.
      if (timer !== undefined) await otlp?.sender.close();
      await server?.close();
      // A collector that is gone is no failure of the run.
      return true;
    },
  };
}
