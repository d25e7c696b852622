import t from 'tap';
import { LOCAL, ORDINARY, REMOTE, WITH_CONNTRACK, examined } from '../support/machines.ts';
import type { Typed } from '../support/plans.ts';

const REMOTE_TARGET = '192.0.2.10';

t.test('the defaults on an ordinary machine: nothing to say', async (t) => {
  const { checks } = await examined({});
  t.same(
    checks.filter(({ status }) => status !== 'ok'),
    [],
  );
  t.ok(checks.length >= 20);
  t.equal(new Set(checks.map(({ id }) => id)).size, checks.length, 'each name once');
});

t.test('held connections beyond ports and open files', async (t) => {
  const found = await examined({ rate: '20000', hold: '60s', duration: '10s' }, { affordable: 19_936 });
  t.same(found.withStatus('problem'), ['source_ports', 'open_files']);
  t.match(found.find('source_ports'), { value: 60_982, needed: 200_000, fix: '--source 127.0.0.1-127.0.0.4' });
  t.match(found.find('open_files'), { value: 19_936, needed: 200_000, fix: 'ulimit -n 200064' });
});

t.test('the fixes that it names do fix it', async (t) => {
  const typed = { rate: '20000', hold: '60s', duration: '10s', source: '127.0.0.1-127.0.0.8' };
  t.same((await examined(typed)).withStatus('problem'), []);
  const remote = { host: REMOTE_TARGET, rate: '5000', duration: '10s' };
  const short = await examined({ ...remote, 'source-ports': 'system' }, { inspected: REMOTE });
  t.match(short.find('source_ports'), { status: 'problem', needed: 50_000, fix: '--source-ports most' });
  const wide = await examined({ ...remote, 'source-ports': 'most' }, { inspected: REMOTE });
  t.match(wide.find('source_ports'), { status: 'ok', value: 60_983, fix: null });
  t.match((await examined(remote, { inspected: REMOTE })).find('source_ports'), { status: 'ok', value: 53_925 });
});

t.test('to another machine a port rests for 60 s, unless tcp_tw_reuse is 1', async (t) => {
  const typed = { host: REMOTE_TARGET, rate: '20000', duration: '60s', timeout: '100ms' };
  const short = await examined(typed, { inspected: REMOTE });
  t.match(short.find('source_ports'), { status: 'problem', needed: 1_200_000 });
  t.match(short.find('tcp_tw_reuse'), {
    status: 'warning',
    value: 2,
    needed: 1,
    fix: 'sysctl -w net.ipv4.tcp_tw_reuse=1',
  });
  t.match(short.find('tcp_timestamps').status, 'ok');
  t.match(short.find('source_ports').fix, 'tcp_tw_reuse=1');
  const files = { ...ORDINARY, '/proc/sys/net/ipv4/tcp_tw_reuse': '1' };
  const reused = await examined(typed, { inspected: REMOTE, files });
  t.match(reused.find('source_ports'), { status: 'ok', needed: 20_000 });
  t.equal(reused.find('tcp_tw_reuse').status, 'ok');
  const without = await examined(typed, {
    inspected: REMOTE,
    files: { ...files, '/proc/sys/net/ipv4/tcp_timestamps': '0' },
  });
  t.match(without.find('source_ports'), { status: 'problem', needed: 1_200_000 });
  t.match(without.find('tcp_timestamps'), { status: 'warning', fix: 'sysctl -w net.ipv4.tcp_timestamps=1' });
});

t.test('reserved ports are none of ours', async (t) => {
  const files = { ...ORDINARY, '/proc/sys/net/ipv4/ip_local_reserved_ports': '40000-40009,50000' };
  t.equal((await examined({ 'source-ports': 'system' }, { files })).find('source_ports').value, 28_221);
  t.equal((await examined({ 'source-ports': 'kernel' }, { files })).find('source_ports').value, 28_221);
});

