/** A program for tests of fleets: says at NATS (the first argument is its URL) that it is an agent of the name and protocol of the others. */
import { connectBus } from '../../src/fleet/bus/nats.ts';
import { SUBJECTS } from '../../src/fleet/protocol.ts';
import { busOptions } from './nats.ts';

const [url, name, protocol] = process.argv.slice(2);
const bus = await connectBus(busOptions(url!));
// Of another protocol, all but these may be otherwise.
const description = Buffer.from(JSON.stringify({ protocol: Number(protocol), name, conngen: '99.0.0' }));
bus.subscribe(SUBJECTS.who, ({ respond }) => respond?.(description));
await bus.flush();
process.stdout.write('\n');
