/** Engine, cores, clock and kind of machine. */
import { preferredEngines, traitsOf, type EngineName } from '../plan/engines.ts';
import { formatCount } from '../units/format.ts';
import { atLeast, unknown, type CheckResult } from './check.ts';
import { asRoot, writeFix, type CheckRow, type Situation } from './situation.ts';

export const ENGINE_CHECKS: readonly CheckRow[] = [
  { id: 'engine', compares: 'the engine that the plan asks for, or that auto would use', check: engine },
  { id: 'io_uring', of: 'sockets', compares: 'whether io_uring can be used here', check: ioUring },
];

export const PROCESSOR_CHECKS: readonly CheckRow[] = [
  {
    id: 'cores',
    compares:
      'the cores with rate × a rough cost of a connection (40 µs with uring, 50 with epoll, 110 with node, at each end)',
    check: cores,
  },
  { id: 'workers', compares: '--workers with rate × the same cost', check: workers },
  { id: 'cpu_quota', compares: 'the CPU quota of the control group with the same cost', check: cpuQuota },
  { id: 'cpu_governor', compares: 'whether the clock rate of the cores is fixed', check: governor },
  { id: 'clock_source', compares: 'whether the clock of the kernel is fast to read', check: clockSource },
  {
    id: 'virtualization',
    compares: 'whether this is a virtual machine or a container, whose latencies are less even',
    check: virtualization,
  },
];

/** The factor by which a need may exceed the rough figure: machines differ by less. */
const HOPELESS = 2;

function engineOf({ plan, facts }: Situation): EngineName {
  return plan.engine !== 'auto'
    ? plan.engine
    : (preferredEngines(plan.body.sink).find((name) => facts.engines[name] === null) ?? 'node');
}

/** Processor time of a connection at one end. */
function costUsec(situation: Situation): number {
  return traitsOf(engineOf(situation)).connectionUsec;
}

function engine(situation: Situation): CheckResult {
  const { plan, facts } = situation;
  const value = engineOf(situation);
  const trouble = facts.engines[value];
  if (trouble !== null) {
    const have = `${value} is not available`;
    return { status: 'problem', value: have, needed: value, why: `${trouble.reason}.`, fix: trouble.hint };
  }
  const why = plan.engine === 'auto' ? 'The fastest that works here.' : 'It works here.';
  return { status: 'ok', value, needed: plan.engine === 'auto' ? null : value, why, fix: null };
}

function ioUring({ plan, facts }: Situation): CheckResult {
  const trouble = facts.engines.uring;
  if (trouble === null) {
    return { status: 'ok', value: 'available', needed: null, why: 'A connection costs least with it.', fix: null };
  }
  const value = 'not available';
  if (plan.engine !== 'auto' && plan.engine !== 'uring') {
    return { status: 'ok', value, needed: null, why: `Not needed with --engine ${plan.engine}.`, fix: null };
  }
  const status = plan.engine === 'uring' ? 'problem' : 'warning';
  const instead =
    plan.engine === 'uring' ? '' : ' Another engine is taken, which costs more processor time a connection.';
  return { status, value, needed: 'available', why: `${trouble.reason}.${instead}`, fix: trouble.hint };
}

/** Cores that the plan keeps busy, to one decimal. */
function coresNeeded(situation: Situation, ratePerSec: number): number {
  const ends = situation.facts.isTargetLocal ? 2 : 1;
  const busy = (ratePerSec * costUsec(situation) * ends) / 1e6;
  return Math.max(0.1, Math.round(busy * 10) / 10);
}

function costText(situation: Situation): string {
  const name = engineOf(situation);
  const ends = situation.facts.isTargetLocal ? ' at each end, and both ends are on this machine' : '';
  return `Roughly ${traitsOf(name).connectionUsec} µs a connection with ${name}${ends}; half or twice that on another machine.`;
}

function cores(situation: Situation): CheckResult {
  const { facts, demand } = situation;
  const value = facts.cpus;
  if (demand.ratePerSec === null) {
    return { status: 'ok', value, needed: null, why: '--rate max takes what there is.', fix: null };
  }
  const needed = coresNeeded(situation, demand.ratePerSec);
  const status = needed > value * HOPELESS ? 'problem' : 'warning';
  return atLeast(value, needed, status, costText(situation), slowerFix(situation, value));
}

/** The highest rate that so many cores should carry, in two digits. */
function slowerFix(situation: Situation, available: number): string {
  const ends = situation.facts.isTargetLocal ? 2 : 1;
  const ratePerSec = (available * 1e6) / (costUsec(situation) * ends);
  return `--rate ${Math.max(1, Number(ratePerSec.toPrecision(2)))}, or a machine with more cores`;
}

