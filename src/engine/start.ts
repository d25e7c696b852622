import { selectEngine, type Selection } from './registry.ts';
import { preferredEngines, type AnyEngineName, type SocketEngineName } from '../plan/engines.ts';
import { formatCountOf } from '../units/format.ts';
import { RunError } from '../units/run-error.ts';

/** What the kernel answers a thread to which it refuses what it has given to others: a limit of the user's, or of the machine. */
const REFUSALS: ReadonlySet<string> = new Set(['ENOMEM', 'EPERM']);

export interface StartOptions<Name extends AnyEngineName> {
  readonly choice: Name | 'auto';
  /** What `auto` tries, best first. */
  readonly preference?: readonly SocketEngineName[];
  /** How many threads `start` starts, each with an engine of its own. */
  readonly threads: number;
}

/**
 * Starts what `start` starts on the engine that was chosen. That an engine works on this machine does not say that there is enough of
 * it for every thread: where the kernel refuses it to one, `auto` goes on to the next engine, for all threads, and a note says why.
 * `start` must have closed what it opened when it rejects.
 */
export async function startOnEngine<T, Name extends AnyEngineName>(
  { choice, preference = preferredEngines(), threads }: StartOptions<Name>,
  start: (selection: Selection<Name | SocketEngineName>) => Promise<T>,
): Promise<T> {
  let rest = preference;
  const notes: string[] = [];
  for (;;) {
    const { name, notes: passedOver } = await selectEngine(choice, rest);
    notes.push(...passedOver);
    try {
      return await start({ name, notes: [...notes] });
    } catch (error) {
      rest = rest.slice(rest.findIndex((each) => each === name) + 1);
      const canGoOn = choice === 'auto' && rest.length > 0;
      if (!canGoOn || !(error instanceof RunError) || !REFUSALS.has(error.code)) throw error;
      notes.push(`engine ${name} is passed over for ${formatCountOf(threads, 'thread')}: ${error.message}`);
    }
  }
}
