import type { PingEngineChoice, PingEngineName } from '../plan/ping-plan.ts';
import { requireLibc } from './epoll/probe.ts';
import type { PingEngine, PingEngineOptions } from './seam/ping.ts';
import { selectEngine } from './select.ts';

/** The engine that pings, and in `notes` why `auto` passed better ones over. Throws `RunError` if it cannot work here. */
export function selectPingEngine(choice: PingEngineChoice): {
  readonly name: PingEngineName;
  readonly notes: readonly string[];
} {
  if (choice !== 'blocking') return selectEngine(choice);
  requireLibc();
  return { name: choice, notes: [] };
}

export async function createPingEngine(name: PingEngineName, options: PingEngineOptions): Promise<PingEngine> {
  switch (name) {
    case 'blocking':
      return new (await import('./blocking/ping.ts')).BlockingPingEngine(options);
    case 'epoll':
      return new (await import('./epoll/ping.ts')).EpollPingEngine(options);
    case 'node':
      return new (await import('./node/ping.ts')).NodePingEngine(options);
    case 'uring':
      return new (await import('./uring/ping.ts')).UringPingEngine(options);
  }
}
