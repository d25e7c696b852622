import t from 'tap';
import type { KernelReading } from '../../src/kernel/kernel-counters.ts';
import type { CoreTimes } from '../../src/kernel/machine/core-times.ts';
import { KernelWatch } from '../../src/judge/kernel-evidence.ts';
import { kernelSentences, kernelValue } from '../../src/judge/kernel-sentences.ts';
import type { KernelEvidence } from '../../src/document/kernel-evidence.ts';
import { KERNEL_COUNTERS, KERNEL_GROUPS, KERNEL_ROWS } from '../../src/document/kernel-table.ts';

type Columns = Readonly<Record<string, number>>;

function reading(columns: Columns, cores: readonly CoreTimes[] = []): KernelReading {
  return { columns: new Map(Object.entries(columns)), cores: new Map(cores.entries()), missing: [] };
}

/** The evidence of a watch that read these, a second apart. */
function evidenceOf(readings: readonly KernelReading[], keepsIntervals = false): KernelEvidence | undefined {
  let next = 0;
  const watch = new KernelWatch({ keepsIntervals, read: () => readings[next++]! });
  watch.begin(5e9);
  for (let sec = 1; sec < readings.length - 1; sec++) watch.sample(5e9 + sec * 1e9);
  return watch.end(5e9 + (readings.length - 1) * 1e9);
}

const DROPS = 'netstat.TcpExt.ListenDrops';

t.test('counters are what was added, fills the highest reading', async (t) => {
  const evidence = evidenceOf([
    reading({ [DROPS]: 10, 'sockstat.TCP.tw': 3, nf_conntrack_count: 1, nf_conntrack_max: 256 }),
    reading({ [DROPS]: 12, 'sockstat.TCP.tw': 90, nf_conntrack_count: 200, nf_conntrack_max: 256 }),
    reading({ [DROPS]: 15, 'sockstat.TCP.tw': 40, nf_conntrack_count: 7, nf_conntrack_max: 256 }),
  ]);
  t.same(evidence, { listen_drops: 5, conntrack: { count: 200, max: 256 }, sockets: { time_wait: 90 } });
});

t.test('columns that mean the same are added up, as far as they are there', async (t) => {
  const both = ['snmp.Icmp.InDestUnreachs', 'snmp6.Icmp6InDestUnreachs'] as const;
  t.same(evidenceOf([reading({ [both[0]]: 1, [both[1]]: 1 }), reading({ [both[0]]: 3, [both[1]]: 5 })]), {
    icmp_unreachable_received: 6,
  });
  t.same(evidenceOf([reading({ [both[0]]: 1 }), reading({ [both[0]]: 3 })]), { icmp_unreachable_received: 2 });
});

t.test('nothing to read is no evidence, and no zero', async (t) => {
  t.equal(evidenceOf([reading({}), reading({})]), undefined);
  t.equal(evidenceOf([reading({ unknown: 1 }), reading({ unknown: 2 })]), undefined);
  const never = new KernelWatch({ keepsIntervals: true, read: () => reading({ [DROPS]: 1 }) });
  t.equal(never.end(1e9), undefined, 'a round that was over before it began');
});

t.test('seconds hold what moved in them, and add up', async (t) => {
  const evidence = evidenceOf(
    [10, 10, 14, 15].map((drops) => reading({ [DROPS]: drops, 'nf_conntrack.drop': drops * 2 })),
    true,
  );
  t.same(evidence?.intervals, [
    { start_sec: 0, length_sec: 1, added: {} },
    { start_sec: 1, length_sec: 1, added: { listen_drops: 4, 'conntrack.drop': 8 } },
    { start_sec: 2, length_sec: 1, added: { listen_drops: 1, 'conntrack.drop': 2 } },
  ]);
});

t.test('a reading tells what moved since the one before, and how full things are now', async (t) => {
  const readings = [
    reading({ [DROPS]: 10, 'sockstat.TCP.tw': 3 }),
    reading({ [DROPS]: 12, 'sockstat.TCP.tw': 90 }),
    reading({ [DROPS]: 12, 'sockstat.TCP.tw': 40 }),
  ];
  let next = 0;
  const watch = new KernelWatch({ keepsIntervals: false, read: () => readings[next++]! });
  t.equal(watch.sample(0), null, 'before the first');
  watch.begin(0);
  t.same(watch.sample(1e9), { added: { listen_drops: 2 }, fills: { 'sockets.time_wait': 90 } });
  t.same(watch.sample(2e9), { added: {}, fills: { 'sockets.time_wait': 40 } });
});

