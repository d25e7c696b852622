/** A real nats-server for a test: Debian's, as a process of its own. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { BusOptions } from '../../src/fleet/bus/bus.ts';
import { freePort } from './ports.ts';

const hasServer = spawnSync('nats-server', ['--version']).status === 0;

/** Why tests with NATS cannot run here, for `skip`; false where they can. */
export const noNats: string | false = hasServer ? false : 'needs nats-server (apt-get install nats-server)';

export interface NatsOptions {
  /** 127.0.0.1 and a free port if not given. */
  readonly host?: string;
  readonly port?: number;
  /** More of the configuration file, as the server reads it. */
  readonly config?: string;
  /** A command that runs the command after it, such as `ip netns exec NAME`, and becomes it. */
  readonly prefix?: readonly string[];
}

export interface NatsServer {
  readonly host: string;
  readonly port: number;
  /** `nats://HOST:PORT`. */
  readonly url: string;
  readonly pid: number;
  /** Everything that the server logged so far. */
  readonly log: () => string;
  /** Sends the signal (SIGTERM if not given) and resolves when the server has ended. Callable twice. */
  stop(signal?: NodeJS.Signals): Promise<void>;
  /** Starts it again on the same port, with the same configuration. */
  restart(): Promise<void>;
}

const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** Starts a server and resolves when it accepts connections. Stop it in a teardown; if the test process ends first, it is killed. */
export async function startNats(options: NatsOptions = {}): Promise<NatsServer> {
  const host = options.host ?? '127.0.0.1';
  const port = options.port ?? (await freePort());
  const directory = mkdtempSync(path.join(tmpdir(), 'conngen-nats-'));
  const config = path.join(directory, 'nats.conf');
  const writeConfig = (): void => {
    mkdirSync(directory, { recursive: true });
    writeFileSync(config, `listen: "${host}:${port}"\n${options.config ?? ''}\n`);
  };
  let log = '';
  let child: ChildProcess;
  let ended: Promise<void>;
  const start = async (): Promise<void> => {
    writeConfig();
    const words = [...(options.prefix ?? []), 'nats-server', '-c', config];
    const started = spawn(words[0]!, words.slice(1), { stdio: ['ignore', 'ignore', 'pipe'] });
    child = started;
    running.add(started);
    started.stderr.setEncoding('utf8').on('data', (text: string) => (log += text));
    const from = log.length;
    ended = new Promise((resolve) => {
      started.once('close', () => {
        running.delete(started);
        resolve();
      });
    });
    while (!log.slice(from).includes('Server is ready')) {
      if (!running.has(started)) throw new Error(`nats-server did not start:\n${log.slice(from)}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  };
  await start();
  return {
    ...{ host, port, url: `nats://${host.includes(':') ? `[${host}]` : host}:${port}` },
    get pid() {
      return child.pid!;
    },
    log: () => log,
    stop: async (signal = 'SIGTERM') => {
      child.kill(signal);
      await ended;
      rmSync(directory, { recursive: true, force: true });
    },
    restart: async () => {
      child.kill('SIGTERM');
      await ended;
      await start();
    },
  };
}

/** Where a server is, for `connectBus`. */
export function busOptions(url: string, changes: Partial<BusOptions> = {}): BusOptions {
  return {
    ...{ servers: [url], name: 'test', user: null, password: null, token: null, credentialsFile: null },
    ...{ caFile: null, certFile: null, keyFile: null },
    ...changes,
  };
}
