/** Figures of a round as a worker would have counted them. */
import { createRecorderMemory } from '../../src/count/bank.ts';
import { LOAD_BANK, LoadTally } from '../../src/count/load.ts';
import { Recorder, RecorderReader } from '../../src/count/recorder.ts';
import { ManualClock } from './manual-clock.ts';

/** Times in ms, and how often each was measured. */
export type TimesMs = readonly (readonly [timeMs: number, count: number])[];

/** A tally with these counters and latencies, both by index. */
export function loadTally(
  counters: ReadonlyMap<number, number>,
  latencies: ReadonlyMap<number, TimesMs> = new Map(),
): LoadTally {
  const memory = createRecorderMemory(LOAD_BANK);
  const recorder = new Recorder(memory, new ManualClock(), LOAD_BANK);
  recorder.begin(0, false);
  for (const [counter, count] of counters) recorder.count(counter, count);
  for (const [clock, timesMs] of latencies)
    for (const [ms, count] of timesMs) for (let i = 0; i < count; i++) recorder.record(clock, ms * 1e6);
  recorder.handOverAndWait(1, 0, 0, false);
  const tally = new LoadTally();
  new RecorderReader(memory, LOAD_BANK).drain((bank) => tally.add(bank));
  return tally;
}
