/** An agent's part of a run, whatever the command: opened, then round after round. */
import type { RoundLeader } from '../../client/leader.ts';
import type { ClientResult, RoundResult } from '../../document/client.ts';
import type { RttResult, RttRound } from '../../document/rtt.ts';
import { troubleOf } from '../../engine/registry.ts';
import { readOptions, type ReadOptions } from '../../options/read.ts';
import type { AnyEngineName } from '../../plan/engines.ts';
import type { Machine } from '../../plan/demand/machine.ts';
import type { RunEvent } from '../../run/events.ts';
import type { OptionTable } from '../../units/option.ts';
import type { Opened, Order, Refusal } from '../protocol.ts';
import type { OwnLimits, RunLimits } from '../trust/plan-limits.ts';
import { forbiddenValues } from '../trust/plan-options.ts';
import type { Problem } from '../../units/problem.ts';
import { withOwn, type OwnOptions } from './own-options.ts';

export type OpenOrder = Extract<Order, { readonly kind: 'open' }>;
export type PrepareOrder = Extract<Order, { readonly kind: 'prepare' }>;

/** What an agent opens its part of a run with. */
export interface ShareContext {
  readonly own: OwnOptions;
  readonly limits: OwnLimits;
  /** The machine, with the files of the order in place of its disk. */
  readonly machine: Machine;
  readonly leader: RoundLeader;
  readonly stop: AbortSignal;
  readonly emit: (event: RunEvent) => void;
}

/** A part of a run that is open. */
export interface ShareSession {
  readonly opened: Opened;
  /** `HOST:PORT` as the controller asked for it. */
  readonly target: string;
  /** The rates that were asked of all agents together, for people. */
  readonly asked: string;
  readonly limits: RunLimits;
  readonly failures: readonly { readonly message: string }[];
  /** Runs a round, whose begin the leader is asked for. */
  round(order: PrepareOrder): Promise<RoundResult | RttRound>;
  shift(shiftNs: number): void;
  /** Nothing is started from this time of CLOCK_MONOTONIC on, until a later call moves it. */
  lease(untilNs: bigint): void;
  /** The agent's own result of the rounds so far. */
  result(rounds: readonly (RoundResult | RttRound)[], isInterrupted: boolean): ClientResult | RttResult;
  close(): Promise<void>;
}

export type OpenedShare = ShareSession | { readonly refused: Refusal };

/** Reads the options of an order as the table has them, with the agent's own over them. */
export function readOrdered<Table extends OptionTable>(
  table: Table,
  { called, values }: OpenOrder,
  own: OwnOptions,
): ReadOptions<Table> | { readonly refused: Refusal } {
  const forbidden = forbiddenValues(table, values);
  if (forbidden.length > 0) {
    const message = `an agent does not take ${forbidden.join(', ')} from a controller`;
    return { refused: { code: 'options', message } };
  }
  const read = readOptions(table, {
    ...{ command: `conngen ${called}`, flags: new Map<string, readonly string[]>(), extra: [], env: {} },
    values: withOwn(values, own, table),
  });
  return read.problems.length > 0 ? refusedOptions(read.problems) : read;
}

/** Returns why an engine that was asked for cannot be used here; null where it can. */
export async function refuseEngine(choice: AnyEngineName | 'auto'): Promise<Refusal | null> {
  const trouble = choice === 'auto' ? null : await troubleOf(choice);
  return trouble === null
    ? null
    : { code: 'no_engine', message: `the ${choice} engine does not work here: ${trouble.reason}`, hint: trouble.hint };
}

/** The plan is not possible here. */
export function refusedOptions(problems: readonly Problem[]): { readonly refused: Refusal } {
  return { refused: { code: 'options', message: 'the plan does not work on this agent', problems } };
}

/** Runs what may throw a `RunError`, and makes a refusal of it. */
export function refusalOf(code: Refusal['code'], error: unknown): Refusal {
  const message = error instanceof Error ? error.message : String(error);
  const hint = error instanceof Error && 'hint' in error && typeof error.hint === 'string' ? error.hint : '';
  return { code, message, ...(hint === '' ? {} : { hint }) };
}