t.test('a long round has intervals of several seconds, and they add up', async (t) => {
  let drops = 0;
  const watch = new KernelWatch({ keepsIntervals: true, read: () => reading({ [DROPS]: drops }) });
  const seconds = 20_000;
  watch.begin(5e9);
  // Timers come late, each some time after the one before.
  for (let sample = 1; sample < seconds; sample++) {
    drops += sample % 3;
    watch.sample(5e9 + sample * 1.0005e9);
  }
  const { intervals = [] } = watch.end(5e9 + seconds * 1.0005e9) ?? {};
  t.ok(intervals.length < 4000, `${intervals.length} intervals`);
  t.equal(
    intervals.reduce((sum, { added }) => sum + (added['listen_drops'] ?? 0), 0),
    drops,
  );
  let endSec = 0;
  for (const { start_sec: startSec, length_sec: lengthSec } of intervals) {
    if (Math.abs(startSec - endSec) > 0.01) t.fail(`${startSec} follows ${endSec}`);
    endSec = startSec + lengthSec;
  }
  t.ok(Math.abs(endSec - seconds * 1.0005) < 0.01, 'they cover the round');
});

t.test('a second beginning forgets the first', async (t) => {
  const readings = [1, 100, 103].map((drops) => reading({ [DROPS]: drops, 'sockstat.TCP.tw': 200 - drops }));
  let next = 0;
  const watch = new KernelWatch({ keepsIntervals: false, read: () => readings[next++]! });
  watch.begin(0);
  watch.begin(1e9);
  t.same(watch.end(2e9), { listen_drops: 3, sockets: { time_wait: 100 } });
});

t.test('cores: time goes by kind; idle that goes back by a tick is none', async (t) => {
  const core = (busy: number, idle: number): CoreTimes => ({
    user: busy,
    system: 0,
    irq: 0,
    softirq: 0,
    steal: 0,
    idle,
  });
  const evidence = evidenceOf([reading({}, [core(0, 50_000)]), reading({}, [core(990_000, 40_000)])]);
  t.same(evidence?.cpu, [
    { core: 0, user_usec: 990_000, system_usec: 0, irq_usec: 0, softirq_usec: 0, steal_usec: 0, idle_usec: 0 },
  ]);
});

