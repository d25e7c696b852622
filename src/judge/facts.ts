import type { AgentRound } from '../document/fleet.ts';
import type { Finish } from '../plan/exchange/finish.ts';
import type { KernelEvidence } from '../document/kernel-evidence.ts';
import type { PacketEvidence } from '../document/packet-evidence.ts';
import type { IntervalResult, WorkerResult } from '../document/client.ts';
import type { LoadTally } from '../count/load.ts';

/** What the verdict and the findings of a round are reached from. */
export interface RoundFacts {
  readonly tally: LoadTally;
  readonly intervals: readonly IntervalResult[];
  /** Null for closed loop. */
  readonly offeredRatePerSec: number | null;
  readonly maxInFlight: number;
  /** Whether `maxInFlight` is what the limit of open files allows, rather than the user's choice or need. */
  readonly isFdBound: boolean;
  readonly workers: readonly WorkerResult[];
  /** How many of them died before the end of the round. */
  readonly workersDied: number;
  /** Left out where none died. */
  readonly death?: WorkerDeath | undefined;
  readonly kernel: KernelEvidence | undefined;
  /** The share of the time of the load in which the cores that this process may run on were not idle; left out where it is not known. */
  readonly coresBusy?: number | undefined;
  /** Undefined where the connections are the kernel's sockets. */
  readonly packet: PacketEvidence | undefined;
  /** Addresses that the packet engine answers for, and the kernel does not have. 0 with other engines. */
  readonly sources: number;
  /** How long a start may be put off so that one wake-up serves several. */
  readonly batchNs: number;
  readonly timeoutNs: number;
  readonly ports: PortFacts;
  readonly target: TargetFacts;
  readonly answer: AnswerFacts;
  /** Whether the round is a trial of a search or a saturation: the user does not choose its rate, so advice to lower it is useless. */
  readonly isTrial: boolean;
  /** How long this process was stopped by a signal during the round, and then went on; left out where it is not known. */
  readonly stoppedNs?: number | undefined;
  /** Whether the user ended the round before its time. */
  readonly isStopped: boolean;
  /** The agents of a fleet; undefined where this machine measured. The counts are the sums over them. */
  readonly agents?: readonly AgentRound[] | undefined;
  /** The rounds of the run before this one. */
  readonly earlier: readonly EarlierRound[];
}

export interface WorkerDeath {
  /** The message of the error that the first worker died of. */
  readonly cause: string;
  /** Measured starts that were due on workers after their death. */
  readonly missed: number;
}

export interface PortFacts {
  /** Ports that each source address has; null where the kernel chooses. */
  readonly perSource: number | null;
  /** The time until a port in TIME_WAIT may be used again. */
  readonly reuseDelayNs: number;
  /** Whether a reset in place of our FIN would avoid that TIME_WAIT. */
  readonly wouldResetHelp: boolean;
  /** Whether our side has the TIME_WAIT. */
  readonly restsInTimeWait: boolean;
  /** Whether connections are kept open after their exchange. */
  readonly isHeld: boolean;
}

export interface TargetFacts {
  /** `host:port`, with brackets where they are needed. */
  readonly label: string;
  /** An address of this machine, so that its kernel is the target's too. */
  readonly isLocal: boolean;
  /** An address of the other family that the target's name has too. */
  readonly otherAddress?: string | undefined;
}

/** What a connection sends, and what it takes for an answer. */
export interface AnswerFacts {
  readonly finish: Finish['kind'];
  readonly payloadBytes: number;
  /** Whether the user said which answers are good. */
  readonly isExpected: boolean;
}

export interface EarlierRound {
  readonly offeredRatePerSec: number | null;
  readonly totalP50Ns: number;
  readonly ok: number;
  readonly isValid: boolean;
}
