import type { DatagramEcho, DatagramEchoOptions } from './seam/datagram-echo.ts';
import { RunError } from '../units/run-error.ts';
import type { ClientEngine, ClientEngineOptions, ServerEngine, ServerEngineOptions } from './seam/engine.ts';
import { preferredEngines } from '../plan/engine-preference.ts';
import type { EngineChoice, EngineName } from '../plan/plan.ts';
import { probeEpoll } from './epoll/probe.ts';
import { probeUring } from './uring/probe.ts';
import { PLEASE_REPORT } from '../units/bugs.ts';

/** The engine that a run uses, and in `notes` why `auto` passed better ones over: a line each. */
export interface Selection {
  readonly name: EngineName;
  readonly notes: readonly string[];
}

/** Throws why the engine cannot work here; returns if it can. */
const PROBES: Readonly<Record<EngineName, () => void>> = {
  uring: probeUring,
  epoll: probeEpoll,
  node: () => undefined,
};

/** Chooses the engine, for `auto` the first of `preference` that works here. Throws `RunError` if the one that was asked for cannot. */
export function selectEngine(choice: EngineChoice, preference = preferredEngines()): Selection {
  if (choice !== 'auto') {
    PROBES[choice]();
    return { name: choice, notes: [] };
  }
  const notes: string[] = [];
  for (const name of preference) {
    try {
      PROBES[name]();
      return { name, notes };
    } catch (error) {
      if (!(error instanceof RunError)) throw error;
      notes.push(`engine ${name} is passed over: ${error.message}`);
    }
  }
  throw new RunError('ENOSYS', 'no engine works on this machine', PLEASE_REPORT);
}

/** Why an engine cannot work here, and what helps; null where it works. */
export function troubleOf(name: EngineName): { readonly reason: string; readonly hint: string } | null {
  try {
    PROBES[name]();
    return null;
  } catch (error) {
    if (!(error instanceof RunError)) throw error;
    return { reason: error.message, hint: error.hint };
  }
}

/** Whether connections of the uring engine need no file descriptor here. */
export function hasDirectDescriptors(): boolean {
  try {
    return probeUring().direct;
  } catch (error) {
    if (error instanceof RunError) return false;
    throw error;
  }
}

export async function createClientEngine(name: EngineName, options: ClientEngineOptions): Promise<ClientEngine> {
  switch (name) {
    case 'epoll':
      return new (await import('./epoll/client.ts')).EpollClientEngine(options);
    case 'node':
      return new (await import('./node/client.ts')).NodeClientEngine(options);
    case 'uring':
      return new (await import('./uring/client.ts')).UringClientEngine(options);
  }
}

export async function createServerEngine(name: EngineName, options: ServerEngineOptions): Promise<ServerEngine> {
  switch (name) {
    case 'epoll':
      return new (await import('./epoll/server.ts')).EpollServerEngine(options);
    case 'node':
      return new (await import('./node/server.ts')).NodeServerEngine(options);
    case 'uring':
      return new (await import('./uring/server.ts')).UringServerEngine(options);
  }
}

/** Through libc where connections go through libc too, else node:dgram. */
export async function createDatagramEcho(name: EngineName, options: DatagramEchoOptions): Promise<DatagramEcho> {
  if (name === 'node') return new (await import('./node/datagram-echo.ts')).NodeDatagramEcho(options);
  return new (await import('./blocking/datagram-echo.ts')).BlockingDatagramEcho(options);
}

/** Whether several listeners of this engine can have one port together. */
export async function canSharePort(name: EngineName): Promise<boolean> {
  return name === 'node' ? (await import('./node/server.ts')).NodeServerEngine.supportsReusePort() : true;
}

/**
 * The port to hand to the listeners of a server that wants `port`; 0 has the kernel choose. Rejects with `RunError` where
 * somebody listens on it already, also by SO_REUSEPORT. For every engine node:net is asked: it works everywhere, and this is
 * no place for speed. `host` null is every address.
 */
export async function choosePort(host: string | null, port: number): Promise<number> {
  return (await import('./node/port-probe.ts')).choosePort(host, port);
}

/** Rejects with `RunError` where the UDP port is taken. */
export async function requireFreeDatagramPort(host: string | null, port: number): Promise<void> {
  await (await import('./node/port-probe.ts')).requireFreeDatagramPort(host, port);
}
