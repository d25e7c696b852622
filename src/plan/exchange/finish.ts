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

/** Whether a connection is still open at both ends when its exchange is over, so that `--hold` can keep it open. */
export function staysOpen({ kind }: Finish): boolean {
  return kind !== 'half-close' && kind !== 'eof';
}

/** Why `--hold` keeps nothing open, and what does; null where it keeps connections open, or is not asked for. */
export function nothingHeld(finish: Finish['kind'], isHeld: boolean): string | null {
  if (!isHeld || (finish !== 'half-close' && finish !== 'eof')) return null;
  const who = finish === 'eof' ? 'the peer has' : 'both ends have';
  return `with --finish ${finish} ${who} closed when an exchange is over, so --hold keeps no connection open: use --finish echo, bytes:N or connect`;
}
