/** A server in this process, its peers on raw sockets, and what is true of every result. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import type { Test } from 'tap';
import type { ServerResult } from '../../src/document/server.ts';
import type { ServerPlan } from '../../src/plan/plan.ts';
import { onListening } from '../support/events.ts';
import { runServer } from '../support/runs.ts';

export const SEC = 1e9;
export const MS = 1e6;
const LOCALHOST = '127.0.0.1';

export function sharedBytes(bytes: Uint8Array): Uint8Array<SharedArrayBuffer> {
  const shared = new Uint8Array(new SharedArrayBuffer(bytes.length));
  shared.set(bytes);
  return shared;
}

export function serverPlanOf(changes: Partial<ServerPlan> = {}): ServerPlan {
  return {
    host: LOCALHOST,
    port: 0,
    protocol: 'tcp',
    listeners: 1,
    cpus: [],
    backlog: 1024,
    mode: 'echo',
    responseFile: null,
    response: sharedBytes(Buffer.from('hello from the server')),
    respondOn: 'eof',
    datagramRate: 1000,
    idleTimeoutNs: 60 * SEC,
    maxConnections: 1000,
    work: { kind: 'none' },
    workStrategy: { kind: 'direct' },
    busyTasks: 0,
    engine: 'epoll',
    packet: null,
    ...changes,
  };
}

export interface RunningServer {
  readonly port: number;
  readonly notes: readonly string[];
  readonly notices: readonly string[];
  /** Stops it and returns what it counted; checked against what is true of every result. */
  stop(): Promise<ServerResult>;
}

/** Resolves when it listens. It is stopped when the test ends, if it was not before. */
export async function serve(t: Test, changes: Partial<ServerPlan> = {}): Promise<RunningServer> {
  const controller = new AbortController();
  const notices: string[] = [];
  let result: Promise<ServerResult> | undefined;
  const info = await new Promise<{ port: number; notes: readonly string[] }>((resolve, reject) => {
    result = runServer(serverPlanOf(changes), {
      stop: controller.signal,
      emit: onListening(resolve, (message) => notices.push(message)),
    });
    result.catch(reject);
  });
  const stop = async (): Promise<ServerResult> => {
    controller.abort();
    return result!;
  };
  t.teardown(stop);
  return {
    ...info,
    notices,
    async stop() {
      const counted = await stop();
      checkServerIdentities(t, counted);
      return counted;
    },
  };
}

/** Every accepted connection ended in exactly one way, and the listeners add up. */
export function checkServerIdentities(t: Test, result: ServerResult): void {
  const errors = Object.entries(result.errors).filter(([name]) => !/^(accept_|worker_)/.test(name));
  const failed = errors.reduce((sum, [, count]) => sum + count, 0);
  const ended = result.completed + result.idle_closed + result.aborted + failed;
  t.equal(ended, result.accepted, 'accepted = completed + idle_closed + aborted + errors of connections');
  for (const counter of ['accepted', 'completed', 'rejected'] as const) {
    const sum = result.listeners.reduce((total, listener) => total + listener[counter], 0);
    t.equal(sum, result[counter], `the listeners add up to ${counter}`);
  }
  t.equal(result.schema, 'conngen.server/1');
}

/** One end of a connection to the server, and everything it has seen of it. */
export interface Peer {
  readonly socket: Socket;
  /** What was received so far. */
  readonly data: () => Buffer;
  /** Resolves with the code of an error, `end` at the server's FIN. */
  readonly over: Promise<string>;
}

export async function dial(t: Test, port: number, host = LOCALHOST): Promise<Peer> {
  const socket = connect({ port, host, allowHalfOpen: true, noDelay: true });
  t.teardown(() => socket.destroy());
  const chunks: Buffer[] = [];
  const over = new Promise<string>((resolve) => {
    socket.once('end', () => resolve('end'));
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    // Closed without either: by this side.
    socket.once('close', () => resolve('close'));
  });
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  await Promise.race([once(socket, 'connect'), over]);
  return { socket, data: () => Buffer.concat(chunks), over };
}

/**
 * How many bytes of what a peer sent have not been read by the server (proc_net_tcp: the second half of the fifth column, in hexadecimal).
 * For a connection that its server still has.
 */
export function unreadBytes(socket: Socket): number {
  return Number.parseInt(entryOf(socket)[4]!.split(':')[1]!, 16);
}

/** Whether the server has accepted the connection of a peer: the kernel gives it an inode then (proc_net_tcp: the tenth column). */
export function isAccepted(socket: Socket): boolean {
  return entryOf(socket)[9] !== '0';
}

/** The columns of /proc/net/tcp that the kernel has for the server's end of a connection. */
function entryOf({ localPort, remotePort }: Socket): string[] {
  const hex = (port: number | undefined): string => port!.toString(16).toUpperCase().padStart(4, '0');
  const ends = new RegExp(`:${hex(remotePort)} \\S+:${hex(localPort)} .*`);
  const entry = readFileSync('/proc/net/tcp', 'utf8')
    .split('\n')
    .find((line) => ends.test(line));
  if (entry === undefined) throw new Error('the server has no such connection');
  return entry.trim().split(/\s+/);
}

/** Waits for a condition that another thread or the kernel brings about. */
export async function until(what: string, condition: () => boolean, patienceMs = 60_000): Promise<void> {
  const start = Date.now();
  while (!condition()) {
    if (Date.now() - start > patienceMs) throw new Error(`waited in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
