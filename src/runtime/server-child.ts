import { createInterface } from 'node:readline';
import { Child, type ChildOptions } from './child.ts';

/** ServerChild is a `conngen server` in a process of its own, on a port that the kernel chose, on loopback. */
export class ServerChild {
  readonly port: number;
  readonly #child: Child;
  readonly #lines: AsyncIterator<string>;

  private constructor(child: Child, lines: AsyncIterator<string>, port: number) {
    this.port = port;
    this.#child = child;
    this.#lines = lines;
  }

  /** Resolves when the server accepts connections; rejects where it ends before, with what it wrote to stderr if that is kept. */
  static async start(args: readonly string[], options: ChildOptions): Promise<ServerChild> {
    const own = ['--host', '127.0.0.1', '--port', '0', '--quiet', '--json', '-'];
    const child = new Child(['server', ...own, ...args], options);
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const first = await lines.next();
    if (first.done === true) {
      await child.exit;
      throw new Error(`the server did not start: ${child.complaint()}`);
    }
    return new ServerChild(child, lines, (JSON.parse(first.value) as { port: number }).port);
  }

  /** Ends the server and returns its result, as JSON; null where it had to be killed. */
  async end(): Promise<string | null> {
    const ended = this.#child.end();
    const last = await this.#lines.next();
    await ended;
    return last.done === true ? null : last.value;
  }
}
