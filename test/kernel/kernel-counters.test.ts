import t from 'tap';
import { addedTo, missingEvidenceNotes, readKernel } from '../../src/kernel/kernel-counters.ts';
import type { KernelReading } from '../../src/kernel/kernel-counters.ts';
import { busyShareBetween, type Cores, type CoreTimes } from '../../src/kernel/machine/core-times.ts';

type Files = Readonly<Record<string, string>>;

/** As 6.18 has them, cut down to some columns. */
const MODERN: Files = {
  '/proc/self/net/netstat': [
    'TcpExt: SyncookiesSent PAWSActive PAWSEstab BeyondWindow PAWSTimewait ListenOverflows ListenDrops TCPSynRetrans',
    'TcpExt: 1 2 3 4 5 6 7 8',
    'IpExt: InNoRoutes OutOctets',
    'IpExt: 0 38999999881',
    'MPTcpExt: MPCapableSYNRX',
    'MPTcpExt: 0',
  ].join('\n'),
  '/proc/self/net/snmp': [
    'Icmp: InMsgs InDestUnreachs',
    'Icmp: 2 2',
    'IcmpMsg: InType3',
    'IcmpMsg: 2',
    'Tcp: RtoAlgorithm MaxConn ActiveOpens RetransSegs',
    'Tcp: 1 -1 40278297 64866',
  ].join('\n'),
  '/proc/self/net/snmp6': 'Ip6OutNoRoutes                  \t9\nIcmp6InDestUnreachs             \t11',
  '/proc/self/net/sockstat': 'sockets: used 17\nTCP: inuse 1 orphan 2 tw 3 alloc 4 mem 235\nUDP: inuse 0 mem 0',
  '/proc/self/net/sockstat6': 'TCP6: inuse 5\nUDP6: inuse 0',
  '/proc/self/net/softnet_stat': [
    '0bc923db 00000001 0000000f 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000007 00000000 00000000',
    '0b867147 00000002 00000011 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000001',
  ].join('\n'),
  '/proc/self/net/stat/nf_conntrack': [
    'entries  clashres found new invalid ignore delete chainlength insert insert_failed drop early_drop icmp_error  expect_new expect_create expect_delete search_restart',
    '00000100  00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 0000000a 00000001 00000002 00000000  00000000 00000000 00000000 00000000',
    '00000100  00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000001 0000000f 00000000 00000000  00000000 00000000 00000000 00000000',
  ].join('\n'),
  '/proc/sys/net/netfilter/nf_conntrack_count': '256',
  '/proc/sys/net/netfilter/nf_conntrack_max': '262144',
  '/proc/stat': 'cpu  10 2 3 4 5 6 7 8 0 0\ncpu0 10 2 3 4 5 6 7 8 0 0\ncpu1 1 0 0 0 0 0 0 0 0 0\nintr 1 2\nctxt 3',
};

/** 3.10 in a container: fewer columns, no IPv6, no conntrack, and softnet_stat with nine fields. */
const OLD: Files = {
  '/proc/self/net/netstat':
    'TcpExt: SyncookiesSent PAWSPassive PAWSActive ListenOverflows ListenDrops\nTcpExt: 1 2 3 4 5',
  '/proc/self/net/snmp': 'Tcp: ActiveOpens RetransSegs\nTcp: 1 2',
  '/proc/self/net/sockstat': 'sockets: used 17\nTCP: inuse 1 orphan 0 tw 0 alloc 1 mem 1',
  '/proc/self/net/softnet_stat': '00000010 00000001 00000002 00000000 00000000 00000000 00000000 00000000 00000000',
  '/proc/stat': 'cpu  1 2 3 4\ncpu0 1 2 3 4\n',
};

const readingOf = (files: Files): KernelReading => readKernel((path) => files[path]);

t.test('every file is taken apart by its columns', async (t) => {
  const { columns, missing } = readingOf(MODERN);
  const expected: Readonly<Record<string, number>> = {
    'netstat.TcpExt.SyncookiesSent': 1,
    'netstat.TcpExt.TCPSynRetrans': 8,
    'netstat.IpExt.OutOctets': 38_999_999_881,
    'snmp.Icmp.InDestUnreachs': 2,
    'snmp.Tcp.MaxConn': -1,
    'snmp.Tcp.RetransSegs': 64_866,
    'snmp6.Icmp6InDestUnreachs': 11,
    'sockstat.TCP.tw': 3,
    'sockstat.TCP6.inuse': 5,
    'softnet_stat.dropped': 3,
    'softnet_stat.time_squeeze': 32,
    'softnet_stat.flow_limit_count': 7,
    'nf_conntrack.insert_failed': 11,
    'nf_conntrack.drop': 16,
    'nf_conntrack.early_drop': 2,
    nf_conntrack_count: 256,
    nf_conntrack_max: 262_144,
  };
  t.same(Object.fromEntries(Object.keys(expected).map((name) => [name, columns.get(name)])), expected);
  t.same(missing, []);
});

t.test('cores are apart, softirq is apart, ticks are 10 ms', async (t) => {
  const { cores } = readingOf(MODERN);
  t.same([...cores.keys()], [0, 1], 'the sum of all is not among them');
  t.same(cores.get(0), {
    user: 120_000,
    system: 30_000,
    irq: 60_000,
    softirq: 70_000,
    steal: 80_000,
    idle: 90_000,
  });
});

