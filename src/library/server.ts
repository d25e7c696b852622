/** A server in the process of a program. */
import type { ServerResult } from '../document/server.ts';
import type { Listening, RunEvent } from '../run/events.ts';
import type { Planned } from './options.ts';
import { follow, guarded, type RunControls } from './run.ts';

/** A server whose listeners all accept. */
export interface RunningServer extends Listening, AsyncDisposable {
  /** The document, as `conngen server --json` has it, once the server has ended. */
  readonly result: Promise<ServerResult>;
  /** Stops accepting, waits at most 5 s for open connections and resolves to the result. May be called again. */
  close(): Promise<ServerResult>;
  /** Closes the server, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** Resolves when the server accepts; rejects where it cannot. */
export async function startServer(
  plan: () => Promise<Planned<ServerResult>>,
  { signal, onNotice }: Pick<RunControls, 'signal' | 'onNotice'>,
): Promise<RunningServer> {
  const stop = new AbortController();
  const notices = guarded(onNotice, () => stop.abort());
  const planned = await plan();
  planned.notices.forEach(notices.tell);
  const unfollow = follow(signal, stop);
  let tellListening: (listening: Listening) => void = () => undefined;
  const listening = new Promise<Listening>((resolve) => (tellListening = resolve));
  const emit = (event: RunEvent): void => {
    if (event.type === 'notice') notices.tell(event.text);
    if (event.type !== 'run-started' || event.listening === undefined) return;
    event.notes.forEach(notices.tell);
    tellListening(event.listening);
  };
  const result = planned
    .run({ emit, stop: stop.signal })
    .then((counted) => {
      notices.rethrow();
      return counted;
    })
    .finally(unfollow);
  // A caller that closes the server, or awaits the result, gets the failure there.
  result.catch(() => undefined);
  const where = await Promise.race([listening, result.then(() => listening)]);
  const close = (): Promise<ServerResult> => {
    stop.abort();
    return result;
  };
  return {
    ...where,
    result,
    close,
    [Symbol.asyncDispose]: async () => {
      await close();
    },
  };
}
