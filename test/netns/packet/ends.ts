/** Both ends of a run with the packet engine at one of them at least: how they are started, and that they have counted the same. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Test } from 'tap';
import type { RoundResult } from '../../../src/document/client.ts';
import type { ServerResult } from '../../../src/document/server.ts';
import { clientResult, runCli, startServer, type RunningServer } from '../../support/cli.ts';
import { checkIdentities, established } from '../../support/identities.ts';
import type { Namespace } from '../lab.ts';
import { DEVICE } from '../veth-pair.ts';

export type Family = 4 | 6;
export const FAMILIES: readonly Family[] = [4, 6];

/** Sources of a packet client, and where a packet server listens: addresses that no kernel has, in the network of the ends. */
export const PACKET_SOURCES = { 4: '198.18.1.0/27', 6: '2001:2::100/123' } as const;
export const PACKET_HOST = { 4: '198.18.2.1', 6: '2001:2::200' } as const;
export const PORT = 2345;

/** One run of each kind has so many connections, */
export const CONNECTIONS = 10_000;
/** and those that differ from it in a mode, a size or a family have so many. */
export const FEW = 1000;

export interface Load {
  readonly engine: string;
  readonly family?: Family;
  readonly host: string;
  readonly port?: number;
  readonly sources?: readonly string[];
  readonly connections?: number;
  /** How many connections are open together. */
  readonly inFlight?: number;
  readonly args: readonly string[];
}

/** `conngen client` to its end: one round, whose accounts are checked. */
export async function load(t: Test, end: Namespace, options: Load): Promise<RoundResult> {
  const { engine, host, port = PORT, connections = CONNECTIONS, family = 4 } = options;
  const sources = options.sources ?? (engine === 'packet' ? [PACKET_SOURCES[family]] : []);
  const run = await runCli(
    [
      ...['client', host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`],
      ...['--engine', engine, ...(engine === 'packet' ? ['--interface', DEVICE] : [])],
      // As fast as both ends can: a busy machine takes longer, and misses nothing.
      ...['--rate', 'max', '--max-in-flight', String(options.inFlight ?? 100)],
      ...['--count', String(connections), '--workers', '1', '--json', '-', '--quiet'],
      ...sources.flatMap((source) => ['--source', source]),
      ...options.args,
    ],
    { prefix: end.prefix, timeoutMs: 280_000 },
  );
  const result = clientResult(run);
  checkIdentities(t, result);
  return result.rounds[0]!;
}

export interface Serve {
  readonly engine: string;
  readonly family?: Family;
  /** The kernel's address at that end, for engines on its sockets. */
  readonly host: string;
  /** The packet engine's address; one in the network of a pair if left out. */
  readonly packetHost?: string;
  readonly args?: readonly string[];
}

/** `conngen server` at an end; the packet engine at an address of its own. */
export async function serve(t: Test, end: Namespace, options: Serve): Promise<RunningServer> {
  const { engine, family = 4, args = [] } = options;
  const host = engine === 'packet' ? (options.packetHost ?? PACKET_HOST[family]) : options.host;
  const where = ['--host', host, '--port', String(PORT), '--listeners', '1', '--quiet'];
  const server = await startServer(
    [...where, '--engine', engine, ...(engine === 'packet' ? ['--interface', DEVICE] : []), ...args],
    { prefix: end.prefix },
  );
  t.teardown(() => server.stop('SIGKILL').catch(() => undefined));
  return server;
}

/** Waits until a server on the kernel's sockets has accepted what the kernel has for it. */
export async function accepted(end: Namespace): Promise<void> {
  const waiting = (): number => Number(end.exec('ss', '-Hltn', `sport = :${PORT}`).trim().split(/\s+/)[1] ?? 0);
  while (waiting() > 0) await sleep(50);
}

/** How the server sees the end of connections that are all well: in the way that its mode intends, or by a reset that the client sends. */
export type ServedAs = 'completed' | 'reset';

/** That all went well at both ends, and that they say the same. */
export function checkEqual(
  t: Test,
  round: RoundResult,
  served: ServerResult,
  connections = CONNECTIONS,
  as: ServedAs = 'completed',
): void {
  checkAllOk(t, round, connections);
  const { accepted, completed, errors } = served;
  const expected =
    as === 'completed' ? { completed: connections, errors: {} } : { completed: 0, errors: { reset: connections } };
  t.strictSame({ accepted, completed, errors }, { accepted: connections, ...expected }, 'what the server counts');
  t.equal(round.bytes.sent, served.bytes.received, 'bytes to the server');
  t.equal(round.bytes.received, served.bytes.sent, 'bytes from the server');
}

export function checkAllOk(t: Test, round: RoundResult, connections = CONNECTIONS): void {
  const happened = Object.fromEntries(Object.entries(round.outcomes).filter(([, count]) => count > 0));
  t.strictSame(happened, { ok: connections }, 'outcomes', { errno: round.errno });
  t.equal(established(round), connections, 'established');
  t.equal(round.attempts.missed, 0, 'nothing was missed');
}
