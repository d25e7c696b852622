/** `conngen server`: plan, serve, report. */
import { FORMAT_NAMES } from '../../document/formats.ts';
import type { ServerResult } from '../../document/server.ts';
import { serverStartWarnings } from '../../doctor/server-start.ts';
import { SERVER_OPTIONS } from '../../options/tables/server.ts';
import { type RawInput, readOptions } from '../../options/read.ts';
import { formatHostPort } from '../../plan/address/address.ts';
import type { ServerPlan } from '../../plan/plan.ts';
import { serverPlan } from '../../plan/server-plan.ts';
import type { Listening, Sink } from '../../run/events.ts';
import { formatCountOf } from '../../units/format.ts';
import type { Handler } from '../command-row.ts';
import { handlerOf, type Command } from '../command.ts';
import { STDOUT } from '../file-checks.ts';
import { EXIT_DONE, EXIT_FAILED } from '../process/exit-codes.ts';
import type { Io } from '../process/io.ts';
import type { Log } from '../process/log.ts';
import { endWithParent } from '../process/signals.ts';

const read = (raw: RawInput) => readOptions(SERVER_OPTIONS, raw);
type ServerInput = ReturnType<typeof read>['input'];

export const SERVER: Command<ServerInput, ServerPlan, ServerResult> = {
  endingEarly: 'no longer accepting, waiting for open connections; a second signal ends it immediately',
  hasJsonLines: true,
  read,
  plan: serverPlan,
  warnings: ({ input, plan }) => serverStartWarnings(plan, input['max-connections'] !== undefined),
  sinks: ({ input }, io, log) => [announcer(input, io, log)],
  run: async (plan, context) => {
    // Loaded here: what refuses its input needs no engine.
    const { runServer } = await import('../../server/run.ts');
    return runServer(plan, context);
  },
  exitCodeOf: ({ error }) => (error === undefined ? EXIT_DONE : EXIT_FAILED),
};

/** Returns the exit code. Ends with the parent where there is a channel to it. */
export const serverCommand: Handler = (raw, io) => {
  const release = endWithParent();
  return handlerOf(SERVER)(raw, io).finally(release);
};

/** Announces the listeners on stdout, unless stdout is for something else. */
function announcer(input: ServerInput, io: Io, log: Log): Sink {
  const others = ['stream', ...FORMAT_NAMES.filter((name) => name !== 'json')] as const;
  const isForOther = others.some((name) => input[name]?.value === STDOUT);
  return {
    on: (event) => {
      if (event.type !== 'run-started' || event.listening === undefined) return;
      const { listening } = event;
      if (isForOther) {
        log.info(listeningText(listening));
        return;
      }
      const isJson = input.json?.value === STDOUT;
      const text = isJson ? JSON.stringify({ event: 'listening', ...listening }) : listeningText(listening);
      // What keeps it from stdout keeps the result too, and is reported with that.
      io.print(`${text}\n`).catch(() => log.info(listeningText(listening)));
    },
    close: async () => true,
  };
}

function listeningText(info: Listening): string {
  const threads = formatCountOf(info.listeners, 'listener');
  const protocol = info.protocol === 'tcp' ? '' : `${info.protocol === 'both' ? 'TCP and UDP' : 'UDP'}, `;
  return `listening on ${formatHostPort(info.host, info.port)} (${protocol}${threads}, engine ${info.engine})`;
}