t.test('what a plan leaves of the ports that the kernel gives to other programs', async (t) => {
  const typed = { host: REMOTE_TARGET, rate: '5000', duration: '10s' };
  const left = async (more: Typed) =>
    (await examined({ ...typed, ...more }, { inspected: REMOTE })).find('ports_for_others');
  t.match(await left({ rate: '100' }), { status: 'ok', value: 28_232, needed: 3529, why: /takes none of the 28,232/ });
  t.match(await left({}), { status: 'ok', value: 10_587, why: /can take 17,645 of the 28,232 ports/ });
  t.match(await left({ rate: '25000' }), { status: 'ok', value: 3529 }, 'an eighth at least');
  const all = { status: 'warning', value: 0, needed: 3529, fix: 'leave out --source-ports' };
  t.match(await left({ 'source-ports': 'system' }), all);
  t.match(await left({ 'source-ports': '1024-65535', rate: 'max' }), all);
  t.match(await left({ 'source-ports': 'system', rate: '100' }), { status: 'ok', value: 27_232 }, 'a short run');
  t.match(await left({ 'source-ports': 'kernel' }), { status: 'ok', value: 28_232 });
});

t.test('what is enough only for a target that answers is a warning', async (t) => {
  const found = await examined({ rate: '10000', timeout: '5s', finish: 'eof' }, { affordable: 20_000 });
  t.match(found.find('open_files'), { status: 'warning', value: 20_000, needed: 50_000, fix: 'ulimit -n 50064' });
  t.match(found.find('open_files').why, 'less than 2 s');
});

t.test('--max-in-flight', async (t) => {
  const held = await examined({ rate: '1000', hold: '5s', 'max-in-flight': '100' });
  t.match(held.find('in_flight'), { status: 'problem', value: 100, needed: 5000, fix: '--max-in-flight 5000' });
  const hopeless = await examined({ rate: '25000', hold: '1h', duration: '1h', 'max-in-flight': '4000000' });
  t.match(hopeless.find('in_flight'), {
    status: 'problem',
    needed: 90_000_000,
    fix: 'a shorter --hold, or a lower --rate',
  });
  const refused = await examined({ rate: 'max', 'max-in-flight': '30000' }, { affordable: 19_936 });
  t.match(refused.find('open_files'), { status: 'problem', needed: 30_000 });
  t.equal((await examined({ rate: 'max' })).find('in_flight').status, 'ok');
});

t.test('--rate max: what cannot be known beforehand is not judged', async (t) => {
  const found = await examined({ rate: 'max' }, { inspected: REMOTE });
  t.equal(found.find('source_ports').status, 'unknown');
  t.equal(found.find('cores').needed, null);
  t.same(found.withStatus('problem'), []);
});

t.test('a limit above what ulimit may set needs fs.nr_open too', async (t) => {
  const found = await examined({ rate: '100000', hold: '30s', duration: '30s' }, { affordable: 1_048_512 });
  t.equal(found.find('open_files').fix, 'sysctl -w fs.nr_open=3000064 && ulimit -n 3000064');
});

t.test('a fix is what whoever reads it can type', async (t) => {
  const typed = { host: REMOTE_TARGET, rate: '60000', timeout: '100ms', hold: '1s' };
  const as = async (status: string) =>
    examined(typed, { inspected: REMOTE, files: { ...ORDINARY, '/proc/self/status': status }, affordable: 20_000 });
  const user = await as('Uid:\t1000\t1000\t1000\t1000\nCapEff:\t0000000000000000');
  t.equal(user.find('tcp_tw_reuse').fix, 'sudo sysctl -w net.ipv4.tcp_tw_reuse=1');
  t.equal(user.find('open_files').fix, 'sudo prlimit --pid $$ --nofile=60064:60064');
  const contained = await as('Uid:\t0\t0\t0\t0\nCapEff:\t00000000a80425fb');
  t.equal(contained.find('tcp_tw_reuse').fix, 'sysctl -w net.ipv4.tcp_tw_reuse=1');
  t.match(contained.find('open_files').fix, '--ulimit nofile=60064:60064');
});

