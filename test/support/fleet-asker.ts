/**
 * A program for tests of fleets, at NATS (the first argument is its URL). It answers each line that it reads with a line: `who` with what
 * the agents say of themselves that are there, `orders` with the orders that controllers gave since it was asked the last time.
 */
import { createInterface } from 'node:readline';
import { connectBus } from '../../src/fleet/bus/nats.ts';
import { SUBJECTS, type Signed } from '../../src/fleet/protocol.ts';
import { busOptions } from './nats.ts';

const WITHIN_MS = 150;

const bus = await connectBus(busOptions(process.argv[2]!));
let orders: unknown[] = [];
bus.subscribe(SUBJECTS.order('*'), ({ data }) => {
  const { body } = JSON.parse(Buffer.from(data).toString()) as Signed;
  orders.push(JSON.parse(Buffer.from(body, 'base64').toString()));
});
await bus.flush();
process.stdout.write('[]\n');

async function answer(line: string): Promise<unknown> {
  if (line === 'orders') {
    await bus.flush();
    const given = orders;
    orders = [];
    return given;
  }
  const answers = await bus.requestAll(SUBJECTS.who, new Uint8Array(), WITHIN_MS);
  return answers.map((each) => JSON.parse(Buffer.from(each).toString()) as unknown);
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(await answer(line))}\n`);
}
await bus.close();
