import t from 'tap';
import { kpiOf } from '../../../src/limit/decide/kpi.ts';
import { interval, latency, roundResult } from '../../support/results.ts';

const seconds = (established: readonly number[], open: readonly number[]): ReturnType<typeof interval>[] =>
  established.map((count, at) => interval({ start_sec: at, established: count, in_flight: open[at] ?? 0 }));

t.test('averages, throughput in both directions, and times', async (t) => {
  const { latency_ns: clocks } = roundResult();
  const kpi = kpiOf(
    roundResult({
      duration_sec: 4,
      bytes: { sent: 1000, received: 9000 },
      rate_per_sec: { started: 101, established: 100, completed: 99 },
      latency_ns: { ...clocks, first_byte: latency(2e6), total: latency(0, 0) },
    }),
  );
  t.match(kpi, { connections_per_sec: 100, throughput_bits_per_sec: 20_000, time_to_last_byte_ns: null });
  t.same(kpi.time_to_first_byte_ns, { min: 1e6, mean: 2e6, max: 200e6 });
});

t.test('deviations are of samples of 2 s while the load was on', async (t) => {
  const established = [90, 110, 100, 100, 80, 100, 0, 0];
  const kpi = kpiOf(roundResult({ duration_sec: 6, intervals: seconds(established, [30, 40, 10, 44, 10, 36]) }));
  t.equal(kpi.rate_deviation_percent, 6.9, 'of 100, 100 and 90 a second');
  t.equal(kpi.concurrency_deviation_percent, 10, 'of 40, 44 and 36');
  const few = kpiOf(roundResult({ duration_sec: 6, intervals: seconds(established, [1, 2, 1, 2, 1, 2]) }));
  t.equal(few.concurrency_deviation_percent, null, 'two connections more or less are no deviation');
  t.equal(kpiOf(roundResult({ duration_sec: 1, intervals: seconds([5], [90]) })).rate_deviation_percent, null);
});

t.test('an interval of several seconds is a sample of its own', async (t) => {
  const wide = [100, 120, 80].map((perSec, at) =>
    interval({ start_sec: 2 + 4 * at, length_sec: 4, established: 4 * perSec, in_flight: perSec }),
  );
  const kpi = kpiOf(roundResult({ duration_sec: 14, intervals: [...seconds([90, 110], [100, 100]), ...wide] }));
  t.equal(kpi.rate_deviation_percent, 20, 'of 100, 100, 120 and 80 a second');
  t.equal(kpi.concurrency_deviation_percent, 20);
});
