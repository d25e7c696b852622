import t from 'tap';
import { currentThreadId, readThreadTimes } from '../../../src/kernel/machine/thread-times.ts';

const skip = process.platform === 'linux' ? false : 'needs Linux (/proc)';

t.test('from schedstat, to the nanosecond', async (t) => {
  t.same(
    readThreadTimes(7, (path) => (path === '/proc/self/task/7/schedstat' ? '227956395 13135 3' : undefined)),
    { runNs: 227_956_395, waitNs: 13_135 },
  );
});

t.test('a kernel without scheduling statistics: from stat, and nothing is said of waiting', async (t) => {
  const stat = '7 (a ) b) S 1 1 1 0 -1 4194304 93 76 0 0 22 3 0 0 20 0 1 0 1176370';
  const files: Readonly<Record<string, string>> = {
    '/proc/self/task/7/schedstat': '0 0 0',
    '/proc/self/task/7/stat': stat,
  };
  t.same(
    readThreadTimes(7, (path) => files[path]),
    { runNs: 250e6, waitNs: undefined },
  );
});

t.test('a thread that has ended has no times', async (t) => {
  t.equal(
    readThreadTimes(7, () => undefined),
    undefined,
  );
});

t.test('this thread', { skip }, async (t) => {
  const id = currentThreadId();
  t.ok(id !== null && id > 0);
  const before = readThreadTimes(id!)!;
  // Work until the kernel has counted some: by its own clock, so that no time is assumed.
  let after = before;
  for (let i = 0; i < 1e6 && after.runNs <= before.runNs; i++) after = readThreadTimes(id!)!;
  t.ok(after.runNs > before.runNs);
});
