/** Reports as messages. */
import fc from 'fast-check';
import t from 'tap';
import type { RoundResult } from '../../src/document/client.ts';
import type { Report } from '../../src/fleet/protocol.ts';
import { decodeReport, encodeReport } from '../../src/fleet/report-code.ts';
import { holds } from '../support/property.ts';

const HEAD = { run: 'run-1', instance: 'i', number: 7 } as const;
const PLACE = { round: 0 } as const;
const SECOND = {
  ...{ place: PLACE, lengthSec: 1, threads: [{ cpu_usec: 1 }, {}], cpuUsec: 2 },
  ...{ added: { retransmits: 1 }, fills: { 'sockets.time_wait': 3 } },
} as const;

t.test('every kind comes back as it was', (t) => {
  const reports: Report[] = [
    { ...HEAD, kind: 'bank', of: 'connections', place: { round: 1, trial: 3 }, worker: 2 },
    { ...HEAD, kind: 'notice', level: 'warning', text: 'a line' },
    { ...HEAD, kind: 'stage', stage: 1 },
    { ...HEAD, kind: 'failed', code: 'x', message: 'y' },
    { ...HEAD, ...SECOND, kind: 'health' },
    { ...HEAD, ...SECOND, kind: 'health', packet: { sent: 1 } },
    { ...HEAD, kind: 'round', place: PLACE, result: {} as RoundResult, banks: 1 },
    { ...HEAD, kind: 'round', place: PLACE, result: {} as RoundResult, banks: 1, why: 'it had to' },
  ];
  const body = Uint8Array.of(0, 1, 2, 255);
  for (const report of reports) {
    const decoded = decodeReport(encodeReport(report, body));
    t.strictSame(decoded?.report, report);
    t.strictSame([...decoded!.body], [...body]);
    t.equal(decodeReport(encodeReport(report))?.body.length, 0);
  }
  t.end();
});

t.test('what is no report is null', (t) => {
  const message = encodeReport({ ...HEAD, kind: 'bank', of: 'pings', place: PLACE, worker: 0 }, Uint8Array.of(1));
  holds(
    t,
    fc.property(fc.uint8Array({ maxLength: 200 }), (data) => {
      decodeReport(data);
      return true;
    }),
  );
  holds(
    t,
    fc.property(fc.nat(message.length - 1), fc.nat(255), (at, byte) => {
      const data = message.slice();
      data[at] = byte;
      decodeReport(data);
      return true;
    }),
  );
  const bad: object[] = [
    { ...HEAD, kind: 'other' },
    { ...HEAD, kind: 'toString' },
    { ...HEAD, kind: 'stage', stage: 0, number: -1 },
    { ...HEAD, kind: 'stage', stage: 0, run: 1 },
    { ...HEAD, kind: 'bank', of: 'else', place: PLACE, worker: 0 },
    { ...HEAD, kind: 'bank', of: 'pings', place: { round: 1.5 }, worker: 0 },
    { ...HEAD, kind: 'round', place: PLACE, result: null, banks: 1 },
    { ...HEAD, kind: 'round', place: PLACE, result: {}, banks: 1, why: 1 },
    ...[{ added: undefined }, { fills: undefined }, { fills: null }, { added: { retransmits: -1e300 } }].map(
      (wrong) => ({
        ...{ ...HEAD, ...SECOND, kind: 'health', ...wrong },
      }),
    ),
    ...[{ lengthSec: -1 }, { threads: {} }, { threads: [{ cpu_usec: 'x' }] }, { packet: [] }].map((wrong) => ({
      ...{ ...HEAD, ...SECOND, kind: 'health', ...wrong },
    })),
  ];
  for (const each of bad) t.equal(decodeReport(encodeReport(each as Report)), null);
  t.end();
});
