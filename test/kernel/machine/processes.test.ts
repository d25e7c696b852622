import { spawn } from 'node:child_process';
import { once } from 'node:events';
import t from 'tap';
import { readProcesses, usedBetween } from '../../../src/kernel/machine/processes.ts';

const ENTRIES: Readonly<Record<string, string>> = {
  '/proc/1/stat': '1 (init) S 0 1 1 0 -1 4194560 1 2 3 4 10 20 0 0 20 0 1 0 5 6',
  '/proc/20/stat': '20 (a (b) c) R 1 1 1 0 -1 4194560 1 2 3 4 100 0 0 0 20 0 1 0 5 6',
  '/proc/30/stat': 'nonsense',
};

t.test('names with parentheses, and entries that are no processes', (t) => {
  const found = readProcesses(
    () => ['1', '20', '30', '31', 'self', 'cpuinfo'],
    (path) => ENTRIES[path],
  );
  t.same(
    [...found.values()],
    [
      { pid: 1, name: 'init', usec: 300_000 },
      { pid: 20, name: 'a (b) c', usec: 1_000_000 },
    ],
  );
  t.end();
});

t.test('what was used in between, the most first; what began meanwhile counts from its start', (t) => {
  const reading = (...times: readonly [pid: number, usec: number][]) =>
    new Map(times.map(([pid, usec]) => [pid, { pid, name: `p${pid}`, usec }]));
  const used = usedBetween(reading([1, 100], [2, 5], [9, 0]), reading([1, 150], [2, 5], [3, 70], [9, 500]), 9);
  t.same(
    used.map(({ pid, usec }) => [pid, usec]),
    [
      [3, 70],
      [1, 50],
    ],
  );
  t.end();
});

t.test('a process that is busy is found on this machine', { skip: process.platform !== 'linux' }, async (t) => {
  const before = readProcesses();
  // It ends by itself, once it has used 0.1 s of a processor.
  const busy = spawn(process.execPath, [
    '-e',
    'while (process.cpuUsage().user < 1e5); console.log(); process.stdin.resume()',
  ]);
  await once(busy.stdout, 'data');
  const found = usedBetween(before, readProcesses()).find(({ pid }) => pid === busy.pid);
  t.ok(found !== undefined && found.usec >= 50_000, JSON.stringify(found));
  busy.stdin.end();
  await once(busy, 'exit');
});
