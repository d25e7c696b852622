/** The first SIGINT, SIGTERM or SIGHUP asks for an end with a report, the second ends the process: immediately, or when a fleet was told. */
import { isHangupIgnored } from '../../kernel/hangup.ts';
import { endAfterLastActs, endProcess } from './ending.ts';
import { EXIT_BY_SIGNAL } from './exit-codes.ts';
import { reportFailure } from './failure.ts';
import type { Io } from './io.ts';

export interface StopRequest {
  /** Aborts on the first signal. */
  readonly signal: AbortSignal;
  /** 129, 130 or 143 once a signal came, until then null. */
  exitCode(): number | null;
  /**
   * Tells the name of the first signal when it comes, or immediately if it came already. From this call on the command ends by
   * itself after the signal; before it, it is given up after a second.
   */
  onFirst(listener: (name: string) => void): void;
  /** Leaves signals to the system again. */
  dispose(): void;
}

type SignalName = keyof typeof EXIT_BY_SIGNAL;

/** How long planning may go on after a signal: what it waits for (a pipe, a resolver) may never come. */
const PLAN_WITHIN_MS = 1000;

let keepsIgnoringHangup = false;

/** How many requests listen now. */
let listening = 0;
/** A signal that came while none listened, for the one that listens next. */
let kept: { readonly name: SignalName; readonly timer: NodeJS.Timeout } | null = null;

/**
 * Keeps signals that come while no request listens, for the next one: Node forgets a signal whose last listener goes before it is told.
 * Without a next one within a second the process ends. Returns what undoes it.
 */
export function keepSignals(): () => void {
  const keep = (name: SignalName): void => {
    if (listening > 0) return;
    if (kept !== null) endProcess(EXIT_BY_SIGNAL[name]);
    kept = { name, timer: setTimeout(() => endProcess(EXIT_BY_SIGNAL[name]), PLAN_WITHIN_MS).unref() };
  };
  const names = answeredSignals();
  for (const name of names) process.on(name, keep);
  return () => {
    for (const name of names) process.off(name, keep);
    takeKept();
  };
}

function takeKept(): SignalName | null {
  if (kept === null) return null;
  const { name, timer } = kept;
  clearTimeout(timer);
  kept = null;
  return name;
}

function answeredSignals(): SignalName[] {
  const names = Object.keys(EXIT_BY_SIGNAL) as SignalName[];
  return names.filter((name) => name !== 'SIGHUP' || !keepsIgnoringHangup);
}

/** Ignores SIGHUP from here on, if the parent of this process did (`nohup`). `startedAs` is the variable `_`. */
export function keepIgnoredHangup(startedAs: string | undefined): void {
  if (!isHangupIgnored(startedAs)) return;
  keepsIgnoringHangup = true;
  process.on('SIGHUP', () => undefined);
}

/** Runs a command that ends early after a signal, and returns its exit code. Does not reject. */
export async function answeringSignals(io: Io, command: (stop: StopRequest) => Promise<number>): Promise<number> {
  let giveUp: (exitCode: number) => void;
  const givenUp = new Promise<number>((resolve) => (giveUp = resolve));
  const stop = listenForStop((name) => {
    io.stderr.write(`INFO: ${name}: ended before anything was measured\n`);
    giveUp(EXIT_BY_SIGNAL[name]);
  });
  try {
    return await Promise.race([command(stop), givenUp]);
  } catch (error) {
    const failed = reportFailure(io, error);
    // The exit code of a signal comes first, also where the signal left too little for a result.
    return stop.exitCode() ?? failed;
  } finally {
    stop.dispose();
  }
}

/** Listens until disposed. `onUnanswered` is called a second after the first signal if `onFirst` has not been called by then. */
export function listenForStop(onUnanswered?: (name: SignalName) => void): StopRequest {
  const controller = new AbortController();
  let first: SignalName | null = null;
  let isAnswered = false;
  let timer: NodeJS.Timeout | undefined;
  const handle = (name: SignalName): void => {
    if (first !== null) {
      // A terminal that closes sends it twice: the shell to its jobs, and then the kernel.
      if (name === 'SIGHUP' && first === 'SIGHUP') return;
      endAfterLastActs(EXIT_BY_SIGNAL[name]);
      return;
    }
    first = name;
    timer = setTimeout(() => {
      if (!isAnswered) onUnanswered?.(name);
    }, PLAN_WITHIN_MS);
    controller.abort();
  };
  const names = answeredSignals();
  for (const name of names) process.on(name, handle);
  listening++;
  const keptName = takeKept();
  if (keptName !== null) handle(keptName);
  return {
    signal: controller.signal,
    exitCode: () => (first === null ? null : EXIT_BY_SIGNAL[first]),
    onFirst: (listener) => {
      isAnswered = true;
      const tell = (): void => {
        if (first !== null) listener(first);
      };
      if (controller.signal.aborted) tell();
      else controller.signal.addEventListener('abort', tell, { once: true });
    },
    dispose: () => {
      clearTimeout(timer);
      listening--;
      for (const name of names) process.off(name, handle);
    },
  };
}

/**
 * Where a parent has started this process with a channel between them (child_process, 'ipc'), ends it immediately when the channel
 * breaks: the parent is gone, however it went. Returns what undoes it.
 */
export function endWithParent(): () => void {
  if (!process.connected) return () => undefined;
  const end = (): void => endProcess(EXIT_BY_SIGNAL.SIGHUP);
  process.once('disconnect', end);
  return () => process.off('disconnect', end);
}
