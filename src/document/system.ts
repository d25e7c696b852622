/** The machine that a result was measured on: the `system` block of every document, made in one place. */
import { arch, availableParallelism, cpus, release } from 'node:os';

/** The machine that a result was measured on. */
export interface MachineSystem {
  /** The release of the kernel, as `uname -r` prints it. */
  readonly kernel: string;
  /** The version of Node.js, such as `v20.20.2`. */
  readonly node: string;
  /** The number of processors that the process may use. */
  readonly cpus: number;
}

/** How the packet engine held its interface. */
export interface PacketSystem {
  /** The interface that packets were sent and received on. */
  readonly interface: string;
  /** The driver of the interface. */
  readonly driver: string;
  /** `native`: the driver ran the program that takes packets. `generic`: the kernel ran it later, at a higher cost. */
  readonly mode: 'native' | 'generic';
  /** Whether packets were sent and received without being copied. */
  readonly zero_copy: boolean;
  /** The number of receive queues that packets were taken from. */
  readonly queues: number;
}

/** The machine, and the engine that was in use. */
export interface EngineSystem extends MachineSystem {
  /** The engine that was in use. */
  readonly engine: string;
  /** Why `--engine auto` did not take a better engine, a line each. Left out where there is nothing to say. */
  readonly engine_notes?: readonly string[];
  /** The interface of the packet engine. Only there with `--engine packet`. */
  readonly packet?: PacketSystem;
}

/** The machine, the engine, and the threads that generated the load. */
export interface LoadSystem extends EngineSystem {
  /** The number of pacing threads. */
  readonly workers: number;
}

/** The machine that the cells of a lab were measured on: figures of two machines do not belong into one plot. */
export interface LabSystem extends MachineSystem {
  /** The model of the processor, as the kernel names it. */
  readonly cpu_model: string;
}

/** Returns the machine that this process runs on. */
export function machineSystem(): MachineSystem {
  return { kernel: release(), node: process.version, cpus: availableParallelism() };
}

/** Returns this machine with the engine in use. `notes` say why better engines were passed over; none of them, no key. */
export function engineSystem(engine: string, notes: readonly string[]): EngineSystem {
  return { ...machineSystem(), engine, ...(notes.length > 0 ? { engine_notes: notes } : {}) };
}

/** An interface as an engine holds it. */
interface HeldInterface {
  readonly interfaceName: string;
  readonly driver: string;
  readonly mode: 'native' | 'generic';
  readonly isZeroCopy: boolean;
  readonly queues: number;
}

/** Returns what a result says of the interface of its engine; nothing where the engine holds none. */
export function packetSystem(held: HeldInterface | undefined): { readonly packet?: PacketSystem } {
  if (held === undefined) return {};
  const { interfaceName, driver, mode, isZeroCopy, queues } = held;
  return { packet: { interface: interfaceName, driver, mode, zero_copy: isZeroCopy, queues } };
}

/** Returns this machine with the model of its processor. */
export function labSystem(): LabSystem {
  return { ...machineSystem(), cpu_model: cpus()[0]?.model.trim() ?? arch() };
}
