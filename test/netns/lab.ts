/** A client, a router and a server on one machine: three network namespaces, joined by veth pairs, for tests that inject faults. */
import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import type { Test } from 'tap';
import { runCli, startServer } from '../support/cli.ts';
import type { CliRun, RunOptions, RunningServer } from '../support/cli.ts';

const PREFIX = 'conngen-test';
/** Where ip-netns(8) keeps the names. */
const NAMES = '/run/netns';

/** The addresses that RFC 2544 keeps for measuring devices. */
export const CLIENT_ADDRESSES = [2, 3, 4, 5, 6, 7, 8, 9].map((host) => `198.18.1.${host}`);
const SERVER_ADDRESS = '198.18.2.2';
const ROUTER_TO_CLIENT = '198.18.1.1';
const ROUTER_TO_SERVER = '198.18.2.1';
const PORT = 2345;

/** Runs a command to its end and returns its output. Throws with what it wrote to stderr. */
function run(command: string, args: readonly string[], input?: string): string {
  return execFileSync(command, args, {
    encoding: 'utf8',
    stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    ...(input === undefined ? {} : { input }),
  });
}

/** One of the three: an end, or the way between them. */
export class Namespace {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
    run('ip', ['netns', 'add', name]);
    this.ip('link', 'set', 'lo', 'up');
  }

  /** What to put before a command so that it runs in here. It becomes that command: the process is the same. */
  get prefix(): readonly string[] {
    return ['ip', 'netns', 'exec', this.name];
  }

  ip(...args: readonly string[]): string {
    return run('ip', ['-n', this.name, ...args]);
  }

  exec(command: string, ...args: readonly string[]): string {
    return run('ip', [...this.prefix.slice(1), command, ...args]);
  }

  sysctl(key: string, value: string | number): void {
    this.exec('sysctl', '-q', '-w', `${key}=${value}`);
  }

  /** Loads rules as nft(8) reads them from a file, in addition to what is there. */
  nft(rules: string): void {
    run('ip', [...this.prefix.slice(1), 'nft', '-f', '-'], rules);
  }

  /** How many packets a named counter of the table `inet lab` has seen. */
  packets(counter: string): number {
    const listed = this.exec('nft', '--json', 'list', 'counter', 'inet', 'lab', counter);
    const { nftables } = JSON.parse(listed) as { nftables: { counter?: { packets: number } }[] };
    return nftables.find((entry) => entry.counter !== undefined)!.counter!.packets;
  }
}

/** Ends what runs in a namespace and removes it. Does nothing where there is none of that name. */
export function removeNamespace(name: string): void {
  // A namespace lives as long as a process in it, whatever became of its name.
  const listed = spawnSync('ip', ['netns', 'pids', name], { encoding: 'utf8' });
  if (listed.status === 0) {
    for (const pid of listed.stdout.split('\n').filter(Boolean).map(Number)) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It has ended by itself.
      }
    }
  }
  spawnSync('ip', ['netns', 'del', name]);
}

