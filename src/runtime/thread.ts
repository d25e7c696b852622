import { Worker } from 'node:worker_threads';
import type { WorkerOptions } from 'node:worker_threads';

/**
 * Starts a thread from a module of the project. While developing that is source, which tsx has to translate, and tsx does not
 * reach into threads by itself: it is registered there first.
 */
export function startThread(url: URL, given: WorkerOptions): Worker {
  // Descriptors belong to the process: one thread closes what another has opened, and none may close it once more at its end.
  const options = { ...given, trackUnmanagedFds: false, ...argumentsOfThread() };
  if (!url.pathname.endsWith('.ts')) return new Worker(url, options);
  // Named by its place: code without a file of its own resolves against the working directory.
  const tsx = JSON.stringify(import.meta.resolve('tsx/esm/api'));
  const entry = JSON.stringify(url.href);
  const code = `import(${tsx}).then(({ register }) => { register(); return import(${entry}); });`;
  return new Worker(code, { ...options, eval: true });
}

/** `--input-type` says what a program on the command line is; a thread, whose module is a file, refuses it. */
function argumentsOfThread(): Pick<WorkerOptions, 'execArgv'> {
  return process.execArgv.some((argument) => argument.startsWith('--input-type')) ? { execArgv: [] } : {};
}
