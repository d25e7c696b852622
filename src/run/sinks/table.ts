/** The sinks that a user can ask for: an option and a sink in one row each. */
import type { Sink } from '../events.ts';
import type { SinkSetup } from './sink.ts';

/** One sink. Its code is loaded only where it is asked for. */
export interface SinkRow {
  /** What `--help` says of the option. */
  readonly help: string;
  /** Whether `-`, stdout, is a place for it. Then stdout holds nothing else. */
  readonly mayBeStdout: boolean;
  readonly load: () => Promise<{ readonly openSink: (setup: SinkSetup) => Sink }>;
}

export const SINKS = {
  hlog: {
    help: 'write every second as histograms that HdrHistogram reads (log format 1.3)',
    mayBeStdout: false,
    load: () => import('./hlog.ts'),
  },
  hgrm: {
    help: "write each round's percentile tables; with % in the name a file for each, which HdrHistogram's plotter takes",
    mayBeStdout: false,
    load: () => import('./hgrm.ts'),
  },
  csv: {
    help: 'write every second as a row',
    mayBeStdout: false,
    load: () => import('./csv.ts'),
  },
  stream: {
    help: 'write every second as a line of JSON, with its histograms; - is stdout, which then holds nothing else',
    mayBeStdout: true,
    load: () => import('./stream.ts'),
  },
} as const satisfies Readonly<Record<string, SinkRow>>;

export type SinkName = keyof typeof SINKS;

export const SINK_NAMES = Object.keys(SINKS) as readonly SinkName[];

/** Which sinks were asked for, and where each writes. */
export type SinkInput = Readonly<Partial<Record<SinkName, { readonly value: string } | undefined>>>;

/** Opens the sinks that were asked for, under temporary names where they are files. */
export async function openSinks(input: SinkInput, setup: Omit<SinkSetup, 'path'>): Promise<Sink[]> {
  const opened: Sink[] = [];
  for (const name of SINK_NAMES) {
    const given = input[name];
    if (given === undefined) continue;
    const { openSink } = await SINKS[name].load();
    opened.push(openSink({ ...setup, path: given.value }));
  }
  return opened;
}
