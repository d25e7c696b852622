/** What is judged of a round: one in which nothing is remarkable, for the counts and facts of a test. */
import type { LoadTally } from '../../src/count/load.ts';
import type { RoundFacts } from '../../src/judge/facts.ts';

/** Returns the facts of a round of 1 000/s with these counts; `more` replaces what a test is about. */
export function roundFacts(tally: LoadTally, more: Partial<RoundFacts> = {}): RoundFacts {
  return {
    tally,
    intervals: [],
    offeredRatePerSec: 1000,
    maxInFlight: 1000,
    isFdBound: false,
    workers: [],
    workersDied: 0,
    kernel: undefined,
    packet: undefined,
    sources: 0,
    batchNs: 0,
    timeoutNs: 5e9,
    ports: { perSource: 28_232, reuseDelayNs: 60e9, wouldResetHelp: false, restsInTimeWait: true, isHeld: false },
    target: { label: '192.0.2.1:80', isLocal: false },
    answer: { finish: 'eof', payloadBytes: 100, isExpected: false },
    isTrial: false,
    isStopped: false,
    earlier: [],
    ...more,
  };
}
