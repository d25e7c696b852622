/** Takes the runs of two sides in turns, each as a process of its own, and keeps every result in a directory. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { NamedResult } from '../compare/compare.ts';
import type { RoundResult } from '../document/client.ts';
import type { RunLeftOut } from '../document/compare.ts';
import { DOCUMENT_MAX_BYTES, readDocument, type Document } from '../document/read.ts';
import { readInput } from '../plan/exchange/input-file.ts';
import { reasonOf } from '../run/output.ts';
import { Child } from '../runtime/child.ts';
import type { Launch } from '../runtime/launch.ts';
import { sleepNs } from '../runtime/timer.ts';
import { OWN_ERROR_CODES } from '../units/error-codes.ts';
import { formatCount, formatCountOf } from '../units/format.ts';
import { RunError } from '../units/run-error.ts';
import { runBefore } from './before.ts';
import { turnsOf, type Side, type Turn } from './order.ts';

/** What to take. */
export interface TurnsPlan {
  /** The command of conngen: `client`. */
  readonly command: string;
  /** The file of options of each side. */
  readonly files: Readonly<Record<Side, string>>;
  /** The command before each run of a side; null for none. */
  readonly before: Readonly<Record<Side, string | null>>;
  /** On each side. */
  readonly runs: number;
  readonly pauseNs: number;
  readonly directory: string;
  /** How long a run of each side takes as planned; null where that cannot be told. */
  readonly expectedNs: Readonly<Record<Side, number | null>>;
  /** Keeps runs whose figures are those of this machine. */
  readonly keepsLimited: boolean;
}

/** A run that begins now. */
export interface TurnProgress extends Turn {
  /** Counts all runs, from 1; of those that are repeated the first only. */
  readonly place: number;
  readonly total: number;
  readonly isRepeat: boolean;
  /** Until the last run ends, as planned and as the runs before took; null where that cannot be told. */
  readonly leftNs: number | null;
}

/** What taking runs is given beside its plan. */
export interface TurnsContext {
  readonly launch: Launch;
  readonly stop: AbortSignal;
  /** A run begins. */
  onTurn(progress: TurnProgress): void;
  /** A run cannot be used. Says whether it is taken again or left out. */
  onUnfit(text: string): void;
}

/** What was taken. */
export interface TakenTurns {
  readonly base: readonly NamedResult[];
  readonly new: readonly NamedResult[];
  /** `A` for the base and `B` for the new side, with the runs that were left out. */
  readonly order: string;
  readonly leftOut: readonly RunLeftOut[];
}

/** Rejects with `RunError` where the directory cannot be made, or a command before a run fails. A stop ends with what is there. */
export async function takeTurns(plan: TurnsPlan, context: TurnsContext): Promise<TakenTurns> {
  await mkdir(plan.directory, { recursive: true }).catch((error: unknown) => {
    const { remedy } = OWN_ERROR_CODES.turns_unkept;
    throw new RunError('turns_unkept', `${plan.directory} cannot be made: ${reasonOf(error)}`, remedy);
  });
  const taking = new Taking(plan, context);
  const turns = turnsOf(plan.runs);
  for (const [index, turn] of turns.entries()) {
    if (context.stop.aborted) break;
    await taking.take(turn, index, turns);
  }
  return taking.taken;
}

/** Why a run is of no use; null where it is. */
type Unfit = {
  readonly reason: string;
  readonly file: string | null;
  /** It did not come to a result, or not to one that shows anything: no matter of luck. */
  readonly isFailure: boolean;
} | null;

class Taking {
  readonly #plan: TurnsPlan;
  readonly #context: TurnsContext;
  readonly #taken: Record<Side, NamedResult[]> = { base: [], new: [] };
  readonly #tookNs: Record<Side, number[]> = { base: [], new: [] };
  readonly #leftOut: RunLeftOut[] = [];
  #order = '';

  constructor(plan: TurnsPlan, context: TurnsContext) {
    this.#plan = plan;
    this.#context = context;
  }

