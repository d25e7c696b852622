/** The first SIGINT or SIGTERM asks for an end with a report, the second ends at once. */
import { EXIT_BY_HANGUP, EXIT_BY_SIGNAL } from './exit-codes.ts';

export interface StopRequest {
  /** Aborts on the first signal. */
  readonly signal: AbortSignal;
  /** 130 or 143 once a signal came, until then null. */
  exitCode(): number | null;
  /** Tells the name of the first signal when it comes, or at once if it came already. */
  onFirst(listener: (name: string) => void): void;
  /** Leaves signals to the system again. */
  dispose(): void;
}

type SignalName = keyof typeof EXIT_BY_SIGNAL;

/** Listens until disposed. */
export function listenForStop(): StopRequest {
  const controller = new AbortController();
  let first: SignalName | null = null;
  const handle = (name: SignalName): void => {
    if (first !== null) process.exit(EXIT_BY_SIGNAL[name]);
    first = name;
    controller.abort();
  };
  const names = ['SIGINT', 'SIGTERM'] as const;
  for (const name of names) process.on(name, handle);
  return {
    signal: controller.signal,
    exitCode: () => (first === null ? null : EXIT_BY_SIGNAL[first]),
    onFirst: (listener) => {
      const tell = (): void => {
        if (first !== null) listener(first);
      };
      if (controller.signal.aborted) tell();
      else controller.signal.addEventListener('abort', tell, { once: true });
    },
    dispose: () => {
      for (const name of names) process.off(name, handle);
    },
  };
}

/**
 * Where a parent has started this process with a channel between them (child_process, 'ipc'), ends it at once when the channel
 * breaks: the parent is gone, however it went. Returns what undoes it.
 */
export function endWithParent(): () => void {
  if (!process.connected) return () => undefined;
  const end = (): void => process.exit(EXIT_BY_HANGUP);
  process.once('disconnect', end);
  return () => process.off('disconnect', end);
}
