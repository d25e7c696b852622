/** `--hlog`, `--hgrm` and `--csv`: what is written of a run while it goes on. */
import type * as HdrHistogram from '../count/hdr-histogram.ts';
import type { LatencyHistogram } from '../count/histogram.ts';
import { CLOCKS, type IntervalResult } from '../document/client.ts';
import type { IntervalDetail } from '../count/round-tally.ts';
import type { Given } from '../units/problem.ts';
import { histogramTag, logHead, logLine, titledTable } from '../run/sinks/histogram-log.ts';
import { csvHead, csvRow } from '../run/sinks/interval-csv.ts';
import { LineFile } from '../run/line-file.ts';
import { isByTag, tableFile } from './file-checks.ts';
import type { Log } from './process/log.ts';

export interface RecordInput {
  readonly hlog?: Given<string> | undefined;
  readonly hgrm?: Given<string> | undefined;
  readonly csv?: Given<string> | undefined;
}

type Encoder = Pick<typeof HdrHistogram, 'encodeHistogram' | 'percentileTable'>;

/** The files of one run. It is told what happens; everything is encoded here, on the main thread, and written as it comes. */
export class RecordFiles {
  readonly #log: Log;
  readonly #target: string;
  readonly #encoder: Encoder | null;
  readonly #hlog: LineFile | null;
  readonly #hgrm: LineFile | null;
  readonly #hgrmByTag: string | null;
  readonly #csv: LineFile | null;
  /** Whether each could be written. */
  readonly #tables: Promise<boolean>[] = [];
  /** Files that could not be opened, and are in the log. */
  readonly #told = new Set<LineFile>();
  #offeredRatePerSec: number | null = null;
  #isEmpty = true;

  private constructor(input: RecordInput, target: string, encoder: Encoder | null, log: Log) {
    const lineFile = (given: Given<string> | undefined): LineFile | null =>
      given === undefined ? null : new LineFile(given.value);
    const { hgrm } = input;
    const hasTagNames = hgrm !== undefined && isByTag(hgrm.value);
    this.#log = log;
    this.#target = target;
    this.#encoder = encoder;
    this.#hlog = lineFile(input.hlog);
    this.#csv = lineFile(input.csv);
    this.#hgrm = hasTagNames ? null : lineFile(hgrm);
    this.#hgrmByTag = hasTagNames ? hgrm.value : null;
    for (const file of this.#files()) void this.#tellUnopened(file);
    process.on('exit', this.#abandon);
  }

  /** Opens what was asked for, under temporary names. `target` is named in the files. */
  static async open(input: RecordInput, target: string, log: Log): Promise<RecordFiles> {
    // Loaded here: a run without histogram files needs no encoder.
    const isEncoding = input.hlog !== undefined || input.hgrm !== undefined;
    const encoder = isEncoding ? await import('../count/hdr-histogram.ts') : null;
    return new RecordFiles(input, target, encoder, log);
  }

  start(startedAt: Date): void {
    this.#hlog?.append(logHead(startedAt, this.#target));
    this.#csv?.append(csvHead());
  }

  roundStart(offeredRatePerSec: number | null): void {
    this.#offeredRatePerSec = offeredRatePerSec;
  }

  /** A second of a round. The warm-up is not part of a result and in no file. */
  interval(roundIndex: number, interval: IntervalResult, { startNs, latency }: IntervalDetail): void {
    this.#isEmpty = false;
    this.#csv?.append(csvRow(interval, { roundIndex, offeredRatePerSec: this.#offeredRatePerSec, startNs }));
    if (this.#hlog === null || this.#encoder === null) return;
    for (const [index, clock] of CLOCKS.entries()) {
      const line = {
        tag: histogramTag(roundIndex, clock),
        startNs,
        lengthSec: interval.length_sec,
        maxNs: latency[index]!.max,
        histogram: this.#encoder.encodeHistogram(latency[index]!),
      };
      this.#hlog.append(logLine(line));
    }
  }

  /** Percentiles of a round come from the counts of all of it. */
  roundEnd(roundIndex: number, latency: readonly LatencyHistogram[]): void {
    if (this.#encoder === null || (this.#hgrm === null && this.#hgrmByTag === null)) return;
    for (const [index, clock] of CLOCKS.entries()) {
      // A clock that nothing was measured by has no percentiles.
      if (latency[index]!.count === 0) continue;
      const tag = histogramTag(roundIndex, clock);
      const table = titledTable(tag, this.#target, this.#encoder.percentileTable(latency[index]!));
      this.#isEmpty = false;
      if (this.#hgrmByTag === null) this.#hgrm?.append(table);
      else this.#writeTable(tableFile(this.#hgrmByTag, tag), table);
    }
  }

  #writeTable(path: string, table: string): void {
    const file = new LineFile(path);
    file.append(table);
    this.#tables.push(this.#end(file, 'commit'));
  }

  /**
   * Puts the files in their places. A run that broke off before anything was measured leaves what was there. Returns whether
   * all of it worked; what did not is in the log.
   */
  async close(isReported: boolean): Promise<boolean> {
    process.off('exit', this.#abandon);
    const use = isReported || !this.#isEmpty ? 'commit' : 'discard';
    const ends = this.#files().map((file) => this.#end(file, use));
    return (await Promise.all([...ends, ...this.#tables])).every((isWhole) => isWhole);
  }

  /** While the run has hardly begun: whoever reads the log can still end it. */
  async #tellUnopened(file: LineFile): Promise<void> {
    const reason = await file.opened;
    if (reason === null) return;
    this.#told.add(file);
    this.#log.error(`${file.path} could not be opened: ${reason}; it will be missing`);
  }

  async #end(file: LineFile, use: 'commit' | 'discard'): Promise<boolean> {
    const end = await file.end(use);
    if (end.ok) return true;
    if (this.#told.has(file)) return false;
    const kept = end.partial === null ? '' : `; what came before is in ${end.partial}`;
    this.#log.error(`${file.path} could not be written: ${end.reason}${kept}`);
    return false;
  }

  #files(): LineFile[] {
    return [this.#hlog, this.#hgrm, this.#csv].filter((file) => file !== null);
  }

  /** A second signal ends the process at once. */
  readonly #abandon = (): void => {
    for (const file of this.#files()) file.abandon();
  };
}
