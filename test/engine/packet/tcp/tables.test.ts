import fc from 'fast-check';
import t from 'tap';
import { ConnectionTable } from '../../../../src/engine/packet/tcp/connection-table.ts';
import { FixedPayload } from '../../../../src/engine/packet/tcp/fixed-payload.ts';
import { fold, sumOf } from '../../../../src/engine/packet/tcp/checksum.ts';
import { learnRoundTrip, timeoutMs } from '../../../../src/engine/packet/tcp/retransmission.ts';
import { TimeWait } from '../../../../src/engine/packet/tcp/time-wait.ts';
import { TimerWheel } from '../../../../src/engine/packet/tcp/timer-wheel.ts';
import { ABSENT, refOfEntry, refOfRow, TupleTable } from '../../../../src/engine/packet/tcp/tuple-table.ts';
import { Tuple, TupleHash } from '../../../../src/engine/packet/tcp/tuple.ts';
import { MOST_RANGES, SequenceRanges } from '../../../../src/engine/packet/tcp/sequence-ranges.ts';
import { holds } from '../../../support/property.ts';
import { checksumOf } from '../packets.ts';

function tupleOf(number: number): Tuple {
  const tuple = new Tuple();
  tuple.local = number >> 3;
  tuple.remote = 7;
  tuple.ports = ((number & 7) << 16) | 80;
  return tuple;
}

t.test('a table of tuples is a map, whatever is added and removed in whatever order', (t) => {
  const operations = fc.array(fc.tuple(fc.nat(40), fc.boolean()), { maxLength: 300 });
  holds(
    t,
    fc.property(operations, fc.constantFrom(1, 2, 64), (steps, spread) => {
      const connections = new ConnectionTable(64, false);
      const table = new TupleTable(connections, new TimeWait(false), 64);
      const hash = new TupleHash([1, 2, 3, 4]);
      // Few different hashes, so that long rows of places are in use, from the last place of the table on too.
      const hashOf = (tuple: Tuple): number => (hash.of(tuple.local, tuple.remote, tuple.ports) % spread) - 1;
      const model = new Map<number, number>();
      for (const [number, adds] of steps) {
        const tuple = tupleOf(number);
        const row = model.get(number);
        if (adds && row === undefined) {
          const taken = connections.take(tuple, -1);
          table.add(hashOf(tuple), refOfRow(taken));
          model.set(number, taken);
        } else if (!adds && row !== undefined) {
          table.remove(hashOf(tuple), refOfRow(row));
          connections.give(row);
          model.delete(number);
        }
      }
      for (let number = 0; number <= 40; number++) {
        const tuple = tupleOf(number);
        const row = model.get(number);
        if (table.find(hashOf(tuple), tuple) !== (row === undefined ? ABSENT : refOfRow(row))) return false;
      }
      return table.count === model.size;
    }),
    { numRuns: 30 },
  );
  t.end();
});

t.test('a table of tuples grows, and holds what rests too', (t) => {
  const count = 300_000;
  const connections = new ConnectionTable(count, false);
  const timeWait = new TimeWait(false);
  const table = new TupleTable(connections, timeWait, 0);
  const hash = new TupleHash([1, 2, 3, 4]);
  const hashOf = (tuple: Tuple): number => hash.of(tuple.local, tuple.remote, tuple.ports);
  for (let number = 0; number < count; number++) {
    const tuple = tupleOf(number);
    table.add(hashOf(tuple), refOfRow(connections.take(tuple, -1)));
  }
  const first = tupleOf(0);
  const entry = timeWait.add(connections, 0, hashOf(first), 1);
  table.replace(hashOf(first), refOfRow(0), refOfEntry(entry));
  connections.give(0);
  t.equal(table.find(hashOf(first), first), refOfEntry(entry));
  let wrong = 0;
  for (let number = 1; number < count; number++) {
    const tuple = tupleOf(number);
    if (table.find(hashOf(tuple), tuple) !== refOfRow(number)) wrong++;
  }
  t.equal(wrong, 0);
  t.equal(table.count, count);
  t.end();
});

t.test('neighbouring ports have neighbouring places, and others are spread', (t) => {
  const hash = new TupleHash([5, 6, 7, 8]);
  const lines = new Set<number>();
  for (let port = 1024; port < 1024 + 8000; port++) lines.add((hash.of(1, 2, (port << 16) | 80) & 0xffff) >> 3);
  t.ok(lines.size > 900 && lines.size <= 1000, `${lines.size} lines for 8000 ports`);
  t.end();
});

t.test('the ports of some addresses fill all parts of a table evenly, whatever the key', (t) => {
  const [first, sources, ports, parts] = [0xc612_0200 | 0, 8, 24_000, 64];
  const mean = (sources * ports) / parts;
  const ofPart = new Int32Array(parts);
  const uneven: string[] = [];
  for (let key = 1; key <= 24; key++) {
    const hash = new TupleHash([Math.imul(key, 0x9e37_79b1), 0, 0, 0]);
    ofPart.fill(0);
    for (let source = 0; source < sources; source++) {
      for (let port = 1024; port < 1024 + ports; port++) {
        ofPart[(hash.of(first + source, 7, (port << 16) | 80) >>> 13) % parts]!++;
      }
    }
    // Groups of eight, 375 a part on average: 0.3 of that is nearly six of their standard deviations.
    if (ofPart.some((count) => Math.abs(count - mean) > 0.3 * mean)) uneven.push(`key ${key}: ${ofPart.join(' ')}`);
  }
  t.same(uneven, []);
  t.end();
});