t.test('more ports and their reuse together, where neither is enough alone', async (t) => {
  const typed = { host: REMOTE_TARGET, rate: '60000', timeout: '10ms' };
  const reuse = 'sysctl -w net.ipv4.tcp_timestamps=1 net.ipv4.tcp_tw_reuse=1';
  const found = await examined({ ...typed, 'source-ports': 'system' }, { inspected: REMOTE });
  t.equal(found.find('source_ports').fix, `${reuse}, then --source-ports most`);
  const files = { ...ORDINARY, '/proc/sys/net/ipv4/tcp_tw_reuse': '1' };
  const fixed = await examined({ ...typed, 'source-ports': 'most' }, { inspected: REMOTE, files });
  t.equal(fixed.find('source_ports').status, 'ok');
  const kernel = await examined({ ...typed, 'source-ports': 'kernel' }, { inspected: REMOTE });
  t.equal(kernel.find('source_ports').fix, `${reuse}, then --source-ports most`, 'the system keeps its range');
});

t.test('connection tracking in the path, off the path, and neither known', async (t) => {
  const typed = { host: REMOTE_TARGET, rate: '25000', duration: '60s', source: '192.0.2.20-192.0.2.99' };
  const full = await examined(typed, { inspected: REMOTE, files: WITH_CONNTRACK });
  t.match(full.find('conntrack'), { status: 'problem', value: 262_000, needed: 1_500_000 });
  t.equal(full.find('conntrack').fix, 'sysctl -w net.netfilter.nf_conntrack_max=1500144');
  const few = await examined({ ...typed, source: '192.0.2.20' }, { inspected: REMOTE, files: WITH_CONNTRACK });
  t.match(few.find('conntrack'), { status: 'ok', needed: 60_983 }, 'no more than there are 4-tuples');
  const empty = { ...WITH_CONNTRACK, '/proc/sys/net/netfilter/nf_conntrack_count': '0' };
  t.equal((await examined(typed, { inspected: REMOTE, files: empty })).find('conntrack').status, 'unknown');
  const busy = { ...empty, '/proc/net/sockstat': 'sockets: used 9\nTCP: inuse 2 orphan 0 tw 7 alloc 4 mem 2' };
  t.match((await examined(typed, { inspected: REMOTE, files: busy })).find('conntrack'), {
    status: 'ok',
    needed: null,
  });
  t.equal((await examined(typed, { inspected: REMOTE })).find('conntrack').value, 'none');
});

t.test('a server on this machine, and one elsewhere', async (t) => {
  const here = await examined({ rate: '60000' }, { inspected: { ...LOCAL, cpus: 16 } });
  t.match(here.find('somaxconn'), { status: 'warning', needed: 6000, fix: 'sysctl -w net.core.somaxconn=65535' });
  t.match(here.find('netdev_max_backlog'), { status: 'warning', needed: 6000 });
  const there = await examined({ host: REMOTE_TARGET, rate: '60000' }, { inspected: REMOTE });
  t.match(there.find('somaxconn'), { status: 'ok', needed: null });
  const noCookies = { ...ORDINARY, '/proc/sys/net/ipv4/tcp_syncookies': '0' };
  t.match((await examined({ rate: '60000' }, { files: noCookies })).find('tcp_max_syn_backlog'), {
    status: 'warning',
    needed: 8000,
  });
});

t.test('cores and quota against the rate', async (t) => {
  const two = { ...REMOTE, cpus: 2 };
  t.equal((await examined({ host: REMOTE_TARGET, rate: '25000' }, { inspected: two })).find('cores').status, 'ok');
  t.equal((await examined({ host: REMOTE_TARGET, rate: '80000' }, { inspected: two })).find('cores').status, 'warning');
  t.equal((await examined({ host: REMOTE_TARGET, rate: '1m' }, { inspected: two })).find('cores').status, 'problem');
  const files = { ...ORDINARY, '/sys/fs/cgroup/user.slice/cpu.max': '50000 100000' };
  t.match((await examined({ host: REMOTE_TARGET, rate: '1000' }, { files, inspected: two })).find('cpu_quota'), {
    status: 'warning',
    value: 0.5,
    needed: 0.1,
    fix: 'echo max > /sys/fs/cgroup/user.slice/cpu.max',
  });
});

