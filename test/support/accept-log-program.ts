/**
 * A program for tests of fleets: a server that echoes, at the address and port of its arguments. For each line that it reads it prints
 * what it has accepted so far, as a line: the times on CLOCK_MONOTONIC, which all processes of a machine share, and where from.
 * The lines `silent` and `echo` say what connections that come after them get; `forget` makes it forget what it has accepted.
 */
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';

const [host, port] = process.argv.slice(2);
const timesMs: number[] = [];
const addresses: string[] = [];
let isSilent = false;
const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
  timesMs.push(Number(process.hrtime.bigint()) / 1e6);
  addresses.push(socket.remoteAddress ?? '');
  socket.on('error', () => undefined);
  if (isSilent) socket.resume();
  else socket.pipe(socket);
});
server.listen({ host, port: Number(port), backlog: 4096 }, () => process.stdout.write('\n'));
createInterface({ input: process.stdin }).on('line', (line) => {
  if (line === 'silent' || line === 'echo') isSilent = line === 'silent';
  if (line === 'forget') {
    timesMs.length = 0;
    addresses.length = 0;
  }
  process.stdout.write(`${JSON.stringify({ timesMs, addresses })}\n`);
});
