/** An echo server on an engine, in a process of its own that may be in another network namespace. Ends after so many connections. */
import { ServerRun } from './driver.ts';
import { factoriesOf } from './factories.ts';
import { MS, newClock } from './harness.ts';
import { echoing } from './server-modes.ts';
import type { Site } from './site.ts';

/** `site` is as this end sees it. */
export interface PairServerArgs {
  readonly name: string;
  readonly site: Site;
  readonly host: string;
  readonly connections: number;
}

export interface PairResult {
  readonly totals: ServerRun['totals'];
  readonly violations: readonly string[];
}

const CAPACITY = 128;
/** How long it looks for a connection too many. */
const REST_NS = 100 * MS;

const { name, site, host, connections } = JSON.parse(process.argv[2]!) as PairServerArgs;
const clock = newClock();
const options = { host, port: 0, backlog: 4096, payload: new Uint8Array(0), reads: true, halfCloses: false };
const engine = await (await factoriesOf(name, site)).server({ ...options, capacity: CAPACITY, clock });
await engine.listen();
process.send!({ port: engine.port });
let doneNs = Infinity;
const run = new ServerRun(engine, CAPACITY, clock, {
  ...echoing(Infinity),
  step: (now) => {
    if (doneNs === Infinity && now.totals.released >= connections) doneNs = clock.now();
    return clock.now() >= doneNs + REST_NS && now.slots.count('free') === CAPACITY;
  },
});
await engine.run(run);
engine.dispose();
process.send!({ totals: run.totals, violations: run.slots.violations } satisfies PairResult);
process.disconnect();
