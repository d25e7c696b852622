/** The machine that a controller plans for: without limits of its own, because each agent checks its share against itself. */
import type { Machine } from '../../plan/demand/machine.ts';

const UNLIMITED = 2 ** 31;
const CPUS = 4096;

/** Ports that no plan takes: each agent has its own. */
const NO_PORTS = { first: 32_768, last: 60_999 } as const;

/** Returns the machine. `loadFile` reads what options name, to be sent to the agents. */
export function fleetMachine(loadFile: Machine['loadFile']): Machine {
  return {
    fdLimit: UNLIMITED,
    hasDirectDescriptors: false,
    cpus: CPUS,
    localPorts: NO_PORTS,
    isOwnAddress: () => Promise.resolve(false),
    missingSources: () => Promise.resolve([]),
    ...(loadFile === undefined ? {} : { loadFile }),
  };
}
