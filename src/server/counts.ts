/** The counters of all listeners, added up. */
import type { DatagramCounts, ServerCounts } from '../document/server.ts';
import { DROP_ECHO_PORT, DROP_OVER_RATE, DROP_REPLY } from '../engine/sockets/echo-guard.ts';
import {
  ABORTED,
  ACCEPTED,
  BYTES_RECEIVED,
  BYTES_SENT,
  COMPLETED,
  DATAGRAMS_DROPPED,
  DATAGRAMS_RECEIVED,
  DATAGRAMS_SENT,
  IDLE_CLOSED,
  REJECTED,
  type ListenerCounters,
} from './counters.ts';
import type { ListenerPool } from './listener-pool.ts';

/** What a server has counted up to now, and the connections that are open. */
export interface ServerTotals {
  readonly counts: ServerCounts;
  readonly open: number;
}

/** Reads the counters of a pool, which its threads go on writing. `workFailures`: threads of the work beside it that died. */
export function serverCounts(
  pool: Pick<ListenerPool, 'counters' | 'countersOf' | 'failures'>,
  workFailures: number,
): ServerTotals {
  const { counters, failures } = pool;
  const sum = (counter: number): number => counters.reduce((total, each) => total + each.get(counter), 0);
  const tcp = pool.countersOf('tcp');
  const dead = new Set(failures.map(({ listener }) => counters[listener]!));
  // Ends are read before starts, so that a connection which ends in between is not one that ended without having begun.
  const open = tcp.reduce((total, each) => total + (dead.has(each) ? 0 : unended(each)), 0);
  const errors: Record<string, number> = {};
  for (const each of counters) each.sumErrors(errors);
  if (failures.length > 0) errors.worker_failed = failures.length;
  if (workFailures > 0) errors.work_thread_failed = workFailures;
  const counts: ServerCounts = {
    accepted: sum(ACCEPTED),
    completed: sum(COMPLETED),
    rejected: sum(REJECTED),
    idle_closed: sum(IDLE_CLOSED),
    // What a listener that died had open was closed with it.
    aborted: sum(ABORTED) + [...dead].reduce((lost, each) => lost + unended(each), 0),
    listeners: tcp.map((each) => ({
      accepted: each.get(ACCEPTED),
      completed: each.get(COMPLETED),
      rejected: each.get(REJECTED),
    })),
    ...(tcp.length === counters.length ? {} : { datagrams: datagramCounts(sum) }),
    bytes: { received: sum(BYTES_RECEIVED), sent: sum(BYTES_SENT) },
    errors,
  };
  return { counts, open };
}

function datagramCounts(sum: (counter: number) => number): DatagramCounts {
  const counts = { received: sum(DATAGRAMS_RECEIVED), sent: sum(DATAGRAMS_SENT) };
  const dropped = {
    replies: sum(DATAGRAMS_DROPPED + DROP_REPLY - DROP_REPLY),
    server_ports: sum(DATAGRAMS_DROPPED + DROP_ECHO_PORT - DROP_REPLY),
    over_rate: sum(DATAGRAMS_DROPPED + DROP_OVER_RATE - DROP_REPLY),
  };
  return Object.values(dropped).some((count) => count > 0) ? { ...counts, dropped } : counts;
}

/** How many of the connections that a listener accepted it has not seen the end of. */
function unended(counters: ListenerCounters): number {
  const ended = counters.get(COMPLETED) + counters.get(IDLE_CLOSED) + counters.get(ABORTED) + counters.connectionErrors;
  // Datagrams have errors too, and no connection.
  return Math.max(0, counters.get(ACCEPTED) - ended);
}
