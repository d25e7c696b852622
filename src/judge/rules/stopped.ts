/** A generator that was stopped, and not slow. */
import { formatLatency } from '../../units/format.ts';
import type { RoundFacts } from '../facts.ts';
import type { Rule } from '../verdict.ts';

/** The share of the time that the process was stopped for; less shows in no percentile. */
const STOPPED_SHARE = 0.01;

/** Whether starts came late, or not at all, because the process was stopped. */
export function wasStopped({ stoppedNs = 0, workers }: Pick<RoundFacts, 'stoppedNs' | 'workers'>): boolean {
  const elapsedUsec = Math.max(0, ...workers.map(({ elapsed_usec: elapsed = 0 }) => elapsed));
  return stoppedNs > 0 && stoppedNs >= elapsedUsec * 1e3 * STOPPED_SHARE;
}

/** The rule that takes the place of those for starts that came late. */
export const PROCESS_STOPPED: Rule<RoundFacts> = {
  code: 'process_stopped',
  status: 'generator_limited',
  when: 'This process was stopped (SIGSTOP, Ctrl-Z) for 1 % of the time or more, and went on. It stands in place of `missed_starts`, `schedule_lag` and `rate_not_reached`.',
  remedy: 'Run it again, and let it run.',
  applies: (facts) => {
    const { stoppedNs = 0 } = facts;
    if (!wasStopped(facts)) return undefined;
    return {
      message: `This process was stopped for ${formatLatency(stoppedNs)} (SIGSTOP, or Ctrl-Z): what was due or came back then had to wait. Run it again, and let it run.`,
      evidence: { stopped_ns: stoppedNs },
    };
  },
};
