import fc from 'fast-check';
import t from 'tap';
import { LagCounts } from '../../../src/fleet/controller/lag-counts.ts';
import { decodeBank, encodeBank, makeBank, makeReceivedBank } from '../../../src/fleet/bank-code.ts';
import { LOAD_BANK, SCHEDULE_LAG } from '../../../src/count/load.ts';
import {
  LatencyHistogram,
  NS_MAX,
  STAT_COUNT,
  STAT_MAX,
  STAT_MIN,
  STAT_SUM,
  bucketOf,
} from '../../../src/count/histogram.ts';
import { holds } from '../../support/property.ts';

const lagNs = fc.oneof(
  fc.integer({ min: 0, max: 5000 }),
  fc.integer({ min: 0, max: 100_000_000 }),
  fc.integer({ min: 0, max: NS_MAX }),
);

t.test('the p99 of what came in any number of banks is that of a histogram', async (t) => {
  const received = makeReceivedBank(LOAD_BANK);
  holds(
    t,
    fc.property(fc.array(fc.array(lagNs, { maxLength: 150 }), { maxLength: 4 }), (seconds) => {
      const lag = new LagCounts();
      const all = new LatencyHistogram();
      for (const values of seconds) {
        const bank = makeBank(LOAD_BANK);
        const [counts, stats] = [bank.counts[SCHEDULE_LAG]!, bank.stats[SCHEDULE_LAG]!];
        for (const value of values) counts[bucketOf(value)]! += 1;
        if (values.length > 0) {
          stats[STAT_COUNT] = values.length;
          stats[STAT_MIN] = Math.min(...values);
          stats[STAT_MAX] = Math.max(...values);
          stats[STAT_SUM] = values.reduce((sum, value) => sum + value, 0);
        }
        all.add(counts, stats);
        if (!decodeBank(encodeBank(bank, 0), LOAD_BANK, received)) return false;
        lag.add(received.counts[SCHEDULE_LAG]!, received.stats[SCHEDULE_LAG]!, received.filled[SCHEDULE_LAG]!);
      }
      return lag.p99Ns === all.summary().p99;
    }),
  );
});
