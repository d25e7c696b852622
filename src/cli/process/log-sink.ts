/** The log as a listener of a run: remarks and notices become lines. */
import type { Sink } from '../../run/events.ts';
import type { Log } from './log.ts';

/** `close` resolves to false where the run told a failure that nothing made up for. */
export function logSink(log: Log): Sink {
  let hasFailed = false;
  return {
    on: (event) => {
      if (event.type === 'run-started') for (const note of event.notes) log.info(note);
      if (event.type !== 'notice') return;
      if (event.level === 'info') log.info(event.text);
      else if (event.level === 'warning') log.warn(event.text);
      else log.error(event.text);
      if (event.level === 'failure') hasFailed = true;
    },
    close: async () => !hasFailed,
  };
}
