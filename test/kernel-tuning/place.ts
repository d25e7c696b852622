/** A network namespace of its own for the scripts of kernel-tuning/, so that no test changes a setting of this machine. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ROOT, plainEnvironment } from '../support/cli.ts';

export const TUNING = path.join(ROOT, 'kernel-tuning');
export const PORT_RANGE = 'net.ipv4.ip_local_port_range';

/** A row of settings.tsv, as its header describes it. */
export interface Setting {
  readonly key: string;
  readonly value: string;
  readonly sides: readonly string[];
  readonly how: string;
  readonly since: string;
  readonly reason: string;
}

/** The lines of settings.tsv that are not comments. */
export const ROWS: readonly string[] = readFileSync(path.join(TUNING, 'settings.tsv'), 'utf8')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'));

export const SETTINGS: readonly Setting[] = ROWS.map((row) => {
  const [key = '', value = '', sides = '', how = '', since = '', reason = ''] = row.split('\t');
  return { key, value, sides: sides.split(','), how, since, reason };
});

/** What belongs to the whole machine, and must stay as it is whatever a test does. */
export const MACHINE_KEYS = SETTINGS.map(({ key }) => key).filter((key) =>
  /^fs\.|netdev|neigh|nf_conntrack_(max|buckets)$/.test(key),
);

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** The user that runs it; root if not given. */
  readonly uid?: number;
}

/** Runs a program to its end; after 30 s it is killed and `code` is null. */
export function run(command: string, args: readonly string[], options: RunOptions = {}): Ran {
  const { status, stdout, stderr } = spawnSync(command, args, {
    encoding: 'utf8',
    env: { ...plainEnvironment(), ...options.env },
    timeout: 120_000,
    ...(options.uid === undefined ? {} : { uid: options.uid, gid: options.uid }),
  });
  return { code: status, stdout, stderr };
}

/** The sysctl as the kernel prints it, without the last newline; undefined where it is missing. */
export function machineSysctl(key: string): string | undefined {
  const file = `/proc/sys/${key.replaceAll('.', '/')}`;
  return existsSync(file) ? readFileSync(file, 'utf8').trimEnd() : undefined;
}

/** Why `command` cannot be used here, or false. */
export function skipWithout(command: string, debianPackage: string): string | false {
  return run('sh', ['-c', `command -v ${command}`]).code === 0
    ? false
    : `needs ${command} (apt-get install ${debianPackage})`;
}

/** Why no namespace can be made here, or false. Finds out by making one. */
export function skipReason(): string | false {
  if (process.platform !== 'linux') return 'needs Linux';
  if (process.getuid?.() !== 0) return 'needs root (network namespaces)';
  const missing = skipWithout('ip', 'iproute2') || skipWithout('sysctl', 'procps');
  if (missing !== false) return missing;
  const made = run('unshare', ['-n', 'sh', '-c', `[ -w /proc/sys/${PORT_RANGE.replaceAll('.', '/')} ]`]);
  return made.code === 0 ? false : 'needs the right to make a network namespace and to write its /proc/sys';
}

let made = 0;

export class Place {
  readonly #name = `tune-${process.pid}-${++made}`;
  /** Where the scripts save values, and where --persist writes: empty at first. */
  readonly stateDir = mkdtempSync(path.join(tmpdir(), 'conngen-tuning-'));

  constructor() {
    const { code, stderr } = run('ip', ['netns', 'add', this.#name]);
    if (code !== 0) throw new Error(`ip netns add: ${stderr}`);
  }

  /** Runs a shell command in the namespace. */
  sh(command: string, env: Readonly<Record<string, string>> = {}): Ran {
    return run('ip', ['netns', 'exec', this.#name, 'sh', '-c', command], {
      env: { CONNGEN_STATE_DIR: this.stateDir, ...env },
    });
  }

  /** Runs one of the scripts in the namespace: `apply client`. */
  script(command: string, env: Readonly<Record<string, string>> = {}): Ran {
    return this.sh(`${TUNING}/${command}`, env);
  }

  get(key: string): string {
    return this.sh(`cat /proc/sys/${key.replaceAll('.', '/')}`).stdout.trimEnd();
  }

  set(key: string, value: string): void {
    const { code, stderr } = this.sh(`echo '${value}' > /proc/sys/${key.replaceAll('.', '/')}`);
    if (code !== 0) throw new Error(`${key}: ${stderr}`);
  }

  /** What `sysctl -a` says in the namespace, without the numbers that the kernel counts there by itself. */
  all(): readonly string[] {
    const counted = /^(fs\.(dentry-state|inode-nr|inode-state|file-nr|aio-nr)|kernel\.(random\.|ns_last_pid|pty\.nr))/;
    return this.sh('sysctl -a 2>/dev/null')
      .stdout.split('\n')
      .filter((line) => !counted.test(line));
  }

  /** The files of `stateDir`. */
  files(): readonly string[] {
    return readdirSync(this.stateDir).sort();
  }

  /** The file with saved values, its name and its text. */
  saved(): { file: string; text: string } {
    const name = this.files().find((file) => file.endsWith('.saved'));
    if (name === undefined) throw new Error('nothing is saved');
    const file = path.join(this.stateDir, name);
    return { file, text: readFileSync(file, 'utf8') };
  }

  remove(): void {
    run('ip', ['netns', 'del', this.#name]);
    rmSync(this.stateDir, { recursive: true, force: true });
  }
}
