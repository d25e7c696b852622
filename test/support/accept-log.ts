/** A target that notes who connects when. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Test } from 'tap';
import { LineProgram } from './line-program.ts';

const POLL_MS = 10;
const WAIT_MS = 60_000;

export interface Accepted {
  /** On CLOCK_MONOTONIC, as `process.hrtime` of every process here reads it. */
  readonly timeMs: number;
  readonly address: string;
}

export class AcceptLog {
  readonly host: string;
  readonly port: number;
  readonly #program: LineProgram;

  /** A target of the test's own, which is gone when the test has ended. `prefix`: a command that runs the command after it. */
  static async forTest(t: Test, host: string, port: number, prefix: readonly string[] = []): Promise<AcceptLog> {
    const program = await LineProgram.start('test/support/accept-log-program.ts', [host, String(port)], prefix);
    t.teardown(() => program.stop());
    return new AcceptLog(program, host, port);
  }

  private constructor(program: LineProgram, host: string, port: number) {
    this.#program = program;
    this.host = host;
    this.port = port;
  }

  /** `HOST:PORT`. */
  get target(): string {
    return `${this.host}:${this.port}`;
  }

  /** What connections that come from here on get: an echo, or silence. */
  async answer(how: 'echo' | 'silent'): Promise<void> {
    await this.#program.ask(how);
  }

  /** What was accepted until now is in no answer any more. */
  async forget(): Promise<void> {
    await this.#program.ask('forget');
  }

  /** All that was accepted so far, in order. */
  async accepted(): Promise<readonly Accepted[]> {
    const { timesMs, addresses } = JSON.parse(await this.#program.ask('')) as {
      timesMs: number[];
      addresses: string[];
    };
    return timesMs.map((timeMs, at) => ({ timeMs, address: addresses[at]! }));
  }

  /** Resolves when so many connections were accepted, from an address where one is given; with these. */
  async until(count: number, address?: string): Promise<readonly Accepted[]> {
    const untilMs = performance.now() + WAIT_MS;
    for (;;) {
      const accepted = (await this.accepted()).filter((each) => address === undefined || each.address === address);
      if (accepted.length >= count) return accepted;
      if (performance.now() > untilMs)
        throw new Error(`waited in vain for ${count} connections, saw ${accepted.length}`);
      await sleep(POLL_MS);
    }
  }
}

/** Now, on the clock of `Accepted`. */
export function nowMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
