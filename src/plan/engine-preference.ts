import type { EngineName, Sink } from './plan.ts';

const OPENING: readonly EngineName[] = ['uring', 'epoll', 'node'];
/** Reading on until nothing is left takes epoll half the wake-ups that completions one by one take (bench/README.md, bodies). */
const KEEPING: readonly EngineName[] = ['epoll', 'uring', 'node'];

/** What `auto` tries, best first, for responses that end in this sink. */
export function preferredEngines(sink: Sink = { kind: 'null' }): readonly EngineName[] {
  return sink.kind === 'null' ? OPENING : KEEPING;
}
