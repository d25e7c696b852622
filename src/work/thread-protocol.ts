import type { WorkShare } from './share.ts';

/** What a thread of the pool is born with. */
export interface PoolThreadInit {
  readonly share: WorkShare;
  readonly thread: number;
  /** URL of a `JobModule`. */
  readonly module: string;
  readonly data: unknown;
}

export type FromPoolThread =
  | { readonly type: 'ready' }
  | { readonly type: 'failed'; readonly code: string; readonly message: string; readonly hint: string };
