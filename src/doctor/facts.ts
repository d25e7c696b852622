/** What the checks look at: plain data about one machine, read once. */
import type { EngineName } from '../plan/engines.ts';
import type { CpuQuota } from '../kernel/machine/cgroup.ts';
import { readCpuQuota } from '../kernel/machine/cgroup.ts';
import { readConntrack, type Conntrack } from '../kernel/net/conntrack.ts';
import {
  isSysctlReadOnly,
  readBacklogDrops,
  readClockSource,
  readContainer,
  readFilesInUse,
  readGovernors,
  readVirtualMachine,
  type ClockSource,
} from '../kernel/machine/hardware.ts';
import { readOpenFileLimit } from '../kernel/machine/limits.ts';
import { readPrivilege, type Privilege } from '../kernel/machine/privilege.ts';
import {
  readLocalPortRange,
  readProc,
  readSysctlNumber,
  reservedPorts,
  reuseDelayNs,
  reuseDelayWhereAllowedNs,
  type PortRange,
  type ReadFile,
} from '../kernel/proc.ts';
import { loadSettings, type Setting } from '../kernel/settings.ts';
import { PACKET_REST_NS } from '../plan/packet/packet-plan.ts';
import type { ClientPlan } from '../plan/plan.ts';
import type { PacketMachineFacts } from './packet-facts.ts';

/** What costs some file reads: enough for the warnings at the start of a run. */
export interface QuickFacts {
  /** A sysctl that is one number; undefined where it is missing or may not be read. */
  readonly sysctl: (key: string) => number | undefined;
  readonly fdLimit: number | undefined;
  readonly localPorts: PortRange | undefined;
  readonly reservedPorts: ReadonlySet<number>;
  /** How long a port rests after our close, and how long it would where tcp_tw_reuse is 1. */
  readonly reuseDelayNs: number;
  readonly reuseDelayWhereAllowedNs: number;
  /** Null where there is no connection tracking, undefined where it cannot be told. */
  readonly conntrack: Conntrack | null | undefined;
  readonly privilege: Privilege;
  /** The table of kernel settings. */
  readonly settings: ReadonlyMap<string, Setting>;
}

/** Why an engine cannot work here, and what helps; null where it works. */
export type EngineTrouble = { readonly reason: string; readonly hint: string } | null;

/** The way to the target, by the routing table; no packet is sent. */
export type Route =
  | { readonly kind: 'found'; readonly source: string }
  | { readonly kind: 'none' }
  | { readonly kind: 'unknown'; readonly reason: string };

/** What is asked of the system otherwise than by a file. */
export interface Inspected {
  readonly cpus: number;
  readonly engines: Readonly<Record<EngineName, EngineTrouble>>;
  readonly route: Route;
  /** Whether the target is an address of this machine. */
  readonly isTargetLocal: boolean;
  /** Addresses of `--source` that this machine does not have. */
  readonly missingSources: readonly string[];
  /** The interface of the packet engine; null with other engines, and where it cannot be examined. */
  readonly packet: PacketMachineFacts | null;
}

export interface Facts extends QuickFacts, Inspected {
  readonly filesInUse: number | undefined;
  readonly backlogDrops: number | undefined;
  readonly cpuQuota: CpuQuota | null | undefined;
  readonly clockSource: ClockSource | undefined;
  readonly governors: readonly string[] | undefined;
  readonly container: string | null;
  readonly virtualMachine: string | null | undefined;
  readonly isSysctlReadOnly: boolean;
}

export function readQuickFacts(plan: ClientPlan, read: ReadFile = readProc): QuickFacts {
  return {
    sysctl: (key) => readSysctlNumber(key, read),
    fdLimit: readOpenFileLimit(read),
    localPorts: readLocalPortRange(read),
    reservedPorts: reservedPorts(read),
    reuseDelayNs: plan.packet === null ? reuseDelayNs(plan.target.address, read) : PACKET_REST_NS,
    reuseDelayWhereAllowedNs: reuseDelayWhereAllowedNs(read),
    conntrack: readConntrack(read),
    privilege: readPrivilege(read),
    settings: loadSettings(),
  };
}

export function readFacts(plan: ClientPlan, inspected: Inspected, read: ReadFile = readProc): Facts {
  return {
    ...readQuickFacts(plan, read),
    ...inspected,
    filesInUse: readFilesInUse(read),
    backlogDrops: readBacklogDrops(read),
    cpuQuota: readCpuQuota(read),
    clockSource: readClockSource(read),
    governors: readGovernors(read),
    container: readContainer(read),
    virtualMachine: readVirtualMachine(read),
    isSysctlReadOnly: isSysctlReadOnly(read),
  };
}
