/** Which engine a run uses, and how its parts are made. The engines are the rows of `plan/engines.ts`. */
import {
  preferredEngines,
  type AnyEngineName,
  type EngineName,
  type PingEngineName,
  type SocketEngineName,
} from '../plan/engines.ts';
import { PLEASE_REPORT } from '../units/bugs.ts';
import { RunError } from '../units/run-error.ts';
import type { FirstConnection } from './node/first-connection.ts';
import type { DatagramEcho, DatagramEchoOptions } from './seam/datagram-echo.ts';
import type { ClientEngine, ClientEngineOptions, ServerEngine, ServerEngineOptions } from './seam/engine.ts';
import type { AttachRequest, Attachment } from './seam/link.ts';
import type { EngineModule } from './seam/module.ts';
import type { PingEngine, PingEngineOptions } from './seam/ping.ts';

/** The engine that a run uses, and in `notes` why `auto` passed better ones over: a line each. */
export interface Selection<Name extends AnyEngineName = EngineName> {
  readonly name: Name;
  readonly notes: readonly string[];
}

/** An engine is found by its name, so a new one is a folder and a row of `plan/engines.ts`. */
async function moduleOf(name: AnyEngineName): Promise<EngineModule> {
  const { engine } = (await import(`./${name}/index.ts`)) as { readonly engine: EngineModule };
  return engine;
}

/**
 * Chooses the engine, for `auto` the first of `preference` that works here. Rejects with `RunError` if the one that was asked for
 * cannot work.
 */
export async function selectEngine<Name extends AnyEngineName>(
  choice: Name | 'auto',
  preference: readonly SocketEngineName[] = preferredEngines(),
): Promise<Selection<Name | SocketEngineName>> {
  if (choice !== 'auto') {
    (await moduleOf(choice)).requireSupport();
    return { name: choice, notes: [] };
  }
  const notes: string[] = [];
  for (const name of preference) {
    const trouble = await troubleOf(name);
    if (trouble === null) return { name, notes };
    notes.push(`engine ${name} is passed over: ${trouble.reason}`);
  }
  throw new RunError('ENOSYS', 'no engine works on this machine', PLEASE_REPORT);
}

/** Why an engine cannot work here, and what helps; null where it works. */
export async function troubleOf(
  name: AnyEngineName,
): Promise<{ readonly reason: string; readonly hint: string } | null> {
  const engine = await moduleOf(name);
  try {
    engine.requireSupport();
    return null;
  } catch (error) {
    if (!(error instanceof RunError)) throw error;
    return { reason: error.message, hint: error.hint };
  }
}

export async function createClientEngine(name: EngineName, options: ClientEngineOptions): Promise<ClientEngine> {
  const { createClient } = await moduleOf(name);
  return createClient === undefined ? lacks(name, 'clients') : createClient(options);
}

export async function createServerEngine(name: EngineName, options: ServerEngineOptions): Promise<ServerEngine> {
  const { createServer } = await moduleOf(name);
  return createServer === undefined ? lacks(name, 'servers') : createServer(options);
}

/** Takes hold of the interface of an engine that works on one; null for other engines. Rejects with `RunError`. */
export async function attachInterface(name: EngineName, request: AttachRequest): Promise<Attachment | null> {
  const { attach } = await moduleOf(name);
  return attach === undefined ? null : attach(request);
}

export async function createPingEngine(name: PingEngineName, options: PingEngineOptions): Promise<PingEngine> {
  const { createPing } = await moduleOf(name);
  return createPing === undefined ? lacks(name, 'pings') : createPing(options);
}

export async function createDatagramEcho(name: EngineName, options: DatagramEchoOptions): Promise<DatagramEcho> {
  const { createDatagramEcho: create } = await moduleOf(name);
  return create === undefined ? lacks(name, 'echoes of datagrams') : create(options);
}

function lacks(name: string, what: string): never {
  throw new RunError('ENOTSUP', `the ${name} engine has no ${what}`, 'choose another --engine');
}

/** Whether several listeners of this engine can have one port together. */
export async function canSharePort(name: EngineName): Promise<boolean> {
  return (await (await moduleOf(name)).canSharePort?.()) ?? false;
}

/**
 * The port to hand to the listeners of a server that wants `port`; 0 has the kernel choose. Rejects with `RunError` where
 * another program listens on it already, also by SO_REUSEPORT. For every engine node:net is asked: it works everywhere, and this is
 * no place for speed. `host` null is every address.
 */
export async function choosePort(host: string | null, port: number): Promise<number> {
  return (await import('./node/free-port.ts')).choosePort(host, port);
}

/** Rejects with `RunError` where the UDP port is taken. */
export async function requireFreeDatagramPort(host: string | null, port: number): Promise<void> {
  await (await import('./node/free-port.ts')).requireFreeDatagramPort(host, port);
}

/** Opens one connection of the kernel's and resets it; null where it was established, otherwise the name of the error. */
export async function tryConnection(connection: FirstConnection): Promise<string | null> {
  return (await import('./node/first-connection.ts')).tryConnection(connection);
}
