import type { WorkShare } from './share.ts';

/** What a thread of the pool is born with. */
export interface PoolThreadInit {
  readonly share: WorkShare;
  readonly thread: number;
  /** URL of a `JobModule`. */
  readonly module: string;
  readonly data: unknown;
}

export interface FromPoolThread {
  readonly type: 'ready';
}