  get taken(): TakenTurns {
    return { ...this.#taken, order: this.#order, leftOut: this.#leftOut };
  }

  #isStopped(): boolean {
    return this.#context.stop.aborted;
  }

  /** Takes a run, and once more where it is of no use. */
  async take(turn: Turn, index: number, turns: readonly Turn[]): Promise<void> {
    let failures = 0;
    for (const isRepeat of [false, true]) {
      const leftNs = this.#leftNs(turns.slice(index));
      this.#context.onTurn({ ...turn, place: index + 1, total: turns.length, isRepeat, leftNs });
      const unfit = await this.#runOnce(turn, isRepeat);
      if (unfit === null) return;
      this.#leftOut.push({ file: unfit.file, reason: unfit.reason });
      if (this.#context.stop.aborted) return;
      if (unfit.isFailure) failures++;
      if (failures === 2 && turn.number === 1) this.#giveUp(turn, unfit.reason);
      const rest = isRepeat ? 'it is left out' : 'it is taken once more';
      this.#context.onUnfit(`run ${turn.number} of the ${sideName(turn.side)}: ${unfit.reason}; ${rest}`);
    }
  }

  /** The first run of a side has failed twice: the others would fail as well, and take their time. */
  #giveUp({ side }: Turn, reason: string): never {
    const { command, files, directory } = this.#plan;
    const message = `the first run of the ${sideName(side)} failed twice: ${reason}; the results are in ${directory}`;
    throw new RunError('no_runs', message, `try conngen ${command} --config ${files[side]}`);
  }