t.test('what an older kernel lacks is absent, not zero', async (t) => {
  const { columns, cores, missing } = readingOf(OLD);
  t.equal(columns.get('netstat.TcpExt.PAWSActive'), 3);
  for (const name of ['netstat.TcpExt.TCPSynRetrans', 'softnet_stat.flow_limit_count', 'nf_conntrack.drop'])
    t.notOk(columns.has(name), name);
  t.equal(columns.get('softnet_stat.time_squeeze'), 2);
  t.same(cores.get(0), { user: 30_000, system: 30_000, irq: 0, softirq: 0, steal: 0, idle: 40_000 });
  t.same(missing, [
    '/proc/self/net/snmp6',
    '/proc/self/net/sockstat6',
    '/proc/self/net/stat/nf_conntrack',
    '/proc/sys/net/netfilter/nf_conntrack_count',
    '/proc/sys/net/netfilter/nf_conntrack_max',
  ]);
});

t.test('what cannot be read is told in one line', async (t) => {
  t.same(
    missingEvidenceNotes((path) => MODERN[path]),
    [],
  );
  const [line, ...more] = missingEvidenceNotes((path) => OLD[path]);
  t.match(line, /nf_conntrack/);
  t.same(more, []);
  t.match(
    missingEvidenceNotes(() => undefined),
    ['no kernel counters here: results come without "kernel"'],
  );
});

t.test('a CPU quota is told of where there is one', async (t) => {
  const group = {
    ...MODERN,
    '/proc/self/cgroup': '0::/',
    '/proc/self/mountinfo': '30 23 0:26 / /sys/fs/cgroup rw shared:4 - cgroup2 cgroup2 rw',
    '/sys/fs/cgroup/cpu.stat': 'nr_throttled 3\nthrottled_usec 1500',
  };
  const { columns } = readingOf({ ...group, '/sys/fs/cgroup/cpu.max': '50000 100000' });
  t.same([columns.get('cgroup.throttled'), columns.get('cgroup.throttled_usec')], [3, 1500]);
  t.notOk(readingOf({ ...group, '/sys/fs/cgroup/cpu.max': 'max 100000' }).columns.has('cgroup.throttled'));
});

t.test('no text is too broken', async (t) => {
  const broken = [
    '',
    '\n\n',
    'TcpExt:',
    'TcpExt: A B\nTcpExt: x',
    'TcpExt: A B\nIpExt: 1 2',
    'cpu0 x',
    'zz yy',
    'TCP: tw',
  ];
  for (const text of broken) {
    const { columns, cores } = readKernel(() => text);
    t.same(
      [...columns.values()].filter((value) => !Number.isFinite(value)),
      [],
      JSON.stringify(text),
    );
    t.same(
      [...cores.values()].filter((core) => Math.min(core.user, core.system, core.idle) < 0),
      [],
    );
  }
  const mixed = readingOf({ '/proc/self/net/netstat': 'TcpExt: A B\nIpExt: 1 2' });
  t.equal(mixed.columns.size, 0, 'names and values of one title belong together');
});

t.test('differences: growth, 32 bits that wrap, sums that shrink, columns that come and go', async (t) => {
  const at = (columns: Readonly<Record<string, number>>): KernelReading => ({
    columns: new Map(Object.entries(columns)),
    cores: new Map(),
    missing: [],
  });
  const before = at({ a: 5, 'softnet_stat.dropped': 2 ** 32 - 3, 'nf_conntrack.drop': 1000, gone: 1 });
  const after = at({ a: 12, 'softnet_stat.dropped': 4, 'nf_conntrack.drop': 900, come: 1 });
  t.equal(addedTo('a', before, after), 7);
  t.equal(addedTo('a', after, before), undefined, 'what only grows cannot have shrunk');
  t.equal(addedTo('softnet_stat.dropped', before, after), 7);
  t.equal(addedTo('nf_conntrack.drop', before, after), undefined, 'a core went offline');
  t.equal(addedTo('gone', before, after), undefined);
  t.equal(addedTo('come', before, after), undefined);
});

t.test('how busy the cores were, taken together', async (t) => {
  const core = (busy: number, idle: number): CoreTimes => ({
    user: busy / 2,
    system: busy / 4,
    irq: 0,
    softirq: busy / 4,
    steal: 0,
    idle,
  });
  const from: Cores = new Map([
    [0, core(1e6, 5e6)],
    [1, core(2e6, 5e6)],
  ]);
  const to: Cores = new Map([
    [0, core(1.9e6, 5.1e6)],
    [1, core(2.1e6, 5.9e6)],
  ]);
  t.equal(busyShareBetween(from, to), 0.5);
  t.equal(busyShareBetween(from, to, new Set([0])), 0.9, 'of the cores that this process may use');
  t.equal(busyShareBetween(from, to, new Set([7])), undefined);
  t.equal(busyShareBetween(from, from), undefined, 'too short to say');
  t.equal(busyShareBetween(new Map(), new Map()), undefined);
});

t.test('this kernel', { skip: process.platform === 'linux' ? false : 'needs Linux (/proc)' }, async (t) => {
  const { columns, cores } = readKernel();
  for (const name of ['netstat.TcpExt.ListenDrops', 'snmp.Tcp.ActiveOpens', 'sockstat.TCP.tw'])
    t.type(columns.get(name), 'number', name);
  t.ok([...cores.values()].some((core) => core.idle > 0));
});
