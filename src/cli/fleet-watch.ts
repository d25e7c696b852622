/** `conngen fleet --watch`: on a terminal the list is drawn again each second; elsewhere each change is a line. */
import { fleetResult } from '../fleet/agent-list.ts';
import type { AgentWatch } from '../fleet/agent-watch.ts';
import type { Bus } from '../fleet/bus/bus.ts';
import { printable } from '../units/printable.ts';
import { stateText } from '../view/fleet-facts.ts';
import { columnsOf } from '../view/layout.ts';
import { fleetText } from '../view/text/fleet.ts';
import { EXIT_DONE, EXIT_FAILED } from './process/exit-codes.ts';
import { reportFailure } from './process/failure.ts';
import type { Io } from './process/io.ts';
import type { StopRequest } from './process/signals.ts';

const EVERY_MS = 1000;
/** Moves the cursor home, and clears what is below it: the list is drawn over the one before without a flicker. */
const HOME = '\u001b[H';
const CLEAR_LINE = '\u001b[K';
const CLEAR_BELOW = '\u001b[J';
const CLEAR_ALL = '\u001b[2J';

export interface Watched {
  readonly bus: Bus;
  readonly agents: AgentWatch;
  /** The NATS server, as it is shown. */
  readonly url: string;
}

/** Goes on until a signal, until the reader of stdout has gone, or until the connection is closed for good. Returns the exit code. */
export function watchView(watched: Watched, io: Io, stop: StopRequest): Promise<number> {
  const next = io.terminal?.stdout === 'terminal' ? drawing(watched, io) : lines(watched);
  return new Promise((resolve) => {
    // Where nothing changes, nothing is written, and only the kernel knows that a reader has left.
    const look = (): void => {
      if (io.hasReader?.() === false) end(EXIT_DONE);
      else {
        const text = next();
        if (text !== '') io.print(text).catch((error: unknown) => end(reportFailure(io, error)));
      }
    };
    const timer = setInterval(look, EVERY_MS);
    const end = (exitCode: number): void => {
      clearInterval(timer);
      resolve(exitCode);
    };
    watched.bus.onEvent((event) => {
      if (event.kind === 'disconnected')
        io.stderr.write('WARN: the connection to the NATS server is lost; trying again\n');
      if (event.kind === 'reconnected') io.stderr.write('INFO: connected to the NATS server again\n');
      if (event.kind === 'refused') io.stderr.write(`WARN: the NATS server refused: ${printable(event.message)}\n`);
      if (event.kind === 'closed') end(EXIT_FAILED);
    });
    stop.onFirst(() => end(stop.exitCode() ?? EXIT_FAILED));
    look();
  });
}

/** Returns what is to be printed next. */
function drawing({ agents, url }: Watched, io: Io): () => string {
  let isFirst = true;
  return () => {
    const rows = process.stdout.rows > 0 ? process.stdout.rows : Number.POSITIVE_INFINITY;
    const text = fleetText(fleetResult(new Date(), url, agents.agents()), {
      ...io.style,
      columns: columnsOf(process.stdout),
    }).trimEnd();
    // A longer list would scroll the terminal, and the next drawing would not be over it.
    const shown = [...text.split('\n'), '', 'Ctrl-C ends it.'].slice(0, rows - 1);
    const begin = isFirst ? CLEAR_ALL : '';
    isFirst = false;
    return `${begin}${HOME}${shown.map((line) => `${line}${CLEAR_LINE}\n`).join('')}${CLEAR_BELOW}`;
  };
}

/** Returns what is to be printed next; nothing where nothing has changed. */
function lines({ agents }: Watched): () => string {
  let before = new Map<string, string>();
  return () => {
    const now = new Map(agents.agents().map((agent): [string, string] => [agent.name, stateText(agent)]));
    const changes = [...now].filter(([name, told]) => before.get(name) !== told);
    const gone = [...before.keys()].filter((name) => !now.has(name));
    const at = new Date().toISOString();
    const texts = [
      ...changes.map(([name, told]) => `${at} ${name} ${told}`),
      ...gone.map((name) => `${at} ${name} is gone`),
    ];
    before = now;
    return texts.map((text) => `${printable(text)}\n`).join('');
  };
}
