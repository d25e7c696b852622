import { machineHasDirectSockets } from '../kernel/uring-operations.ts';
import { availableParallelism } from 'node:os';
import { allowedCpuList } from '../kernel/machine/cpus.ts';
import { openFileLimit } from '../kernel/machine/limits.ts';
import { lowestPort } from '../kernel/machine/privilege.ts';
import { connectedPorts } from '../kernel/net/connected-ports.ts';
import { listeningPorts } from '../kernel/net/listening-ports.ts';
import { localPortRange, reservedPorts, reuseDelayNs } from '../kernel/proc.ts';
import { readInterfaces } from '../kernel/net/interfaces.ts';
import { missingAddresses } from '../kernel/net/missing-addresses.ts';
import { mtuTowards } from '../kernel/net/towards.ts';
import type { Machine } from '../plan/demand/machine.ts';
import { parseCpuList } from '../plan/demand/cpus.ts';
import { missingSources } from '../plan/address/sources.ts';

/** What plans need to know of the machine we run on. */
export function thisMachine(): Machine {
  return {
    fdLimit: openFileLimit(),
    hasDirectDescriptors: machineHasDirectSockets(),
    cpus: availableParallelism(),
    localPorts: localPortRange(),
    reservedPorts: reservedPorts(),
    listeningPorts: listeningPorts(),
    connectedPorts,
    reuseDelayNs,
    lowestPort: lowestPort(),
    allowedCpus: allowedCpus(),
    mtuTowards: mtuOrUndefined,
    missingSources: missingOfMachine,
    ...(process.platform === 'linux' && { interfaces: readInterfaces }),
  };
}

function allowedCpus(): readonly number[] | undefined {
  const list = allowedCpuList();
  const cpus = list === undefined ? undefined : parseCpuList(list);
  return cpus?.ok === true ? cpus.value : undefined;
}

/** Asks the kernel; undefined without koffi. */
function mtuOrUndefined(family: 4 | 6, address: string, port: number): number | undefined {
  try {
    return mtuTowards(family, address, port);
  } catch {
    return undefined;
  }
}

/** Asks the kernel; without koffi, or on another system, it asks Node.js: 50 µs an address instead of 5. */
async function missingOfMachine(addresses: readonly string[]): Promise<readonly string[]> {
  try {
    if (process.platform === 'linux') return missingAddresses(addresses);
  } catch {
    // Node.js is asked below.
  }
  return missingSources(addresses);
}
