import type { Family } from '../address/address.ts';
import type { EndpointsMachine } from '../address/endpoints.ts';
import type { PacketMachine } from '../packet/packet-plan.ts';
import type { LoadFile } from '../exchange/payload.ts';
import type { Problem } from '../../units/problem.ts';
import type { SourcePortsMachine } from '../ports/planned-ports.ts';

/** What a plan needs to know of the machine it runs on. */
export interface Machine extends SourcePortsMachine, EndpointsMachine, PacketMachine {
  /** How many files this process may have open. */
  readonly fdLimit: number;
  /** The uring engine needs no file descriptor for a connection: then `fdLimit` holds for each of its threads, not for all. */
  readonly hasDirectDescriptors: boolean;
  readonly cpus: number;
  /** The numbers of the cores that this process may run on; undefined where it cannot be told. */
  readonly allowedCpus?: readonly number[] | undefined;
  /** How the files are read that options name; from the disk if left out. */
  readonly loadFile?: LoadFile;
  /** The largest packet towards an address, as the system knows it; undefined where it does not. */
  readonly mtuTowards?: (family: Family, address: string, port: number) => number | undefined;
}

/** The plan of a command with remarks for the log, or every problem with what was asked for. */
export type Planned<P> =
  { readonly plan: P; readonly notices: readonly string[] } | { readonly problems: readonly Problem[] };
