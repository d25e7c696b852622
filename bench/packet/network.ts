/** Namespaces for figures of the packet engine: a client and a server joined by a veth pair, or with a firewall between them. */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { RunningServer, nextPort } from '../process.ts';

/** LISTEN in /proc/net/tcp. */
const LISTENING = '0A';
const START_MS = 10_000;
/** The interface of both ends. */
export const INTERFACE = 'eth0';

/** As macros of the C programs: what they connect to, from the first of eight, and that the server takes all. */
export const DIRECT_MACROS = ['TARGET=0xc6120001', 'FIRST_SOURCE=0xc6120102', 'HOST=INADDR_ANY'];

/** The ports that the firewall lets through are those of `nextPort`. */
const RULES = `table inet bench {
  counter refused { }
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state established,related accept
    ct state new tcp dport 20000-29999 accept
    counter name refused
  }
}`;

let built = 0;

/** Why no network can be built here, or undefined. */
export function noNetwork(needsFirewall: boolean): string | undefined {
  if (process.getuid?.() !== 0) return 'needs root (network namespaces)';
  for (const [command, debianPackage] of [
    ['ip', 'iproute2'],
    ...(needsFirewall ? [['nft', 'nftables'] as const] : []),
  ] as const) {
    if (spawnSync(command, ['--version']).error) return `needs ${command} (apt-get install ${debianPackage})`;
  }
  return undefined;
}

function ip(...args: readonly string[]): void {
  execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'pipe'] });
}

function removeNamespace(name: string): void {
  const { stdout } = spawnSync('ip', ['netns', 'pids', name], { encoding: 'utf8' });
  // A namespace lives as long as a process in it, whatever became of its name.
  for (const pid of stdout.split('\n').filter(Boolean)) spawnSync('kill', ['-KILL', pid]);
  spawnSync('ip', ['netns', 'del', name]);
}

export class Network implements Disposable {
  readonly #client: string;
  readonly #server: string;
  readonly #firewall: string | undefined;
  readonly #names: readonly string[];
  readonly #atExit = (): void => this[Symbol.dispose]();
  /** The server's address that the kernel answers for. */
  readonly kernelHost: string;
  /** Another one of its network, which only the packet engine answers for. */
  readonly packetHost: string;
  /** The client's addresses that the kernel has. */
  readonly kernelSources = '198.18.1.2-198.18.1.9';
  /** Addresses of the client's network that only the packet engine answers for: a /24, from its first on. */
  readonly packetSources = '198.18.2';

  constructor(hasFirewall: boolean) {
    const name = (role: string): string => `conngen-bench-${process.pid}-${++built}-${role}`;
    this.#client = name('client');
    this.#server = name('server');
    this.#firewall = hasFirewall ? name('firewall') : undefined;
    this.#names = [this.#client, this.#server, ...(this.#firewall === undefined ? [] : [this.#firewall])];
    const network = hasFirewall ? '198.19' : '198.18';
    this.kernelHost = `${network}.0.1`;
    this.packetHost = `${network}.3.1`;
    process.once('exit', this.#atExit);
    for (const namespace of this.#names) {
      ip('netns', 'add', namespace);
      ip('-n', namespace, 'link', 'set', 'lo', 'up');
    }
    if (this.#firewall === undefined) {
      this.#wire(INTERFACE, this.#server);
    } else {
      this.#wire('inside', this.#firewall);
      ip('link', 'add', 'outside', 'netns', this.#firewall, 'type', 'veth', 'peer', INTERFACE, 'netns', this.#server);
      this.#buildFirewall(this.#firewall);
    }
    for (let host = 1; host <= 9; host++) this.#address(this.#client, INTERFACE, `198.18.1.${host}`);
    this.#address(this.#server, INTERFACE, this.kernelHost);
    if (hasFirewall) {
      ip('-n', this.#client, 'route', 'add', 'default', 'via', '198.18.0.254');
      ip('-n', this.#server, 'route', 'add', 'default', 'via', '198.19.0.254');
    }
    // The client's kernel may use a port again after a second, as on loopback.
    this.#set(this.#client, 'net.ipv4.tcp_tw_reuse=1');
  }

  #wire(peer: string, other: string): void {
    ip('link', 'add', INTERFACE, 'netns', this.#client, 'type', 'veth', 'peer', peer, 'netns', other);
  }

  #address(namespace: string, device: string, address: string): void {
    ip('-n', namespace, 'address', 'add', `${address}/16`, 'dev', device);
    ip('-n', namespace, 'link', 'set', device, 'up');
  }

  #set(namespace: string, setting: string): void {
    ip('netns', 'exec', namespace, 'sysctl', '-q', '-w', setting);
  }

  #buildFirewall(firewall: string): void {
    this.#address(firewall, 'inside', '198.18.0.254');
    this.#address(firewall, 'outside', '198.19.0.254');
    this.#set(firewall, 'net.ipv4.ip_forward=1');
    execFileSync('ip', ['netns', 'exec', firewall, 'nft', '-f', '-'], { input: RULES });
    // The table holds 262 144 connections by default, which is 2.6 s of 100 000/s where a closed one stays for longer.
    for (const state of ['time_wait', 'close', 'last_ack', 'fin_wait', 'close_wait']) {
      this.#set(firewall, `net.netfilter.nf_conntrack_tcp_timeout_${state}=1`);
    }
  }

  get clientPrefix(): readonly string[] {
    return ['ip', 'netns', 'exec', this.#client];
  }

  get serverPrefix(): readonly string[] {
    return ['ip', 'netns', 'exec', this.#server];
  }

  /** Starts a server in its namespace, on a port of its own, and waits until it listens. */
  async serve(command: (port: number) => readonly string[]): Promise<RunningServer> {
    const port = nextPort();
    const [program, ...args] = [...this.serverPrefix, ...command(port)];
    // `ip netns exec` becomes the command: the process is the same.
    const child = spawn(program!, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    child.stdout.on('data', (data) => (output += String(data)));
    child.stderr.on('data', (data) => (output += String(data)));
    const endMs = Date.now() + START_MS;
    while (Date.now() < endMs && child.exitCode === null) {
      if (output.includes('"event":"listening"') || listens(child.pid!, port)) return new RunningServer(child, port);
      await sleep(50);
    }
    if (child.exitCode === null) {
      child.kill('SIGKILL');
      await once(child, 'close');
    }
    throw new Error(`${args.join(' ')} does not listen: ${output}`);
  }

  [Symbol.dispose](): void {
    process.off('exit', this.#atExit);
    this.#names.forEach(removeNamespace);
  }
}

/** Whether the kernel listens on the port in the namespace of a process. */
function listens(pid: number, port: number): boolean {
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  try {
    return new RegExp(`:${hex} \\S+ ${LISTENING} `).test(readFileSync(`/proc/${pid}/net/tcp`, 'utf8'));
  } catch {
    return false;
  }
}
