import type { Verdict, VerdictStatus } from '../document/common.ts';
import { ownValue } from '../units/record.ts';
import type { Colour } from './layout.ts';

/** How a verdict is said to a person. */
export interface VerdictLook {
  readonly words: string;
  readonly colour: Colour;
}

interface Look extends VerdictLook {
  /** In place of `words` where the first reason that is no remark is one of a fleet. */
  readonly wordsByReason: Readonly<Record<string, string>>;
}

const LOOKS: Readonly<Record<VerdictStatus, Look>> = {
  valid: { words: 'valid', colour: 'green', wordsByReason: {} },
  generator_limited: {
    words: 'generator limited: this machine was the bottleneck',
    colour: 'yellow',
    wordsByReason: { agent_limited: 'generator limited: agents were the bottleneck' },
  },
  invalid: {
    words: 'invalid: nothing could be measured',
    colour: 'red',
    wordsByReason: {
      agent_lost: 'invalid: a part of the load is missing',
      agent_invalid: 'invalid: a part of the load measured nothing',
      reports_missing: 'invalid: counts are missing',
    },
  },
};

/** Reasons that leave a round valid. */
const REMARKS: readonly string[] = ['connections_failed', 'connections_lost', 'clocks_apart'];

export function verdictLook({ status, reasons }: Verdict): VerdictLook {
  const { words, colour, wordsByReason } = LOOKS[status];
  const reason = reasons.find(({ code }) => !REMARKS.includes(code));
  return { words: ownValue(wordsByReason, reason?.code ?? '') ?? words, colour };
}
