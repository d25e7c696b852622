/** Process entry: an echo server under the limits of its parent. Prints where it listens; at the end of stdin its result. */
import type { EngineName } from '../../src/plan/engines.ts';
import { runServer } from '../../src/server/run.ts';
import { onListening } from '../support/events.ts';
import { serverPlanOf } from './serve.ts';

const stop = new AbortController();
process.stdin.resume().once('end', () => stop.abort());
const result = await runServer(serverPlanOf({ engine: process.argv[2] as EngineName }), {
  stop: stop.signal,
  emit: onListening(({ port }) => process.stdout.write(`${JSON.stringify({ port })}\n`)),
});
process.stdout.write(JSON.stringify(result));
