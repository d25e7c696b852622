/** `--finish`: what ends an exchange. */
import { accept, refuse, type Parsed } from '../../units/problem.ts';
import { choiceParser, sizeParser } from '../../units/quantity.ts';

/** What ends an exchange. */
export type Finish =
  { readonly kind: 'half-close' | 'eof' | 'echo' | 'connect' } | { readonly kind: 'bytes'; readonly bytes: number };

const FINISH_BYTES_MAX = 2 ** 40;

const parseFinishWord = choiceParser(['half-close', 'eof', 'echo', 'connect']);
const parseFinishBytes = sizeParser({ min: 1, max: FINISH_BYTES_MAX });

/** `half-close`, `eof`, `echo`, `connect`, or `bytes:N`. */
export function parseFinish(text: string): Parsed<Finish> {
  const trimmed = text.trim().toLowerCase();
  if (trimmed.startsWith('bytes:')) {
    const bytes = parseFinishBytes(trimmed.slice('bytes:'.length));
    return bytes.ok ? accept({ kind: 'bytes', bytes: bytes.value }) : refuse(`${bytes.expected}, after bytes:`);
  }
  const word = parseFinishWord(trimmed);
  return word.ok ? accept({ kind: word.value }) : refuse('half-close, eof, echo, bytes:N or connect');
}

/** As `--finish` takes it. */
export function formatFinish(finish: Finish): string {
  return finish.kind === 'bytes' ? `bytes:${finish.bytes}` : finish.kind;
}