t.test('engines', async (t) => {
  const trouble = { reason: 'io_uring is forbidden here', hint: 'use --engine epoll' };
  const inspected = { ...LOCAL, engines: { ...LOCAL.engines, uring: trouble } };
  const auto = await examined({}, { inspected });
  t.match(auto.find('engine'), { status: 'ok', value: 'epoll' });
  t.match(auto.find('io_uring'), { status: 'warning', fix: 'use --engine epoll' });
  t.equal((await examined({ engine: 'epoll' }, { inspected })).find('io_uring').status, 'ok');
  const asked = await examined({ engine: 'uring' }, { inspected });
  t.same(asked.withStatus('problem'), ['engine', 'io_uring']);
  t.match(asked.find('engine'), {
    value: 'uring is not available',
    needed: 'uring',
    why: 'io_uring is forbidden here.',
  });
});

t.test('clock, governor and kind of machine', async (t) => {
  const files = {
    ...ORDINARY,
    '/sys/devices/system/clocksource/clocksource0/current_clocksource': 'hpet',
    '/sys/devices/system/cpu/cpu1/cpufreq/scaling_governor': 'powersave',
    '/.dockerenv': '',
    '/proc/self/mountinfo': '50 40 0:1 /sys /proc/sys ro,nosuid - proc proc rw',
  };
  const found = await examined({}, { files });
  t.match(found.find('clock_source'), { status: 'warning', value: 'hpet', needed: 'tsc' });
  t.match(found.find('cpu_governor'), { status: 'warning', value: 'performance, powersave' });
  t.match(found.find('virtualization'), { status: 'warning', value: 'container (docker)' });
  t.match(found.find('virtualization').why, 'read-only');
});

t.test('no way, and no such source', async (t) => {
  const inspected = { ...REMOTE, route: { kind: 'none' } as const, missingSources: ['192.0.2.21'] };
  const found = await examined({ host: REMOTE_TARGET, source: '192.0.2.20-192.0.2.21' }, { inspected });
  t.same(found.withStatus('problem'), ['route', 'source_addresses']);
  t.equal(found.find('source_addresses').fix, 'ip addr add 192.0.2.21/32 dev DEVICE');
  const stray = await examined({ host: REMOTE_TARGET, source: '127.0.0.1' }, { inspected: REMOTE });
  t.match(stray.find('source_addresses'), { status: 'problem' });
});

t.test('a machine without /proc and /sys: unknown, and no figure made up', async (t) => {
  const found = await examined(
    {},
    { files: {}, inspected: { ...LOCAL, route: { kind: 'unknown', reason: 'no koffi' } } },
  );
  const unknown = found.checks.filter(({ status }) => status === 'unknown');
  t.same(
    unknown.map(({ id }) => id),
    [
      'route',
      'ports_for_others',
      'tcp_tw_reuse',
      'tcp_timestamps',
      'tcp_max_tw_buckets',
      'open_files',
      'file_max',
      'somaxconn',
      'tcp_max_syn_backlog',
      'netdev_max_backlog',
      'conntrack',
      'cpu_quota',
      'cpu_governor',
      'clock_source',
      'virtualization',
    ],
  );
  for (const check of unknown) t.same([check.value, check.needed, check.fix], [null, null, null], check.id);
  t.same(found.withStatus('problem'), []);
});

t.test('files that hold nonsense are as good as missing', async (t) => {
  const files = Object.fromEntries(Object.keys(ORDINARY).map((path) => [path, 'nonsense']));
  const found = await examined({}, { files });
  t.same(found.withStatus('problem'), []);
  for (const id of ['ports_for_others', 'somaxconn', 'open_files', 'tcp_tw_reuse']) {
    t.match(found.find(id), { status: 'unknown', value: null }, id);
  }
});
