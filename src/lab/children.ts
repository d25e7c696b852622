/** Other conngens that a cell starts: a server beside it, and a client whose result it takes. All end with the cell. */
import type { ServerResult } from '../document/server.ts';
import { Child, type ChildOptions } from '../runtime/child.ts';
import { ServerChild } from '../runtime/server-child.ts';
import type { CellContext } from './lab.ts';

/** What a cell needs of its context to start others. */
export type Surroundings = Pick<CellContext, 'launch' | 'stop'>;

/** A signal from the terminal reaches the children as well; one that is sent to the lab alone does not. */
function optionsOf({ launch, stop }: Surroundings): ChildOptions {
  return { launch, stop, stderr: 'keep', isDetached: false };
}

/** Runs a command to its end and returns its JSON. Rejects with what it said where there is none. */
export async function resultOf<Result>(around: Surroundings, args: readonly string[]): Promise<Result> {
  const child = new Child([...args, '--quiet', '--json', '-'], optionsOf(around));
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (part: string) => (text += part));
  const code = await child.exit;
  around.stop.throwIfAborted();
  try {
    return JSON.parse(text) as Result;
  } catch {
    throw new Error(`conngen ${args[0]} ended with code ${code}: ${child.complaint()}`);
  }
}

/** Serves while `measure` runs; what the server counted comes with what was measured. */
export async function besideServer<Measured>(
  around: Surroundings,
  args: readonly string[],
  measure: (port: number) => Promise<Measured>,
): Promise<{ readonly measured: Measured; readonly served: ServerResult | null }> {
  const server = await ServerChild.start(args, optionsOf(around));
  let measured: Measured;
  try {
    measured = await measure(server.port);
  } catch (error) {
    await server.end().catch(() => undefined);
    throw error;
  }
  const result = await server.end();
  return { measured, served: result === null ? null : (JSON.parse(result) as ServerResult) };
}

/** A time as the command line takes it, to the nanosecond. */
export function durationArgument(ns: number): string {
  return `${ns / 1e6}ms`;
}
