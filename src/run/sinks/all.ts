/** All sinks of a run as one. */
import type { RunEvent, Sink } from '../events.ts';

/**
 * Hands every event to each of `sinks`, in order. A sink that throws, which is a mistake of ours, is reported once, gets no further
 * event, and keeps the others from nothing.
 */
export function allSinks(sinks: readonly Sink[], tell: (message: string) => void): Sink {
  const broken = new Set<Sink>();
  const on = (event: RunEvent): void => {
    for (const sink of sinks) {
      if (broken.has(sink)) continue;
      try {
        sink.on(event);
      } catch (error) {
        broken.add(sink);
        tell(`an output of the run failed and ends here: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
  };
  const close = async (hasResult: boolean): Promise<boolean> => {
    const ends = await Promise.all(sinks.map((sink) => sink.close(hasResult)));
    return broken.size === 0 && ends.every((isWhole) => isWhole);
  };
  return { on, close };
}
