/** The standard streams as commands use them, so that a test can stand in for them. */
import { readerWatch } from '../../kernel/pipe-reader.ts';
import { columnsOf, type TextStyle } from '../../view/layout.ts';
import type { Problem } from '../../units/problem.ts';
import { printable } from '../../units/printable.ts';
import { formatProblem } from '../../units/problem.ts';
import type { LiveStream } from '../../view/live/line.ts';
import { print } from './stdout.ts';
import { processTerminal, type TerminalAccess } from './terminal.ts';

export interface Io {
  /** Resolves when the text is with the system; to false where its reader has gone away (`| head`), which is no error. Rejects where stdout cannot be written. */
  readonly print: (text: string) => Promise<unknown>;
  /** Whether what `print` prints may still be read. A pipe does not tell when its reader leaves: it has to be asked. Left out where it is not. */
  readonly hasReader?: () => boolean;
  readonly stderr: LiveStream;
  /** Looks of what `print` prints. */
  readonly style: TextStyle;
  /** Whether stderr may be coloured. */
  readonly colourLogs: boolean;
  /** The terminal that a live view may draw on; left out where there is none. */
  readonly terminal?: TerminalAccess;
}

/** The process's own streams. From here on writing to a closed pipe throws no exception. */
export function processIo(env: Readonly<Record<string, string | undefined>>): Io {
  // Without these listeners a write to a closed pipe would end the process with a stack trace.
  process.stdout.on('error', ignoreError);
  process.stderr.on('error', ignoreError);
  const isDumb = env['TERM'] === 'dumb';
  const mayColour = (env['NO_COLOR'] ?? '') === '' && !isDumb;
  return {
    print,
    hasReader: askingReader(),
    // What cannot erase a line is treated as what is no terminal: a line a second.
    stderr: isDumb ? { write: (text) => process.stderr.write(text) } : process.stderr,
    style: { columns: columnsOf(process.stdout), colours: process.stdout.isTTY && mayColour },
    colourLogs: process.stderr.isTTY && mayColour,
    terminal: processTerminal(env),
  };
}

function ignoreError(): void {
  // `print` reports what matters; the rest has no reader any more.
}

/** What asks the kernel costs loading the binding to it, so it is made for the first question. */
function askingReader(): () => boolean {
  let ask: (() => boolean) | null = null;
  return () => (ask ??= readerWatch(process.stdout.fd))();
}

/** Says what is odd, then everything that is wrong, one line each, and where to look it up. */
export function printProblems(
  io: Io,
  problems: readonly Problem[],
  command: string,
  warnings: readonly string[] = [],
): void {
  for (const warning of warnings) io.stderr.write(`WARN: ${printable(warning)}\n`);
  for (const problem of problems) io.stderr.write(`${formatProblem(problem)}\n`);
  io.stderr.write(`See ${command} --help.\n`);
}
