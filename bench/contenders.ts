import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { ClientResult } from '../src/document/client.ts';
import { BusiestThread } from './busiest-thread.ts';
import { conngen, run } from './process.ts';
import type { Finished } from './process.ts';

/** What one run of one program gave. */
export interface Figure {
  readonly ratePerSec: number;
  readonly usecPerConnection: number;
  /** Of it in user space, where the program tells: of all its threads. */
  readonly userUsecPerConnection?: number;
  /** Of the thread that carries the load, in user space. */
  readonly threadUserUsecPerConnection?: number;
  /** Pauses of the garbage collector in the measured part, where the program tells. */
  readonly gcPauses?: number;
  readonly errors: number;
}

export interface Load {
  /** What the programs connect to; 127.0.0.1 if left out. */
  readonly host?: string;
  readonly port: number;
  /** What stands before the command of the client: the way into a namespace. */
  readonly prefix?: readonly string[];
  readonly seconds: number;
  readonly inFlight: number;
}

/** A program that opens connections as fast as it can. */
export interface Contender {
  readonly name: string;
  /** What must be installed, or undefined. */
  readonly program?: string;
  measure(load: Load): Promise<Figure>;
}

/** Where the reference programs are built, with macros such as `TARGET=0xc6120001`; undefined without a C compiler. */
export function buildReference(macros: readonly string[] = []): string | undefined {
  const out = mkdtempSync(path.join(tmpdir(), 'conngen-bench-'));
  const source = fileURLToPath(new URL('reference/', import.meta.url));
  try {
    for (const name of ['epoll_client', 'epoll_server', 'body_reader', 'sleeper', 'stalls']) {
      const defines = macros.map((macro) => `-D${macro}`);
      const files = ['-o', path.join(out, name), path.join(source, `${name}.c`)];
      execFileSync('cc', ['-O2', ...defines, ...files, '-lpthread']);
    }
    return out;
  } catch {
    return undefined;
  }
}

export type ReferenceFinish = 'echo' | 'half-close';

export function referenceClient(directory: string, sources: number, finish: ReferenceFinish): Contender {
  return {
    name: `C, epoll, ${finish}, ${sources} source${sources === 1 ? '' : 's'}`,
    async measure({ port, seconds, inFlight, prefix = [] }) {
      const program = path.join(directory, 'epoll_client');
      const args = [port, inFlight, seconds, sources].map(String);
      const { stdout } = await run([...prefix, program, ...args, finish], seconds + 20);
      const figure = JSON.parse(stdout) as { rate_per_sec: number; usec_per_connection: number; errors: number };
      return { ratePerSec: figure.rate_per_sec, usecPerConnection: figure.usec_per_connection, errors: figure.errors };
    },
  };
}

/** conngen in closed loop; two seconds of warm-up, which C does not need, are not measured. */
export function conngenClient(name: string, ...args: string[]): Contender {
  return {
    name,
    async measure({ host = '127.0.0.1', port, seconds, inFlight, prefix = [] }) {
      const load = [
        '--rate',
        'max',
        '--max-in-flight',
        String(inFlight),
        '--duration',
        `${seconds}s`,
        '--warmup',
        '2s',
      ];
      const command = conngen(
        'client',
        `${host}:${port}`,
        ...load,
        '--workers',
        '1',
        '--quiet',
        '--json',
        '-',
        ...args,
      );
      let thread: BusiestThread | undefined;
      const { stdout, stderr } = await run([...prefix, ...command], seconds + 30, (pid) => {
        thread = new BusiestThread(pid);
      });
      const userPart = thread?.stop(seconds);
      if (stdout === '') throw new Error(`${command.join(' ')}: ${stderr}`);
      const round = (JSON.parse(stdout) as ClientResult).rounds[0]!;
      const threadUsec = round.workers[0]?.cpu_usec;
      return {
        ratePerSec: round.rate_per_sec.completed,
        usecPerConnection: round.cpu.usec_per_connection,
        userUsecPerConnection: round.cpu.user_usec / round.outcomes.ok,
        ...(userPart !== undefined &&
          threadUsec !== undefined && { threadUserUsecPerConnection: (threadUsec * userPart) / round.outcomes.ok }),
        gcPauses: round.workers.reduce((sum, worker) => sum + (worker.gc_pauses ?? 0), 0),
        errors: round.attempts.started - round.outcomes.ok,
      };
    },
  };
}

function peer(
  program: string,
  command: (load: Load) => readonly string[],
  read: (finished: Finished, load: Load) => { connections: number; seconds: number; errors: number },
): Contender {
  return {
    name: program,
    program,
    async measure(load) {
      const finished = await run([program, ...command(load)], load.seconds + 20);
      const { connections, seconds, errors } = read(finished, load);
      return { ratePerSec: connections / seconds, usecPerConnection: finished.cpuUsec / connections, errors };
    },
  };
}

function numberAfter(text: string, pattern: RegExp): number {
  return Number(pattern.exec(text)?.[1] ?? NaN);
}

/** The others, each at what it can do: a new connection for each request, the same concurrency, one thread. */
export const PEERS: readonly Contender[] = [
  peer(
    'wrk',
    ({ port, seconds, inFlight }) => [
      '-t1',
      `-c${inFlight}`,
      `-d${seconds}s`,
      '-H',
      'Connection: close',
      `http://127.0.0.1:${port}/`,
    ],
    ({ stdout }, { seconds }) => ({
      connections: numberAfter(stdout, /(\d+) requests in/),
      seconds: numberAfter(stdout, /requests in ([\d.]+)s/) || seconds,
      errors: [...(/Socket errors:(.*)/.exec(stdout)?.[1] ?? '').matchAll(/(\d+)/g)].reduce(
        (n, [m]) => n + Number(m),
        0,
      ),
    }),
  ),
  peer(
    'ab',
    ({ port, seconds, inFlight }) => [
      '-q',
      '-t',
      String(seconds),
      '-n',
      '10000000',
      '-c',
      String(inFlight),
      `http://127.0.0.1:${port}/`,
    ],
    ({ stdout }) => ({
      connections: numberAfter(stdout, /Complete requests:\s+(\d+)/),
      seconds: numberAfter(stdout, /Time taken for tests:\s+([\d.]+)/),
      errors: numberAfter(stdout, /Failed requests:\s+(\d+)/),
    }),
  ),
  peer(
    'h2load',
    ({ port, seconds, inFlight }) => [
      '--h1',
      '-t1',
      `-c${inFlight}`,
      '-n',
      String(seconds * 18_000),
      '-H',
      'Connection: close',
      `http://127.0.0.1:${port}/`,
    ],
    ({ stdout }) => ({
      connections: numberAfter(stdout, /(\d+) succeeded/),
      seconds: numberAfter(stdout, /finished in ([\d.]+)s/),
      errors: numberAfter(stdout, /(\d+) failed/),
    }),
  ),
  peer(
    'httperf',
    ({ port, seconds }) => [
      '--hog',
      '--server=127.0.0.1',
      `--port=${port}`,
      '--uri=/',
      `--num-conns=${seconds * 20_000}`,
      '--num-calls=1',
      '--rate=25000',
      '--timeout=5',
    ],
    ({ stdout }) => ({
      connections: numberAfter(stdout, /replies (\d+)/),
      seconds: numberAfter(stdout, /test-duration ([\d.]+)/),
      errors: numberAfter(stdout, /Errors: total (\d+)/),
    }),
  ),
];
