/**
 * Process entry: a server on port 0 while others have every port that the kernel may choose (argv: first and last of them).
 * Prints the port; ends with the end of stdin.
 */
import { once } from 'node:events';
import { createServer } from 'node:net';
import { runServer } from '../../src/server/run.ts';
import { onListening } from '../support/events.ts';
import { serverPlanOf } from './serve.ts';

const [first = 0, last = 0] = process.argv.slice(2).map(Number);
for (let port = first; port <= last; port++) await once(createServer().listen(port, '127.0.0.1').unref(), 'listening');
const stop = new AbortController();
process.stdin.resume().once('end', () => stop.abort());
await runServer(serverPlanOf({ port: 0, listeners: 2 }), {
  stop: stop.signal,
  emit: onListening(({ port }) => process.stdout.write(`${port}\n`)),
});
