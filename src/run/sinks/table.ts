/** The sinks that a user can ask for: an option and a sink in one row each. */
import type { Sink } from '../events.ts';
import type { SinkSetup } from './sink.ts';

/** One sink. Its code is loaded only where it is asked for. */
export interface SinkRow {
  /** What `--help` says of the option. */
  readonly help: string;
  /** What a manual says beyond it. */
  readonly details?: string;
  /** Whether `--help` shows the option, and not only `--help-all`. */
  readonly isCommon?: true;
  /** Whether `-`, stdout, is a place for it. Then stdout holds nothing else. */
  readonly mayBeStdout: boolean;
  readonly load: () => Promise<{ readonly openSink: (setup: SinkSetup) => Sink }>;
}

export const SINKS = {
  hlog: {
    help: 'write the histograms of every second in the HdrHistogram log format 1.3',
    mayBeStdout: false,
    load: () => import('./hlog.ts'),
  },
  hgrm: {
    help: "write each round's percentile tables; % in the name gives each table its own file",
    details: "HdrHistogram's plotter reads the tables that have a file each: --hgrm 'run-%.hgrm'.",
    mayBeStdout: false,
    load: () => import('./hgrm.ts'),
  },
  csv: {
    help: 'write one row per second',
    isCommon: true,
    mayBeStdout: false,
    load: () => import('./csv.ts'),
  },
  stream: {
    help: 'write one line of JSON per second, with its histograms; - writes to stdout in place of the text',
    isCommon: true,
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
