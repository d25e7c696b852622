/** A program for tests of fleets: at NATS (the first argument is its URL), it asks who is there for each line that it reads, and prints the answers as a line. */
import { createInterface } from 'node:readline';
import { connectBus } from '../../src/fleet/bus/nats.ts';
import { SUBJECTS } from '../../src/fleet/protocol.ts';
import { busOptions } from './nats.ts';

const WITHIN_MS = 150;

const bus = await connectBus(busOptions(process.argv[2]!));
process.stdout.write('[]\n');
for await (const line of createInterface({ input: process.stdin })) {
  if (line !== 'who') continue;
  const answers = await bus.requestAll(SUBJECTS.who, new Uint8Array(), WITHIN_MS);
  const there = answers.map((answer) => JSON.parse(Buffer.from(answer).toString()) as unknown);
  process.stdout.write(`${JSON.stringify(there)}\n`);
}
await bus.close();
