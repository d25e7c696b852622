/** What a worker counts in a second, from the result of a real run: the bank that its message is made of. */
import { END_NS, START_NS, type Bank } from '../../src/count/bank.ts';
import { decodeHistogram } from '../../src/count/hdr-decode.ts';
import { STAT_COUNT, STAT_MAX, STAT_MIN, STAT_SUM } from '../../src/count/histogram.ts';
import {
  BYTES_RECEIVED,
  BYTES_SENT,
  ESTABLISHED,
  LOAD_BANK,
  MISSED,
  SCHEDULED,
  STARTED,
} from '../../src/count/load.ts';
import { CLOCKS, type IntervalResult } from '../../src/document/client.ts';
import { OK } from '../../src/document/outcome.ts';
import { makeBank } from '../../src/fleet/bank-code.ts';

/** Returns the bank of an interval that was written with `--histograms`, and in which nothing failed. */
export function bankOf(interval: IntervalResult): Bank {
  const bank = makeBank(LOAD_BANK);
  const { counters } = bank;
  counters[START_NS] = interval.start_sec * 1e9;
  counters[END_NS] = (interval.start_sec + interval.length_sec) * 1e9;
  counters[SCHEDULED] = interval.scheduled;
  counters[STARTED] = interval.started;
  counters[MISSED] = interval.missed;
  counters[ESTABLISHED] = interval.established;
  counters[BYTES_SENT] = interval.bytes.sent;
  counters[BYTES_RECEIVED] = interval.bytes.received;
  bank.outcomes[OK] = interval.ok;
  for (const [index, clock] of CLOCKS.entries()) {
    const { count, min, mean, max } = interval.latency_ns[clock];
    const filled = decodeHistogram(interval.histograms![clock]!)!;
    const stats = bank.stats[index]!;
    stats[STAT_COUNT] = count;
    stats[STAT_MIN] = min;
    stats[STAT_MAX] = max;
    stats[STAT_SUM] = mean * count;
    for (const [at, bucket] of filled.buckets.entries()) bank.counts[index]![bucket] = filled.counts[at]!;
  }
  return bank;
}
