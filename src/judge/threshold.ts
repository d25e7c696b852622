/** `--fail-if`: what of a result a script must not accept. */
import type { ThresholdConfig } from '../document/config.ts';
import { evaluateCriterion, type Criterion } from './criterion.ts';
import type { ClientResult, RoundResult, ThresholdResult } from '../document/client.ts';

export interface Thresholds {
  /** A threshold is not met where what it says is so, or where it could not be measured. */
  readonly failIf: readonly Criterion[];
  /** Otherwise a round that this machine limited fails too: its figures say nothing against the target, and nothing for it. */
  readonly allowGeneratorLimited: boolean;
}

/** Each threshold with what the round has to say to it. */
export function judgeRound({ failIf }: Thresholds, round: RoundResult): ThresholdResult[] {
  return failIf.map((criterion) => {
    const { value, met: isSo } = evaluateCriterion(criterion, round);
    const status = value === null ? 'not_measured' : isSo ? 'fail' : 'pass';
    return { expression: criterion.expression, value, unit: criterion.unit, met: status === 'pass', status };
  });
}

/** The result with its thresholds judged, in every round. Without a threshold it is the same. */
export function judgeClient(thresholds: Thresholds, result: ClientResult): ClientResult {
  if (thresholds.failIf.length === 0) return result;
  const rounds = result.rounds.map((round) => ({ ...round, thresholds: judgeRound(thresholds, round) }));
  const met =
    rounds.length > 0 &&
    rounds.every((round) => round.thresholds.every((threshold) => threshold.met) && !isRefused(thresholds, round));
  return {
    ...result,
    config: { ...result.config, ...thresholdConfig(thresholds) },
    thresholds_met: met,
    rounds,
  };
}

/** Returns what the `config` of a result says of its thresholds. */
export function thresholdConfig({ failIf, allowGeneratorLimited }: Thresholds): ThresholdConfig {
  return {
    fail_if: failIf.map(({ expression }) => expression),
    allow_generator_limited: allowGeneratorLimited,
  };
}

function isRefused({ allowGeneratorLimited }: Thresholds, round: RoundResult): boolean {
  return round.verdict.status === 'generator_limited' && !allowGeneratorLimited;
}
