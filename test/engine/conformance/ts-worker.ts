import { Worker } from 'node:worker_threads';
import type { WorkerOptions } from 'node:worker_threads';

/**
 * A worker that runs TypeScript. On Node 20 `--import=tsx` reaches the main thread only, and a worker that is started with
 * a `.ts` file fails with ERR_UNKNOWN_FILE_EXTENSION: so it registers tsx for itself first.
 */
export function tsWorker(file: URL, options: WorkerOptions): Worker {
  const tsx = import.meta.resolve('tsx/esm/api');
  const start = `import { register } from '${tsx}'; register(); await import('${file.href}');`;
  return new Worker(new URL(`data:text/javascript,${encodeURIComponent(start)}`), options);
}