  async #runOnce({ side, number }: Turn, isRepeat: boolean): Promise<Unfit> {
    const startedNs = process.hrtime.bigint();
    await this.#before(side);
    await sleepNs(this.#plan.pauseNs, this.#context.stop);
    if (this.#isStopped()) return { reason: 'a signal came before it', file: null, isFailure: false };
    this.#order += side === 'base' ? 'A' : 'B';
    const file = join(this.#plan.directory, `${side}-${number}${isRepeat ? '-again' : ''}.json`);
    const exit = await this.#run(side, file);
    if (this.#isStopped()) return { reason: 'a signal ended it', file, isFailure: false };
    this.#tookNs[side].push(Number(process.hrtime.bigint() - startedNs));
    const bytes = await readInput(file, DOCUMENT_MAX_BYTES);
    const read = bytes.ok ? readDocument(Buffer.concat(bytes.value)) : null;
    if (read === null || !('document' in read)) {
      const reason = `it ended with exit code ${exit.code} and without a result (${exit.complaint})`;
      return { reason, file: null, isFailure: true };
    }
    const result = { file, document: read.document };
    const reason = this.#whyUnfit(result, exit);
    if (reason !== null) return { reason, file, isFailure: !USABLE_EXITS.includes(exit.code) };
    this.#taken[side].push(result);
    return null;
  }

  #whyUnfit({ document }: NamedResult, { code, complaint }: { code: number | null; complaint: string }): string | null {
    if (!USABLE_EXITS.includes(code)) {
      const why = complaint === '' ? whyNoAnswer(document) : complaint;
      return `it ended with exit code ${code}${why === '' ? '' : ` (${why})`}`;
    }
    const rounds = 'rounds' in document ? document.rounds : [];
    const verdicts = rounds.flatMap((round) => ('verdict' in round ? [round.verdict] : []));
    const bad = verdicts.find(({ status }) => status !== 'valid');
    if (bad !== undefined && !this.#plan.keepsLimited)
      return `it is ${bad.status} (${bad.reasons[0]?.code ?? 'unknown'})`;
    const isLimited = code === LIMITED_EXIT;
    return isLimited && !this.#plan.keepsLimited ? `this machine was its limit${limitedBy(document)}` : null;
  }

  async #run(side: Side, file: string): Promise<{ readonly code: number | null; readonly complaint: string }> {
    const { launch, stop } = this.#context;
    const { command, files } = this.#plan;
    const args = [command, '--config', files[side], '--json', file, '--quiet', '--histograms'];
    const never = new AbortController().signal;
    const child = new Child(args, { launch, stop: never, stderr: 'keep', isDetached: false });
    child.stdout.resume();
    const end = (): void => void child.end().catch(() => undefined);
    stop.addEventListener('abort', end, { once: true });
    try {
      return { code: await child.exit, complaint: child.complaint() };
    } finally {
      stop.removeEventListener('abort', end);
    }
  }

  async #before(side: Side): Promise<void> {
    const command = this.#plan.before[side];
    if (command === null) return;
    const { exitCode, printed } = await runBefore(command, this.#context.launch.env, this.#context.stop);
    if (exitCode === 0 || this.#context.stop.aborted) return;
    const taken = this.#taken.base.length + this.#taken.new.length;
    const kept = taken === 0 ? '' : `; ${formatCountOf(taken, 'result')} until then in ${this.#plan.directory}`;
    const said = printed === '' ? 'it printed nothing' : `it printed: ${printed}`;
    const message = `--before-${side} ended with exit code ${exitCode ?? 'none, by a signal'}, ${said}${kept}`;
    throw new RunError('before_failed', message, OWN_ERROR_CODES.before_failed.remedy);
  }

  #leftNs(turns: readonly Turn[]): number | null {
    let sumNs = 0;
    for (const { side } of turns) {
      const took = this.#tookNs[side];
      const planned = this.#plan.expectedNs[side];
      if (took.length === 0 && planned === null) return null;
      sumNs +=
        took.length === 0
          ? (planned ?? 0) + this.#plan.pauseNs + START_NS
          : took.reduce((sum, each) => sum + each, 0) / took.length;
    }
    return sumNs;
  }
}

/** Why a search or a saturation has no answer, as its result tells; empty where it does not. */
function whyNoAnswer(document: Document): string {
  switch (document.schema) {
    case 'conngen.search/1':
      return document.goals
        .filter(({ status }) => status !== 'found')
        .map(({ goal, status, reason }) => `${goal}: ${status}${reason === null ? '' : `, ${withoutStop(reason)}`}`)
        .join('; ');
    case 'conngen.saturate/1':
      return `stopped by ${document.stopped_by}`;
    case 'conngen.client/1':
      return failuresOf(document.rounds);
    default:
      return '';
  }
}

/** `100 of 100 connections failed: refused`; empty where none failed. */
function failuresOf(rounds: readonly RoundResult[]): string {
  const failed = rounds.flatMap(({ outcomes }) =>
    Object.entries(outcomes).filter(([name, count]) => name !== 'ok' && count > 0),
  );
  if (failed.length === 0) return '';
  const count = failed.reduce((sum, [, each]) => sum + each, 0);
  const started = rounds.reduce((sum, { attempts }) => sum + attempts.started, 0);
  return `${formatCount(count)} of ${formatCountOf(started, 'connection')} failed: ${[...new Set(failed.map(([name]) => name))].join(', ')}`;
}

/** Why this machine was the limit: ` (schedule_lag)`; empty where the result does not tell. */
function limitedBy(document: Document): string {
  const parts = document.schema === 'conngen.search/1' ? document.goals : [document];
  const codes = new Set(parts.flatMap((part) => ('limited_by' in part ? (part.limited_by?.code ?? []) : [])));
  return codes.size === 0 ? '' : ` (${[...codes].join(', ')})`;
}

function withoutStop(sentence: string): string {
  return sentence.replace(/\.$/, '');
}

/** What a process takes to start and to end. */
const START_NS = 0.7e9;
/** The exit code of a search or saturation that this machine limited. */
const LIMITED_EXIT = 3;
/** Done, limited, or a threshold of the run's own was not met: there is a result. */
const USABLE_EXITS: readonly (number | null)[] = [0, LIMITED_EXIT, 99];

export function sideName(side: Side): string {
  return side === 'base' ? 'base' : 'new side';
}