t.test('every row has its place in the JSON, and its sentence says whose kernel, and what to do', async (t) => {
  const evidence: KernelEvidence = { listen_overflows: 3, conntrack: { count: 250, max: 256 } };
  t.equal(kernelValue(evidence, 'listen_overflows'), 3);
  t.equal(kernelValue(evidence, 'conntrack.count'), 250);
  for (const path of ['listen_drops', 'conntrack.drop', 'softnet.dropped', 'listen_overflows.x'])
    t.equal(kernelValue(evidence, path), undefined, path);
  const rows = Object.keys(KERNEL_COUNTERS).length + Object.values(KERNEL_GROUPS).flatMap(Object.keys).length;
  t.equal(KERNEL_ROWS.size, rows);
  for (const [path, { says }] of KERNEL_ROWS) {
    if (says === undefined) continue;
    const sentence = says(12_345, {
      attempts: 1,
      durationSec: 1,
      value: (key) => (key === 'syn_challenges' ? 0 : 99_999),
    });
    t.match(sentence, /^This machine's (kernel|connection tracking) .*12,345.*: .*\.$/, path);
  }
});

const shown = (evidence: KernelEvidence, attempts = 10_000): string =>
  kernelSentences(evidence, attempts, 10).join('\n');

t.test('what the verdict and the findings say is not said again', async (t) => {
  const evidence = { conntrack: { drop: 3, max: 256 }, syn_retransmits: 1 } as KernelEvidence;
  t.equal(kernelSentences(evidence, 100, 10).length, 2);
  const left = kernelSentences(evidence, 100, 10, [{ code: 'schedule_lag' }, { code: 'conntrack_full' }]);
  t.equal(left.length, 1);
  t.match(left[0], /SYN/);
  const overflow = { listen_overflows: 7, listen_drops: 7 } as KernelEvidence;
  t.match(kernelSentences(overflow, 100, 10), [/accept queue/]);
  t.same(kernelSentences(overflow, 100, 10, [{ code: 'listen_queue_overflow' }]), []);
});

t.test('only what matters is said', async (t) => {
  t.equal(shown({ syn_retransmits: 0, listen_drops: 0, active_opens: 10_000, resets_sent: 5000 }), '');
  t.equal(shown({ sockets: { time_wait: 30_000 }, conntrack: { count: 200, max: 256 } }), '');
  t.equal(shown({ softnet: { squeezed: 400 }, challenge_acks: 0 }), '', 'some squeezes are how it works');
  t.match(shown({ softnet: { squeezed: 4000 } }), /4,000 times/);
  t.match(shown({ conntrack: { count: 240, max: 256 } }), /93\.8 % full \(240 of 256 entries\)/);
  t.match(shown({ syn_retransmits: 1 }), /1 SYNs or SYN-ACKs/);
  t.equal(shown({ retransmits: 90 }), '', 'under one in a hundred');
  t.match(shown({ retransmits: 150, syn_retransmits: 10 }), /150 segments again, 10 of them SYNs/);
  t.match(shown({ input_errors: 17 }), /17 damaged TCP segments/);
  const lost = shown({ input_errors: 17, syn_challenges: 17, challenge_acks: 17 });
  t.match(lost, /^This machine's kernel answered 17 SYNs or SYN-ACKs .*lost on the way/);
  t.equal(lost.split('\n').length, 1, 'a SYN-ACK that came twice is neither damaged nor an RST');
  t.match(shown({ input_errors: 20, syn_challenges: 17 }), /3 damaged TCP segments/);
  t.match(shown({ syn_challenges: 17, challenge_acks: 40 }), /23 RSTs/);
  t.match(shown({ out_of_window: 9 }), /an earlier connection/);
  t.match(
    shown({ out_of_window: 9, backlog_drops: 12 }),
    /9 packets beyond its receive window: more came than the full/,
  );
  const overflow = shown({ listen_overflows: 7, listen_drops: 7 });
  t.match(overflow, /accept queue/);
  t.equal(overflow.split('\n').length, 1, 'a drop that is an overflow is told once');
});

t.test('a core is told of when it was busy, taken away, or taken up by packets', async (t) => {
  const core = (more: Readonly<Record<string, number>>): KernelEvidence => ({
    cpu: [
      { core: 3, user_usec: 0, system_usec: 0, irq_usec: 0, softirq_usec: 0, steal_usec: 0, idle_usec: 0, ...more },
    ],
  });
  t.equal(shown(core({ user_usec: 500_000, idle_usec: 500_000 })), '');
  t.match(shown(core({ user_usec: 990_000, idle_usec: 10_000 })), /^Core 3 .* busy for 99 %/);
  t.match(shown(core({ softirq_usec: 600_000, idle_usec: 400_000 })), /60 % of the time on packets/);
  t.match(shown(core({ steal_usec: 100_000, idle_usec: 900_000 })), /taken away for 10 %/);
  t.equal(shown(core({ user_usec: 90_000 })), '', 'nine ticks say nothing');
});

t.test('where connections are not its sockets, only what it counts of the machine is told', async (t) => {
  const columns = { [DROPS]: 3, 'sockstat.TCP.tw': 90, nf_conntrack_count: 9, 'softnet_stat.dropped': 4 };
  const readings = [reading({ ...columns, 'softnet_stat.dropped': 1, [DROPS]: 1 }), reading(columns), reading(columns)];
  const watch = new KernelWatch({ keepsIntervals: true, hasSockets: false, read: () => readings.shift()! });
  watch.begin(0);
  t.same(watch.sample(1e9), { added: { 'softnet.dropped': 3 }, fills: {} });
  t.match(watch.end(2e9), { softnet: { dropped: 3 }, intervals: [{ added: { 'softnet.dropped': 3 } }, { added: {} }] });
});
