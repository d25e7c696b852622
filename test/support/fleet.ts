/** A fleet for a test: a real nats-server, agents and controllers, each a process of its own. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ChildProcess } from 'node:child_process';
import type { Test } from 'tap';
import type { Description, Order } from '../../src/fleet/protocol.ts';
import { runCli, type CliRun, type RunOptions } from './cli.ts';
import { LineProgram } from './line-program.ts';
import { startNats, type NatsOptions, type NatsServer } from './nats.ts';
import { validated } from './schemas.ts';

/** Agents answer within milliseconds; a busy machine takes longer to start them. */
const WAIT_MS = 60_000;
const POLL_MS = 25;
/** How long an agent of a test lives at most. */
const AGENT_MS = 290_000;

export interface AgentOptions {
  /** `any` if not given. */
  readonly targets?: readonly string[];
  /** More options of `conngen agent`. */
  readonly args?: readonly string[];
  /** A command that runs the command after it, such as `ip netns exec NAME`, and becomes it. */
  readonly prefix?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** `conngen agent` as a process. */
export class AgentProcess {
  readonly name: string;
  /** Where it keeps its own results. */
  readonly directory: string;
  readonly ended: Promise<CliRun>;
  #child!: ChildProcess;
  #log = '';
  #isRunning = true;

