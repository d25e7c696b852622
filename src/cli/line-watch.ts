/** The live view of a command that tells one finished line after the other. */
import type { LiveStream } from '../view/live/line.ts';
import type { Watcher } from './command.ts';

export class LineWatch implements Watcher {
  readonly #stream: LiveStream;

  constructor(stream: LiveStream) {
    this.#stream = stream;
  }

  line(line: string): void {
    this.#stream.write(`${line}\n`);
  }

  close(): Promise<boolean> {
    return Promise.resolve(true);
  }
}
