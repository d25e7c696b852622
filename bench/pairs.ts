import type { Contender, Figure, Load } from './contenders.ts';
import { startServer } from './process.ts';
import type { RunningServer } from './process.ts';
import { spreadOf } from './statistics.ts';
import type { Spread } from './statistics.ts';

/** One row of a table: what a contender reached beside the reference, in runs that took turns. */
export interface Row {
  readonly name: string;
  readonly ratePerSec: Spread;
  readonly usecPerConnection: Spread;
  /** Of it in user space, where the program tells: of all its threads, and of the one that carries the load. */
  readonly userUsecPerConnection?: Spread;
  readonly threadUserUsecPerConnection?: Spread;
  /** Pauses of the garbage collector in all measured parts, where the program tells. */
  readonly gcPauses?: number;
  readonly errors: number;
  /** To the reference's run just before; the median of these, not the ratio of medians. */
  readonly rateRatio: Spread;
  readonly cpuRatio: Spread;
}

export interface PairOptions {
  readonly pairs: number;
  readonly seconds: number;
  readonly inFlight: number;
  /** Runs between two measurements, so that the TIME_WAITs of one do not meet the other; none if zero. */
  readonly pauseMs: number;
}

/** What a contender reached beside the runs of a reference. */
export function rowOf(name: string, figures: readonly Figure[], references: readonly Figure[]): Row {
  const user = figures.flatMap((figure) => figure.userUsecPerConnection ?? []);
  const threadUser = figures.flatMap((figure) => figure.threadUserUsecPerConnection ?? []);
  const pauses = figures.flatMap((figure) => figure.gcPauses ?? []);
  return {
    name,
    ratePerSec: spreadOf(figures.map((figure) => figure.ratePerSec)),
    usecPerConnection: spreadOf(figures.map((figure) => figure.usecPerConnection)),
    ...(user.length > 0 ? { userUsecPerConnection: spreadOf(user) } : {}),
    ...(threadUser.length > 0 ? { threadUserUsecPerConnection: spreadOf(threadUser) } : {}),
    ...(pauses.length > 0 ? { gcPauses: pauses.reduce((sum, count) => sum + count, 0) } : {}),
    errors: figures.reduce((sum, figure) => sum + figure.errors, 0),
    rateRatio: spreadOf(figures.map((figure, i) => figure.ratePerSec / references[i]!.ratePerSec)),
    cpuRatio: spreadOf(figures.map((figure, i) => figure.usecPerConnection / references[i]!.usecPerConnection)),
  };
}

async function pause(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}

/** Client against client on one server: reference and contender in turn. Rows: the reference, then the contender. */
export async function compareClients(
  server: (port: number) => readonly string[],
  reference: Contender,
  contender: Contender,
  options: PairOptions,
): Promise<Row[]> {
  const running = await startServer(server);
  const load: Load = { port: running.port, seconds: options.seconds, inFlight: options.inFlight };
  const references: Figure[] = [];
  const figures: Figure[] = [];
  try {
    for (let pair = 0; pair < options.pairs; pair++) {
      references.push(await reference.measure(load));
      await pause(options.pauseMs);
      figures.push(await contender.measure(load));
      await pause(options.pauseMs);
    }
  } finally {
    await running.stop();
  }
  return [rowOf(reference.name, references, references), rowOf(contender.name, figures, references)];
}

/** Server against server under one client: what the client reaches, and what it costs the server. */
export async function compareServers(
  reference: { name: string; command: (port: number) => readonly string[] },
  contender: { name: string; command: (port: number) => readonly string[] },
  client: Contender,
  options: PairOptions,
): Promise<Row[]> {
  const measure = async (running: RunningServer): Promise<Figure> => {
    const load: Load = { port: running.port, seconds: options.seconds, inFlight: options.inFlight };
    const before = running.cpuUsec();
    const figure = await client.measure(load);
    const connections = figure.ratePerSec * options.seconds;
    return { ...figure, usecPerConnection: (running.cpuUsec() - before) / connections };
  };
  const first = await startServer(reference.command);
  const second = await startServer(contender.command);
  const references: Figure[] = [];
  const figures: Figure[] = [];
  try {
    // The first run under load is the warm-up of what is compiled while it runs.
    await measure(first);
    await measure(second);
    for (let pair = 0; pair < options.pairs; pair++) {
      references.push(await measure(first));
      await pause(options.pauseMs);
      figures.push(await measure(second));
      await pause(options.pauseMs);
    }
  } finally {
    await Promise.all([first.stop(), second.stop()]);
  }
  return [rowOf(reference.name, references, references), rowOf(contender.name, figures, references)];
}
