import t from 'tap';
import { memoryLimitBytes, readCpuQuota, readCpuThrottling } from '../../../src/kernel/machine/cgroup.ts';
import { reading, type Files } from '../../support/machines.ts';

const V2: Files = {
  '/proc/self/cgroup': '0::/a/b',
  '/proc/self/mountinfo': '30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate',
};

const V1: Files = {
  '/proc/self/cgroup': '4:memory:/docker/1\n2:cpu,cpuacct:/docker/1\n0::/',
  '/proc/self/mountinfo':
    '33 32 0:30 /docker/1 /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n' +
    '34 32 0:31 /docker/1 /sys/fs/cgroup/cpu,cpuacct ro - cgroup cgroup rw,cpu,cpuacct',
};

t.test('version 2: the tightest on the way up', async (t) => {
  t.equal(readCpuQuota(reading(V2)), null);
  t.equal(readCpuQuota(reading({ ...V2, '/sys/fs/cgroup/a/b/cpu.max': 'max 100000' })), null);
  const outer = { ...V2, '/sys/fs/cgroup/a/b/cpu.max': '200000 100000', '/sys/fs/cgroup/a/cpu.max': '150000 100000' };
  t.same(readCpuQuota(reading(outer)), { cores: 1.5, path: '/sys/fs/cgroup/a/cpu.max' });
});

t.test('version 2 in a namespace: the group is at the root of the mount', async (t) => {
  const files = { ...V2, '/proc/self/cgroup': '0::/', '/sys/fs/cgroup/cpu.max': '50000 100000' };
  t.same(readCpuQuota(reading(files)), { cores: 0.5, path: '/sys/fs/cgroup/cpu.max' });
});

t.test('version 1, where a container mounts its own group', async (t) => {
  t.equal(readCpuQuota(reading(V1)), null);
  const folder = '/sys/fs/cgroup/cpu,cpuacct';
  const files = { ...V1, [`${folder}/cpu.cfs_quota_us`]: '250000', [`${folder}/cpu.cfs_period_us`]: '100000' };
  t.same(readCpuQuota(reading(files)), { cores: 2.5, path: `${folder}/cpu.cfs_quota_us` });
  t.equal(readCpuQuota(reading({ ...files, [`${folder}/cpu.cfs_quota_us`]: '-1' })), null);
});

t.test('memory: the least that a group on the way up, or the machine, has', async (t) => {
  const GIB = 2 ** 30;
  t.equal(memoryLimitBytes(4 * GIB, reading({})), 4 * GIB);
  const none = { ...V2, '/sys/fs/cgroup/a/b/memory.max': 'max' };
  t.equal(memoryLimitBytes(4 * GIB, reading(none)), 4 * GIB);
  const outer = { ...none, '/sys/fs/cgroup/a/memory.max': String(GIB) };
  t.equal(memoryLimitBytes(4 * GIB, reading(outer)), GIB, 'version 2');
  const v1 = { ...V1, '/sys/fs/cgroup/memory/memory.limit_in_bytes': String(2 * GIB) };
  t.equal(memoryLimitBytes(4 * GIB, reading(v1)), 2 * GIB, 'version 1');
  const unlimited = { ...V1, '/sys/fs/cgroup/memory/memory.limit_in_bytes': '9223372036854771712' };
  t.equal(memoryLimitBytes(4 * GIB, reading(unlimited)), 4 * GIB, 'version 1 without a limit');
});

t.test('where it cannot be told', async (t) => {
  t.equal(readCpuQuota(reading({})), undefined);
  t.equal(readCpuQuota(reading({ ...V2, '/proc/self/mountinfo': undefined })), undefined);
  t.equal(readCpuQuota(reading({ ...V2, '/sys/fs/cgroup/a/cpu.max': 'nonsense' })), null);
});

t.test('what quotas did: of each group with a quota, in the unit of its version', async (t) => {
  const counts = 'nr_periods 9\nnr_throttled 3\n';
  const v2 = {
    ...V2,
    '/sys/fs/cgroup/a/b/cpu.max': '200000 100000',
    '/sys/fs/cgroup/a/b/cpu.stat': `usage_usec 5\n${counts}throttled_usec 1500\nnr_bursts 0`,
    '/sys/fs/cgroup/a/cpu.max': '150000 100000',
    '/sys/fs/cgroup/a/cpu.stat': `${counts}throttled_usec 500`,
    '/sys/fs/cgroup/cpu.stat': `${counts}throttled_usec 7`,
  };
  t.same(readCpuThrottling(reading(v2)), { count: 6, usec: 2000 });
  const folder = '/sys/fs/cgroup/cpu,cpuacct';
  const v1 = {
    ...V1,
    [`${folder}/cpu.cfs_quota_us`]: '250000',
    [`${folder}/cpu.cfs_period_us`]: '100000',
    [`${folder}/cpu.stat`]: `${counts}throttled_time 1500400`,
  };
  t.same(readCpuThrottling(reading(v1)), { count: 3, usec: 1500 });
  t.equal(readCpuThrottling(reading({ ...v1, [`${folder}/cpu.stat`]: 'nr_periods 9' })), undefined);
  t.equal(readCpuThrottling(reading(V2)), undefined, 'no quota, and no zero');
  t.equal(readCpuThrottling(reading({})), undefined);
});
