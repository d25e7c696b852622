/** examples/firewall-lab/what-gave.awk: what it says of a firewall that was watched, on figures that are made up. */
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import t from 'tap';
import { ROOT } from './support/cli.ts';
import { skipWithout } from './support/script.ts';

const PROGRAM = path.join(ROOT, 'examples/firewall-lab/what-gave.awk');

/** What a second adds to the counters of a machine with two cores. */
interface Second {
  readonly passed: number;
  /** Hundredths of a second of core 0: in softirq, in the kernel, in the two ends, in other programs. Core 1 is idle. */
  readonly core?: readonly [softirq: number, kernel: number, ends: number, others: number];
  readonly entries?: number;
  readonly refused?: number;
  readonly evicted?: number;
  readonly queued?: number;
  readonly inside?: number;
}

/** What firewall-lab.sh would have written: a sample before the first second, and one after each. */
function watched(seconds: readonly Second[]): string {
  const sum = {
    softirq: 0,
    kernel: 0,
    ends: 0,
    others: 0,
    idle: 0,
    passed: 0,
    refused: 0,
    evicted: 0,
    queued: 0,
    inside: 0,
  };
  const hex = (n: number): string => n.toString(16).padStart(8, '0');
  const samples = [{ passed: 0 } as Second, ...seconds].map((second, at) => {
    const [softirq, kernel, ends, others] = second.core ?? [0, 0, 0, 0];
    sum.softirq += softirq;
    sum.kernel += kernel;
    sum.ends += ends;
    sum.others += others;
    sum.idle += 100 - softirq - kernel - ends - others;
    for (const key of ['passed', 'refused', 'evicted', 'queued', 'inside'] as const) sum[key] += second[key] ?? 0;
    return [
      `time ${at + 7}.00`,
      `cpu0 ${sum.ends + sum.others} 0 ${sum.kernel} ${sum.idle} 0 0 ${sum.softirq} 0 0 0`,
      `cpu1 0 0 0 ${(at + 1) * 100} 0 0 0 0 0 0`,
      `softnet ${hex(5)} ${hex(sum.queued)} ${hex(0)}`,
      `entries ${second.entries ?? 10} 262144`,
      'conntrack entries  clashres found insert insert_failed drop early_drop',
      `conntrack ${hex(0)} ${hex(0)} ${hex(0)} ${hex(0)} ${hex(0)} ${hex(sum.refused)} ${hex(0)}`,
      `conntrack ${hex(0)} ${hex(0)} ${hex(0)} ${hex(0)} ${hex(0)} ${hex(0)} ${hex(sum.evicted)}`,
      `interface inside 1 1 0 ${sum.inside} 0 0 0 0 1 1 0 0 0 0 0 0`,
      'interface outside 1 1 0 0 0 0 0 0 1 1 0 0 0 0 0 0',
      `passed ${sum.passed}`,
      `program 4711 S 1 4711 4711 0 -1 4194304 0 0 0 0 ${sum.ends} 9`,
      'end',
    ];
  });
  return `${samples.flat().join('\n')}\n`;
}

const skip = skipWithout('awk', 'mawk');

function whatGave(seconds: readonly Second[]): string {
  return spawnSync('awk', ['-f', PROGRAM], { input: watched(seconds), encoding: 'utf8' }).stdout;
}

t.test('the processor, in the first second in which a core was full at a rate of weight', { skip }, (t) => {
  const text = whatGave([
    { passed: 900, core: [5, 5, 88, 0] },
    { passed: 50_000, core: [40, 20, 10, 0] },
    { passed: 61_234, core: [60, 20, 19, 0] },
    { passed: 61_000, core: [60, 20, 20, 0] },
  ]);
  t.match(text, /^What gave first: the processor, at 61,234 new connections\/s, 3 s after the start: core 0 99 % busy/);
  t.match(text, /core 0 99 % busy \(softirq 60 %, kernel 20 %, programs 19 %\)/);
  t.match(text, /highest rate +61,234 new/);
  t.match(text, /processor then +core 0 99 % busy .*; core 1 0 % busy/);
  t.notMatch(text, /Other programs/);
  t.end();
});

t.test('a core that other programs filled', { skip }, (t) => {
  const text = whatGave([
    { passed: 800, core: [20, 10, 10, 0] },
    { passed: 919, core: [20, 10, 10, 60] },
  ]);
  t.match(
    text,
    /^What gave first is not known: a core was full at 919 new connections\/s, 2 s after the start: core 0 100 % busy .*, and other programs took 60 % of a core then\.\n/,
  );
  t.end();
});

t.test('the connection table', { skip }, (t) => {
  const text = whatGave([
    { passed: 40_000, core: [50, 10, 10, 0], entries: 262_100 },
    { passed: 40_000, core: [50, 10, 10, 0], entries: 262_144, refused: 1234, evicted: 20 },
    { passed: 40_000, core: [80, 10, 10, 0], entries: 262_144, refused: 1 },
  ]);
  t.match(
    text,
    /^What gave first: the connection table, at 40,000 new connections\/s, 2 s after the start: 262,144 of 262,144/,
  );
  t.match(text, /and 1,234 packets were dropped\./);
  t.match(text, /262,144 of 262,144 entries at most; 20 closed connections evicted/);
  t.match(text, /1,235 packets dropped because it was full/);
  t.end();
});

t.test('the queues of packets', { skip }, (t) => {
  const text = whatGave([
    { passed: 40_000, core: [90, 2, 2, 0] },
    { passed: 41_000, core: [90, 2, 2, 0], queued: 300, inside: 17 },
  ]);
  t.match(text, /^What gave first: the queues of packets, at 41,000 .*: 317 packets were dropped; core 0 94 % busy/);
  t.match(text, /inside 17, outside 0, queues of the cores 300/);
  t.end();
});

t.test('nothing, and that other programs were in the way', { skip }, (t) => {
  const text = whatGave([{ passed: 1000, core: [5, 5, 5, 40] }]);
  t.match(text, /^Nothing gave: no core was full/);
  t.match(text, /Other programs of this machine took 40 % of a core meanwhile/);
  t.end();
});