  constructor(url: string, name: string, directory: string, options: AgentOptions) {
    const { targets = ['any'], args = [], prefix, env } = options;
    this.name = name;
    this.directory = directory;
    const allowed = targets.flatMap((target) => ['--allow-target', target]);
    const onSpawn = (child: ChildProcess): void => {
      this.#child = child;
      child.stderr!.on('data', (text: string) => (this.#log += text));
    };
    const command = ['agent', '--fleet', url, '--name', name, ...allowed, '--keep', directory, ...args];
    const run = { timeoutMs: AGENT_MS, onSpawn, ...(prefix && { prefix }), ...(env && { env }) };
    this.ended = runCli(command, run).finally(() => (this.#isRunning = false));
    // A test that does not wait for the end is not to fail by it.
    this.ended.catch(() => undefined);
  }

  get pid(): number {
    return this.#child.pid!;
  }

  get isRunning(): boolean {
    return this.#isRunning;
  }

  /** All that it wrote to its log so far. */
  get log(): string {
    return this.#log;
  }

  signal(signal: NodeJS.Signals): void {
    if (this.#isRunning) this.#child.kill(signal);
  }

  /** Ends it by a signal, SIGTERM if not given. Callable twice. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<CliRun> {
    this.signal(signal);
    // One that a test has paused ends by nothing else.
    if (signal !== 'SIGKILL') this.signal('SIGCONT');
    return this.ended;
  }

  /** The results that it kept, oldest first. Each is held against its schema. */
  kept<T>(): T[] {
    const files = readdirSync(this.directory)
      .filter((file) => file.endsWith('.json'))
      .map((file) => path.join(this.directory, file))
      .sort((a, b) => statSync(a).mtimeMs - statSync(b).mtimeMs);
    return files.map((file) => validated(JSON.parse(readFileSync(file, 'utf8')) as T));
  }
}

export interface FleetOptions {
  /** The names of the agents: a, b and c if not given. */
  readonly names?: readonly string[];
  readonly agent?: (name: string) => AgentOptions;
  readonly nats?: NatsOptions;
  /** More options of every controller, such as its key. */
  readonly controllerArgs?: readonly string[];
  readonly controllerPrefix?: readonly string[];
}

/** Agents at a server. */
export class Fleet {
  readonly nats: NatsServer;
  readonly agents = new Map<string, AgentProcess>();
  readonly #o: FleetOptions;
  readonly #directory: string;
  #asker: LineProgram | null = null;

  /** A fleet of the test's own, which is gone when the test has ended, however it ended. All agents are free when this resolves. */
  static async forTest(t: Test, options: FleetOptions = {}): Promise<Fleet> {
    const names = options.names ?? ['a', 'b', 'c'];
    const directory = t.testdir(Object.fromEntries(names.map((name) => [name, {}])));
    const nats = await startNats(options.nats);
    const fleet = new Fleet(nats, directory, options);
    t.teardown(() => fleet.close());
    for (const name of names) fleet.start(name);
    await fleet.untilFree(...names);
    return fleet;
  }

  constructor(nats: NatsServer, directory: string, options: FleetOptions) {
    this.nats = nats;
    this.#directory = directory;
    this.#o = options;
  }

  get url(): string {
    return this.nats.url;
  }

  /** Starts an agent, or one of its name again. */
  start(name: string, changes: AgentOptions = {}): AgentProcess {
    const options = { ...this.#o.agent?.(name), ...changes };
    const agent = new AgentProcess(this.url, name, path.join(this.#directory, name), options);
    this.agents.set(name, agent);
    return agent;
  }

  agent(name: string): AgentProcess {
    const agent = this.agents.get(name);
    if (agent === undefined) throw new Error(`the fleet of this test has no agent ${name}`);
    return agent;
  }

  /** What the agents say of themselves that answer now. */
  async who(): Promise<Description[]> {
    return JSON.parse(await this.#ask('who')) as Description[];
  }

  /** The orders that came through NATS since this was called the last time, or since `who` was called first. */
  async orders(): Promise<Order[]> {
    return JSON.parse(await this.#ask('orders')) as Order[];
  }

  async #ask(line: string): Promise<string> {
    this.#asker ??= await LineProgram.start('test/support/fleet-asker.ts', [this.url], this.#o.nats?.prefix);
    return this.#asker.ask(line);
  }

  /** Resolves when these agents are there and free; rejects with their logs where that takes too long. */
  async untilFree(...names: readonly string[]): Promise<void> {
    const isFree = (there: readonly Description[]): boolean =>
      names.every((name) => there.some((each) => each.name === name && each.busy === null));
    await this.#until(names, async () => isFree(await this.who()), `${names.join(', ')} are free`);
  }

  /** Resolves when these agents hold a run. */
  async untilBusy(...names: readonly string[]): Promise<void> {
    const isBusy = (there: readonly Description[]): boolean =>
      names.every((name) => there.some((each) => each.name === name && each.busy !== null));
    await this.#until(names, async () => isBusy(await this.who()), `${names.join(', ')} are busy`);
  }

  async #until(names: readonly string[], isSo: () => Promise<boolean>, what: string): Promise<void> {
    const untilMs = performance.now() + WAIT_MS;
    while (!(await isSo())) {
      const logs = [...this.agents.values()].map(({ name, log }) => `${name}:\n${log}`);
      const isInVain = names.some((name) => !this.agent(name).isRunning) || performance.now() > untilMs;
      if (isInVain) throw new Error(`waited in vain until ${what}\n${logs.join('\n')}`);
      await sleep(POLL_MS);
    }
  }

  /** Runs a command on the fleet, on all its agents unless the arguments name some. The result goes to stdout. */
  run(command: string, target: string, args: readonly string[], options: RunOptions = {}): Promise<CliRun> {
    const { controllerArgs = [], controllerPrefix = [] } = this.#o;
    const agents = args.includes('--agents') ? [] : ['--agents', [...this.agents.keys()].join(',')];
    const words = [
      command,
      target,
      '--fleet',
      this.url,
      ...agents,
      ...controllerArgs,
      '--json',
      '-',
      '--quiet',
      ...args,
    ];
    return runCli(words, { ...options, prefix: [...controllerPrefix, ...(options.prefix ?? [])] });
  }

  /** Ends all of it. Callable twice. */
  async close(): Promise<void> {
    await this.#asker?.stop();
    await Promise.all([...this.agents.values()].map((agent) => agent.stop('SIGKILL').catch(() => undefined)));
    await this.nats.stop();
  }
}
