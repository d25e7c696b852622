/** Machines for the doctor: what their files say, and what asking their kernel would. */
import { examine } from '../../src/doctor/examine.ts';
import { readFacts, type Inspected } from '../../src/doctor/facts.ts';
import type { Check } from '../../src/document/doctor.ts';
import { reservedPorts, reuseDelayNs, type ReadFile } from '../../src/kernel/proc.ts';
import { planClient, type Typed } from './plans.ts';

export type Files = Readonly<Record<string, string | undefined>>;

/** An ordinary machine with Linux's defaults; a file that is undefined is not there. */
export const ORDINARY: Files = {
  '/proc/self/limits':
    'Limit  Soft Limit  Hard Limit  Units\nMax open files            1048576              1048576              files',
  '/proc/self/cgroup': '0::/user.slice',
  '/proc/self/mountinfo': '30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate',
  '/proc/1/cgroup': '0::/init.scope',
  '/proc/cpuinfo': 'processor\t: 0\nflags\t\t: fpu vme de pse tsc',
  '/proc/self/status': 'Uid:\t0\t0\t0\t0\nCapEff:\t000001ffffffffff',
  '/proc/net/softnet_stat': '0000ffff 00000000 00000000\n0000ffff 00000000 00000000',
  '/proc/sys/fs/file-nr': '2000\t0\t9223372036854775807',
  '/proc/sys/fs/file-max': '9223372036854775807',
  '/proc/sys/fs/nr_open': '1048576',
  '/proc/sys/net/ipv4/ip_local_port_range': '32768\t60999',
  '/proc/sys/net/ipv4/ip_local_reserved_ports': '',
  '/proc/sys/net/ipv4/tcp_tw_reuse': '2',
  '/proc/sys/net/ipv4/tcp_tw_reuse_delay': '1000',
  '/proc/sys/net/ipv4/tcp_timestamps': '1',
  '/proc/sys/net/ipv4/tcp_max_tw_buckets': '131072',
  '/proc/sys/net/ipv4/tcp_max_syn_backlog': '2048',
  '/proc/sys/net/ipv4/tcp_syncookies': '1',
  '/proc/sys/net/core/somaxconn': '4096',
  '/proc/sys/net/core/netdev_max_backlog': '1000',
  '/sys/devices/system/cpu/online': '0-1',
  '/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor': 'performance',
  '/sys/devices/system/cpu/cpu1/cpufreq/scaling_governor': 'performance',
  '/sys/devices/system/clocksource/clocksource0/current_clocksource': 'tsc',
  '/sys/devices/system/clocksource/clocksource0/available_clocksource': 'tsc hpet acpi_pm',
};

const TRACKED: Files = {
  '/proc/sys/net/netfilter/nf_conntrack_max': '262144',
  '/proc/sys/net/netfilter/nf_conntrack_count': '144',
  '/proc/sys/net/netfilter/nf_conntrack_tcp_timeout_time_wait': '120',
  '/proc/sys/net/netfilter/nf_conntrack_tcp_timeout_close': '10',
};

/** With connection tracking in the path. */
export const WITH_CONNTRACK: Files = { ...ORDINARY, ...TRACKED };

export function reading(files: Files): ReadFile {
  return (path) => (Object.hasOwn(files, path) ? files[path] : undefined);
}

export const REMOTE: Inspected = {
  cpus: 4,
  engines: { uring: null, epoll: null, node: null, packet: null },
  route: { kind: 'found', source: '192.0.2.20' },
  isTargetLocal: false,
  missingSources: [],
  packet: null,
};

export const LOCAL: Inspected = { ...REMOTE, route: { kind: 'found', source: '127.0.0.1' }, isTargetLocal: true };

/** The interface of plans whose engine works on one. */
const ETH0 = {
  name: 'eth0',
  isUp: true,
  isLoopback: false,
  hasCarrier: true,
  queues: 8,
  addresses: [{ address: '198.18.0.1', family: 4, prefixLength: 16 }],
} as const;

export interface Examined {
  readonly checks: readonly Check[];
  /** The check of that name; throws where there is none. */
  readonly find: (id: string) => Check;
  /** The names of those with that status. */
  readonly withStatus: (status: Check['status']) => string[];
}

/** What the doctor says of a plan on such a machine. `affordable` is what its limit of open files allows. */
export async function examined(
  typed: Typed,
  {
    files = ORDINARY,
    inspected = LOCAL,
    affordable = 1_048_512,
  }: { files?: Files; inspected?: Inspected; affordable?: number } = {},
): Promise<Examined> {
  const { plan, problems } = await planClient(typed, {
    fdLimit: 2 ** 40,
    hasDirectDescriptors: false,
    cpus: inspected.cpus,
    localPorts: { first: 32_768, last: 60_999 },
    reservedPorts: reservedPorts(reading(files)),
    reuseDelayNs: (address) => reuseDelayNs(address, reading(files)),
    isOwnAddress: async () => Promise.resolve(inspected.isTargetLocal),
    missingSources: async () => Promise.resolve([]),
    platform: 'linux',
    interfaces: () => [ETH0],
  });
  if (plan === null) throw new Error(problems.join('\n'));
  const given = typed['max-in-flight'];
  const maxInFlightGiven = typeof given === 'string' ? Number(given) : null;
  const checks = examine(plan, readFacts(plan, inspected, reading(files)), { affordable, maxInFlightGiven });
  return {
    checks,
    find: (id) => {
      const found = checks.find((check) => check.id === id);
      if (found === undefined) throw new Error(`no check ${id}`);
      return found;
    },
    withStatus: (status) => checks.filter((check) => check.status === status).map(({ id }) => id),
  };
}
