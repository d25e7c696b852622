/** Thread entry: drains a recorder from another thread, at a pace of its own, until it is told that no more comes. */
import { parentPort, workerData } from 'node:worker_threads';
import { END_NS, START_NS } from '../../src/count/bank.ts';
import { RecorderReader } from '../../src/count/recorder.ts';
import { SCHEDULED, LOAD_BANK } from '../../src/count/load.ts';
import { STAT_COUNT, STAT_SUM } from '../../src/count/histogram.ts';

export interface ReaderInit {
  readonly memory: SharedArrayBuffer;
  /** Int32 [0]: nonzero once the last bank has been handed over. */
  readonly done: SharedArrayBuffer;
}

/** What the reader saw. */
export interface ReaderReport {
  readonly banks: number;
  readonly scheduled: number;
  readonly ok: number;
  readonly latencyCount: number;
  readonly latencySumNs: number;
  readonly bucketCount: number;
  /** Banks that did not begin where the one before had ended. */
  readonly gaps: number;
}

const { memory, done } = workerData as ReaderInit;
const isDone = new Int32Array(done);
const reader = new RecorderReader(memory, LOAD_BANK);
const pause = new Int32Array(new SharedArrayBuffer(4));
let [banks, scheduled, ok, latencyCount, latencySumNs, bucketCount, gaps] = [0, 0, 0, 0, 0, 0, 0];
let reachedNs = 0;

function drain(): void {
  reader.drain(({ counters, outcomes, stats, counts }) => {
    if (counters[START_NS] !== reachedNs) gaps++;
    reachedNs = counters[END_NS]!;
    banks++;
    scheduled += counters[SCHEDULED]!;
    ok += outcomes[0]!;
    latencyCount += stats[0]![STAT_COUNT]!;
    latencySumNs += stats[0]![STAT_SUM]!;
    // Only low values are recorded: the first buckets hold them all.
    for (let bucket = 0; bucket < 2048; bucket++) bucketCount += counts[0]![bucket]!;
  });
}

parentPort!.postMessage('ready');
while (Atomics.load(isDone, 0) === 0) {
  drain();
  // Now and then so slow that the writer has no bank left and must wait.
  if (banks % 64 === 0) Atomics.wait(pause, 0, 0, 2);
}
drain();
const report: ReaderReport = { banks, scheduled, ok, latencyCount, latencySumNs, bucketCount, gaps };
parentPort!.postMessage(report);