t.test('segments of a fixed payload have its bytes and their sum, from any position', (t) => {
  holds(
    t,
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 60 }), fc.nat(200), fc.nat(59), (bytes, position, wanted) => {
      const memory = { bytes: new Uint8Array(256) };
      const payload = new FixedPayload(bytes, memory);
      const size = Math.min(wanted + 1, bytes.length);
      const sum = payload.write(0, position, size, 64);
      const expected = Array.from({ length: size }, (_, i) => bytes[(position + i) % bytes.length]!);
      const got = memory.bytes.slice(64, 64 + size);
      return (
        got.every((byte, i) => byte === expected[i]) &&
        (~fold(sum + 1) & 0xffff) === checksumOf(Uint8Array.of(0, 1), got)
      );
    }),
  );
  t.end();
});

t.test('a sum of words is that of the definition', (t) => {
  holds(
    t,
    fc.property(fc.uint8Array({ maxLength: 70 }), (bytes) => {
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      return (~sumOf(view, 0, bytes.length) & 0xffff) === checksumOf(bytes);
    }),
  );
  t.end();
});

t.test('timers end at their time, never before, and at most a tick after it', (t) => {
  const step = fc.tuple(fc.nat(7), fc.constantFrom('set', 'clear', 'wait'), fc.nat(70_000));
  holds(
    t,
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const connections = new ConnectionTable(8, false);
      for (let i = 0; i < 8; i++) connections.take(tupleOf(i), -1);
      let nowMs = 5000;
      const wheel = new TimerWheel(connections, nowMs);
      const due = new Map<number, number>();
      let isRight = true;
      const ended = (row: number): void => {
        if (!due.has(row) || due.get(row)! > nowMs) isRight = false;
        due.delete(row);
      };
      for (const [row, action, value] of steps) {
        if (action === 'set') {
          wheel.set(row, nowMs, value);
          due.set(row, nowMs + Math.max(200, value));
        } else if (action === 'clear') {
          wheel.clear(row);
          due.delete(row);
        } else {
          nowMs += value % 3 === 0 ? value : value % 300;
          wheel.turn(nowMs, ended);
          for (const endMs of due.values()) if (endMs <= nowMs - 8) isRight = false;
        }
      }
      nowMs += 80_000;
      wheel.turn(nowMs, ended);
      return isRight && due.size === 0 && (wheel.isEmpty || connections.deadlineMs.every((each) => each === 0));
    }),
  );
  t.end();
});

t.test('a timeout follows the round trips that were measured', (t) => {
  const connections = new ConnectionTable(1, false);
  const row = connections.take(tupleOf(0), -1);
  t.equal(timeoutMs(connections, row), 1000, 'before the first');
  learnRoundTrip(connections, row, 100);
  t.equal(timeoutMs(connections, row), 300, 'SRTT 100, 4 times RTTVAR is 200');
  for (let i = 0; i < 50; i++) learnRoundTrip(connections, row, 0);
  t.ok(timeoutMs(connections, row) <= 210, 'short ones: the lower bound');
  for (let i = 0; i < 200; i++) learnRoundTrip(connections, row, i % 2 === 0 ? 100 : 900);
  t.ok(timeoutMs(connections, row) > 1500, 'uneven ones: a wide margin');
  connections.retries[row] = 15;
  t.equal(timeoutMs(connections, row), 60_000);
  t.end();
});

t.test('ranges of sequence numbers are a set, whatever is added and dropped, across the border of numbers too', (t) => {
  const steps = fc.array(fc.record({ start: fc.nat(60), size: fc.integer({ min: 1, max: 8 }), drops: fc.boolean() }), {
    maxLength: 60,
  });
  holds(
    t,
    fc.property(steps, fc.constantFrom(0, 2 ** 31 - 30, -30), (all, origin) => {
      const ranges = new SequenceRanges(2);
      ranges.add(0, origin, origin + 1);
      const model = new Set<number>();
      for (const { start, size, drops } of all) {
        const from = (origin + start) | 0;
        if (drops) ranges.dropBefore(1, from);
        else if (!ranges.add(1, from, (from + size) | 0)) return false;
        if (drops) [...model].filter((number) => number < start).forEach((number) => model.delete(number));
        else for (let i = 0; i < size; i++) model.add(start + i);
      }
      const has = (number: number): boolean => ranges.rangeOf(1, (origin + number) | 0) >= 0;
      const isSame = Array.from({ length: 80 }, (_, number) => number).every(
        (number) => has(number) === model.has(number),
      );
      const between = ranges.countBetween(1, (origin + 10) | 0, (origin + 40) | 0);
      const starts = [...model].filter((number) => !model.has(number - 1)).length;
      const expected = [...model].filter((number) => number >= 10 && number < 40).length;
      return isSame && between === expected && ranges.count(1) === starts && ranges.count(0) === 1;
    }),
  );
  t.end();
});

t.test('a set of ranges that is full takes what joins others, and nothing else', (t) => {
  const ranges = new SequenceRanges(1);
  for (let range = 0; range < MOST_RANGES; range++) t.ok(ranges.add(0, range * 10, range * 10 + 5));
  t.notOk(ranges.add(0, 1000, 1001));
  t.equal(ranges.count(0), MOST_RANGES);
  t.ok(ranges.add(0, 5, 10), 'closes a gap');
  t.strictSame([ranges.start(0, 0), ranges.end(0, 0), ranges.count(0)], [0, 15, MOST_RANGES - 1]);
  t.ok(ranges.add(0, 1000, 1001));
  t.end();
});
