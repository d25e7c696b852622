/**
 * node --import=tsx bench/packet/arrivals-program.ts PORT MOST
 *
 * Notes the SYNs that come to a port in this network namespace. Writes `ready`, and once stdin ends, the times in
 * milliseconds as JSON.
 */
import { once } from 'node:events';
import { Arrivals } from '../arrivals.ts';

const [port, most] = process.argv.slice(2).map(Number);
const arrivals = new Arrivals(port!, most!);
process.stdout.write('ready\n');
process.stdin.resume();
await once(process.stdin, 'end');
process.stdout.write(JSON.stringify(arrivals.timesMs()));
arrivals.close();
