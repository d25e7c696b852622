/**
 * The runs of the product for tests in this process: each result is held against its schema. Tests take them from here and not from
 * `src/`, which eslint.config.js sees to.
 */
import { runClient as client } from '../../src/client/run.ts';
import { runDoctor as doctor } from '../../src/doctor/examine.ts';
import { runLab as lab } from '../../src/lab/run-lab.ts';
import { runSaturate as saturate } from '../../src/limit/run-saturate.ts';
import { runSearch as search } from '../../src/limit/run-search.ts';
import { runRtt as rtt } from '../../src/ping/run.ts';
import { runServer as server } from '../../src/server/run.ts';
import { validated } from './schemas.ts';

function checked<Args extends readonly unknown[], Result>(
  run: (...args: Args) => Promise<Result>,
): (...args: Args) => Promise<Result> {
  return async (...args) => validated(await run(...args));
}

export const runClient = checked(client);
export const runDoctor = checked(doctor);
export const runLab = checked(lab);
export const runRtt = checked(rtt);
export const runSaturate = checked(saturate);
export const runSearch = checked(search);
export const runServer = checked(server);
