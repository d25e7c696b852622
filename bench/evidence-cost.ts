/** What reading the kernel's evidence costs: `node --import=tsx bench/evidence-cost.ts`. At one reading a second, 1 ms is 0.1 % of a core. */
import { currentThreadId, readThreadTimes } from '../src/kernel/machine/thread-times.ts';
import { KernelWatch } from '../src/judge/kernel-evidence.ts';

const READINGS = 300;

const thread = currentThreadId();
const watch = new KernelWatch({ keepsIntervals: true });
watch.begin(0);
// The first readings are those of code that is not compiled yet, as in a short run.
const coldStart = process.cpuUsage();
for (let i = 1; i <= 10; i++) watch.sample(i * 1e9);
const cold = process.cpuUsage(coldStart);
const warmStart = process.cpuUsage();
for (let i = 1; i <= READINGS; i++) {
  watch.sample((10 + i) * 1e9);
  if (thread !== null) readThreadTimes(thread);
}
const warm = process.cpuUsage(warmStart);

const usecEach = ({ user, system }: NodeJS.CpuUsage, count: number): number => (user + system) / count;
for (const [name, usec] of [
  ['the first ten', usecEach(cold, 10)],
  ['later', usecEach(warm, READINGS)],
] as const) {
  process.stdout.write(
    `${name}: ${usec.toFixed(0)} µs a reading, ${(usec / 1e4).toFixed(3)} % of a core at one a second\n`,
  );
}
