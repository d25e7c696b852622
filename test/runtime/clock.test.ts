import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { type ClockReading, clockReading, wasiReading } from '../../src/runtime/clock-reading.ts';
import { MonotonicClock, monotonicNs } from '../../src/runtime/clock.ts';

/** A reading between two others, and how far apart these are. */
function bracket({ read, ns }: ClockReading): { beforeNs: number; readNs: number; afterNs: number } {
  const beforeNs = Number(monotonicNs());
  read();
  const readNs = ns[0]!;
  return { beforeNs, readNs, afterNs: Number(monotonicNs()) };
}

t.test('WASI reads CLOCK_MONOTONIC itself', (t) => {
  const reading = wasiReading();
  for (let i = 0; i < 100; i++) {
    const { beforeNs, readNs, afterNs } = bracket(reading);
    // A double holds whole nanoseconds for 104 days of uptime, then every second one.
    t.ok(readNs >= beforeNs - 2 && readNs <= afterNs + 2, `${readNs} is in ${beforeNs} to ${afterNs}`);
  }
  t.end();
});

t.test('each reading counts nanoseconds of the same clock', async (t) => {
  for (const version of ['20.19.0', '22.12.0', '24.0.0', '26.1.0']) {
    const reading = clockReading(version);
    const first = bracket(reading);
    await sleep(30);
    const second = bracket(reading);
    const passedNs = second.readNs - first.readNs;
    // performance.now() is told to the nanosecond, but from a double of milliseconds.
    t.ok(passedNs >= second.beforeNs - first.afterNs - 1000, `Node ${version}: ${passedNs} ns`);
    t.ok(passedNs <= second.afterNs - first.beforeNs + 1000, `Node ${version}: ${passedNs} ns`);
  }
});

t.test('the clock of a run begins at its base, goes on, and says the same in every instance', (t) => {
  const baseNs = monotonicNs();
  const [one, other] = [new MonotonicClock(baseNs), new MonotonicClock(baseNs)];
  const passedNs = Number(monotonicNs() - baseNs);
  const oneNs = one.now();
  const otherNs = other.now();
  const laterNs = Number(monotonicNs() - baseNs);
  t.equal(one.nowNs, oneNs);
  t.ok(oneNs >= passedNs - 1000 && otherNs >= oneNs - 2000 && laterNs >= otherNs - 1000);
  t.end();
});

t.test('Node does not announce an experiment to whoever runs conngen', async (t) => {
  const warnings: Error[] = [];
  const hear = (warning: Error): number => warnings.push(warning);
  process.on('warning', hear);
  t.teardown(() => process.off('warning', hear));
  wasiReading();
  await sleep(5);
  t.strictSame(warnings, []);
  process.emitWarning('this one is heard');
  await sleep(5);
  t.equal(warnings.length, 1);
});
