/** A fleet on this machine: a NATS server and agents as processes of their own. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { FleetResult } from '../src/document/fleet.ts';
import { conngen, run, startServer } from './process.ts';

const READY_TRIES = 20;

export interface RunningFleet {
  readonly url: string;
  /** As `--agents` takes them. */
  readonly names: string;
  stop(): Promise<void>;
}

/** Starts agents that may aim at this machine, and waits until all answer. */
export async function startFleet(agents: number): Promise<RunningFleet> {
  const nats = await startServer((port) => ['nats-server', '-a', '127.0.0.1', '-p', String(port)]);
  const url = `nats://127.0.0.1:${nats.port}`;
  const names = Array.from({ length: agents }, (_, at) => `bench-${at + 1}`);
  const children = names.map((name): ChildProcess => {
    const [program, ...args] = conngen('agent', '--fleet', url, '--name', name, '--allow-target', '127.0.0.0/8');
    return spawn(program!, args, { stdio: 'ignore' });
  });
  const stop = async (): Promise<void> => {
    const closed = children.filter(({ exitCode }) => exitCode === null).map((child) => once(child, 'close'));
    for (const child of children) child.kill('SIGTERM');
    await Promise.all(closed);
    await nats.stop();
  };
  for (let tries = 0; tries < READY_TRIES; tries++) {
    const { stdout } = await run([...conngen('fleet', '--fleet', url), '--quiet', '--json', '-'], 20);
    const there = stdout === '' ? [] : (JSON.parse(stdout) as FleetResult).agents;
    if (there.length === agents) return { url, names: names.join(','), stop };
  }
  await stop();
  throw new Error(`not all of ${agents} agents answer`);
}