function workers(situation: Situation): CheckResult {
  const { plan, demand } = situation;
  const value = plan.workers;
  if (demand.ratePerSec === null) {
    return { status: 'ok', value, needed: null, why: '--rate max takes what a thread can do.', fix: null };
  }
  const needed = Math.max(1, Math.ceil((demand.ratePerSec * costUsec(situation)) / 1e6 - 1e-9));
  const why = `Threads that start connections: one starts about ${formatCount(1e6 / costUsec(situation))}/s.`;
  return atLeast(value, needed, 'warning', why, `--workers ${needed}`);
}

function cpuQuota(situation: Situation): CheckResult {
  const { facts, demand } = situation;
  const quota = facts.cpuQuota;
  if (quota === undefined) return unknown('The control groups of this process cannot be read.');
  const needed = demand.ratePerSec === null ? null : coresNeeded(situation, demand.ratePerSec);
  if (quota === null) {
    return { status: 'ok', value: 'none', needed, why: 'No control group limits the processor time.', fix: null };
  }
  const value = Math.round(quota.cores * 100) / 100;
  const isV2 = quota.path.endsWith('cpu.max');
  const fix = writeFix(isV2 ? 'max' : '-1', quota.path, facts);
  const why = `Cores' worth of time, by ${quota.path}. Beyond it every thread stops until the next period, for up to 100 ms.`;
  const isShort = needed !== null && needed > value;
  if (!isShort && value >= facts.cpus) return { status: 'ok', value, needed, why, fix: null };
  return { status: isShort && needed > value * HOPELESS ? 'problem' : 'warning', value, needed, why, fix };
}

function governor({ facts }: Situation): CheckResult {
  const { governors } = facts;
  if (governors === undefined) {
    return unknown('The kernel here sets no clock rates, or does not say (usual in virtual machines: the host does).');
  }
  const value = governors.join(', ');
  if (value === 'performance') {
    return { status: 'ok', value, needed: value, why: 'The cores keep their clock rate.', fix: null };
  }
  const why = 'The clock rate follows the load, so a low rate shows longer latencies than a high one.';
  return {
    status: 'warning',
    value,
    needed: 'performance',
    why,
    fix: asRoot('cpupower frequency-set -g performance', facts),
  };
}

/** Clock sources that need a system call, or a slow device, for every reading. */
const SLOW_CLOCKS: readonly string[] = ['hpet', 'acpi_pm', 'xen', 'jiffies', 'refined-jiffies', 'pit'];

function clockSource({ facts }: Situation): CheckResult {
  const clock = facts.clockSource;
  if (clock === undefined) return unknown('/sys does not say what the kernel keeps time with.');
  const value = clock.current;
  if (!SLOW_CLOCKS.includes(value)) {
    return { status: 'ok', value, needed: null, why: 'It is read without a system call.', fix: null };
  }
  const better = clock.available.find((name) => !SLOW_CLOCKS.includes(name));
  const path = '/sys/devices/system/clocksource/clocksource0/current_clocksource';
  const why = 'Every look at this clock is slow or coarse, and each connection takes several.';
  return {
    status: 'warning',
    value,
    needed: better ?? 'tsc',
    why,
    fix: better === undefined ? 'boot with clocksource=tsc tsc=reliable' : writeFix(better, path, facts),
  };
}

function virtualization({ facts }: Situation): CheckResult {
  const { container, virtualMachine } = facts;
  const kinds = [
    ...(container === null ? [] : [`container (${container})`]),
    ...(typeof virtualMachine === 'string' ? [`virtual machine (${virtualMachine})`] : []),
  ];
  if (kinds.length === 0 && virtualMachine === undefined)
    return unknown('Nothing here says whether this is a virtual machine.');
  const value = kinds.length === 0 ? 'none' : kinds.join(' in a ');
  const isShared = typeof virtualMachine === 'string';
  const why = isShared
    ? 'The host can take a core away for milliseconds: that shows as schedule lag.'
    : kinds.length === 0
      ? 'The hardware is all ours.'
      : 'The cores are shared with what else runs on the host.';
  if (!facts.isSysctlReadOnly) return { status: 'ok', value, needed: null, why, fix: null };
  return {
    status: 'warning',
    value,
    needed: null,
    why: `${why} Kernel settings are read-only in here (/proc/sys): the commands of this list work on the host only.`,
    fix: 'docker run --sysctl KEY=VALUE …, or set them on the host',
  };
}
