import t from 'tap';
import {
  isSysctlReadOnly,
  readBacklogDrops,
  readClockSource,
  readContainer,
  readFilesInUse,
  readGovernors,
  readVirtualMachine,
} from '../../../src/kernel/machine/hardware.ts';
import { ORDINARY, reading } from '../../support/machines.ts';

t.test('what an ordinary machine says', async (t) => {
  const read = reading(ORDINARY);
  t.same(readClockSource(read), { current: 'tsc', available: ['tsc', 'hpet', 'acpi_pm'] });
  t.same(readGovernors(read), ['performance']);
  t.equal(readContainer(read), null);
  t.equal(readVirtualMachine(read), null);
  t.equal(isSysctlReadOnly(read), false);
  t.equal(readBacklogDrops(read), 0);
  t.equal(readFilesInUse(read), 2000);
});

t.test('nothing is made up where nothing can be read', async (t) => {
  const read = reading({});
  t.equal(readClockSource(read), undefined);
  t.equal(readGovernors(read), undefined);
  t.equal(readContainer(read), null);
  t.equal(readVirtualMachine(read), undefined);
  t.equal(readBacklogDrops(read), undefined);
  t.equal(readFilesInUse(read), undefined);
});

t.test('virtual machines', async (t) => {
  const x86 = { '/proc/cpuinfo': 'flags\t\t: fpu hypervisor lahf_lm' };
  t.equal(readVirtualMachine(reading(x86)), 'maker unknown');
  const named = { ...x86, '/sys/class/dmi/id/sys_vendor': 'QEMU', '/sys/class/dmi/id/product_name': 'Standard PC' };
  t.equal(readVirtualMachine(reading(named)), 'QEMU Standard PC');
  t.equal(readVirtualMachine(reading({ '/sys/hypervisor/type': 'xen' })), 'xen');
  t.equal(
    readVirtualMachine(reading({ '/proc/cpuinfo': 'Features\t: fp asimd' })),
    undefined,
    'arm64 has no flag for it',
  );
  t.equal(readVirtualMachine(reading({ '/proc/device-tree/hypervisor/compatible': 'linux,kvm' })), 'maker unknown');
});

t.test('containers', async (t) => {
  t.equal(readContainer(reading({ '/.dockerenv': '' })), 'docker');
  t.equal(readContainer(reading({ '/run/.containerenv': '' })), 'podman');
  t.equal(readContainer(reading({ '/run/systemd/container': 'lxc\n' })), 'lxc');
  t.equal(readContainer(reading({ '/proc/1/cgroup': '0::/kubepods/burstable/pod1' })), 'kubepods');
  const mount = (options: string): string => `50 40 0:1 /sys /proc/sys ${options} - proc proc rw`;
  t.equal(isSysctlReadOnly(reading({ '/proc/self/mountinfo': mount('ro,nosuid') })), true);
  t.equal(isSysctlReadOnly(reading({ '/proc/self/mountinfo': mount('rw,nosuid') })), false);
});

t.test('governors of the cores that are online, drops in hexadecimal', async (t) => {
  const governor = (cpu: number): string => `/sys/devices/system/cpu/cpu${cpu}/cpufreq/scaling_governor`;
  const files = {
    '/sys/devices/system/cpu/online': '0,2-3',
    [governor(0)]: 'schedutil',
    [governor(1)]: 'ondemand',
    [governor(3)]: 'performance\n',
    '/proc/net/softnet_stat': '0bc928a4 00001726 0000000f\n0b86787f 0000000a 00000011',
  };
  t.same(readGovernors(reading(files)), ['performance', 'schedutil']);
  t.equal(readBacklogDrops(reading(files)), 0x1726 + 10);
});