/** The names of labs that are there now; of processes that have ended, if `isLeftOver`. */
export function labNames(isLeftOver = false): string[] {
  let names: string[];
  try {
    names = readdirSync(NAMES);
  } catch {
    return [];
  }
  const owner = new RegExp(`^${PREFIX}-(\\d+)-`);
  return names.filter((name) => {
    const pid = owner.exec(name)?.[1];
    return pid !== undefined && (!isLeftOver || !isAlive(Number(pid)));
  });
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Why no lab can be built here, or false. By trying, as a container may well have the commands and not the rights. */
export function noLab(): string | false {
  if (process.platform !== 'linux') return 'needs Linux (network namespaces)';
  if (process.getuid?.() !== 0) return 'needs root (network namespaces)';
  for (const [command, debianPackage] of [
    ['ip', 'iproute2'],
    ['nft', 'nftables'],
    ['sysctl', 'procps'],
  ] as const) {
    if (spawnSync(command, ['--version']).error) return `needs ${command} (apt-get install ${debianPackage})`;
  }
  const name = `${PREFIX}-${process.pid}-probe`;
  const steps = [
    ['netns', 'add', name],
    ['-n', name, 'link', 'add', 'name', 'a', 'type', 'veth', 'peer', 'name', 'b'],
    ['netns', 'exec', name, 'nft', 'add table inet t; add chain inet t c; add rule inet t c ct state new counter'],
  ];
  try {
    for (const args of steps) {
      const { status, stderr } = spawnSync('ip', args, { encoding: 'utf8' });
      if (status !== 0) return `needs ${args.includes('nft') ? 'nftables' : 'network namespaces'}: ${stderr.trim()}`;
    }
  } finally {
    removeNamespace(name);
  }
  return false;
}

let built = 0;

export class Lab {
  readonly client: Namespace;
  readonly router: Namespace;
  readonly server: Namespace;
  readonly #names: readonly string[];
  readonly #atExit = (): void => this.close();

  /** A lab of the test's own, which is gone when the test has ended, however it ended. */
  static forTest(t: Test): Lab {
    const lab = new Lab();
    t.teardown(() => lab.close());
    return lab;
  }

  constructor() {
    labNames(true).forEach(removeNamespace);
    built++;
    const name = (role: string): string => `${PREFIX}-${process.pid}-${built}-${role}`;
    this.#names = ['client', 'router', 'server'].map(name);
    process.once('exit', this.#atExit);
    this.client = new Namespace(name('client'));
    this.router = new Namespace(name('router'));
    this.server = new Namespace(name('server'));
    this.#wire();
  }

  #wire(): void {
    const { client, router, server } = this;
    router.ip('link', 'add', 'name', 'inside', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', client.name);
    router.ip('link', 'add', 'name', 'outside', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', server.name);
    for (const [namespace, device, addresses] of [
      [router, 'inside', [ROUTER_TO_CLIENT]],
      [router, 'outside', [ROUTER_TO_SERVER]],
      [client, 'eth0', CLIENT_ADDRESSES],
      [server, 'eth0', [SERVER_ADDRESS]],
    ] as const) {
      for (const address of addresses) namespace.ip('address', 'add', `${address}/24`, 'dev', device);
      namespace.ip('link', 'set', device, 'up');
    }
    client.ip('route', 'add', 'default', 'via', ROUTER_TO_CLIENT);
    server.ip('route', 'add', 'default', 'via', ROUTER_TO_SERVER);
    router.sysctl('net.ipv4.ip_forward', 1);
  }

  /** Replaces what the router does with the packets it forwards. `declarations` are counters and sets of the table. */
  forward(rules: string, declarations = ''): void {
    this.router.nft(`
      table inet lab
      delete table inet lab
      table inet lab {
        ${declarations}
        chain forward {
          type filter hook forward priority filter; policy accept;
          ${rules}
        }
      }`);
  }

  /** Counters of the router count from 0 again. */
  resetCounters(): void {
    this.router.exec('nft', 'reset', 'counters');
  }

  /** `conngen server` in its namespace; `stop` it for the result. */
  serve(args: readonly string[] = [], options: RunOptions = {}): Promise<RunningServer> {
    const address = ['--host', SERVER_ADDRESS, '--port', String(PORT), '--listeners', '1', '--quiet'];
    return startServer([...address, ...args], {
      ...options,
      prefix: [...this.server.prefix, ...(options.prefix ?? [])],
    });
  }

  /** `conngen client` in its namespace, to its end. */
  load(args: readonly string[], options: RunOptions = {}): Promise<CliRun> {
    return this.#run('client', args, options);
  }

  /** `conngen rtt` in its namespace, to its end. */
  ping(args: readonly string[]): Promise<CliRun> {
    return this.#run('rtt', args, {});
  }

  #run(command: string, args: readonly string[], options: RunOptions): Promise<CliRun> {
    const target = [command, `${SERVER_ADDRESS}:${PORT}`, '--json', '-', '--quiet'];
    return runCli([...target, ...args], { ...options, prefix: [...this.client.prefix, ...(options.prefix ?? [])] });
  }

  /** Ends all that runs in it and removes it. Callable twice. */
  close(): void {
    process.off('exit', this.#atExit);
    this.#names.forEach(removeNamespace);
  }
}
