/** `conngen server`: plan, serve, report. */
import type { ServerResult } from '../../document/server.ts';
import { serverStartWarnings } from '../../doctor/server-start.ts';
import { SERVER_OPTIONS } from '../../options/tables.ts';
import { type RawInput, readOptions } from '../../options/read.ts';
import { formatHostPort } from '../../plan/address.ts';
import type { ServerPlan } from '../../plan/plan.ts';
import { serverPlan } from '../../plan/server-plan.ts';
import type { ListeningInfo, ServerRunHooks } from '../../server/run.ts';
import { formatCountOf } from '../../units/format.ts';
import { type Command, type Handler, handlerOf, logHooks, type RunContext, type Watcher } from '../command.ts';
import { STDOUT } from '../file-checks.ts';
import { EXIT_DONE, EXIT_FAILED } from '../process/exit-codes.ts';
import { endWithParent } from '../process/signals.ts';

const read = (raw: RawInput) => readOptions(SERVER_OPTIONS, raw);
type ServerInput = ReturnType<typeof read>['input'];

export const SERVER: Command<ServerInput, ServerPlan, ServerResult> = {
  endingEarly: 'no longer accepting, waiting for open connections; once more ends at once',
  hasJsonLines: true,
  read,
  plan: serverPlan,
  warnings: ({ input, plan }) => serverStartWarnings(plan, input['max-connections'] !== undefined),
  run: async (plan, context) => {
    // Loaded here: what refuses its input needs no engine.
    const { runServer } = await import('../../server/run.ts');
    return runServer(plan, serverHooks(context));
  },
  exitCodeOf: ({ error }) => (error === undefined ? EXIT_DONE : EXIT_FAILED),
};

/** Returns the exit code. Ends with the parent where there is a channel to it. */
export const serverCommand: Handler = (raw, io) => {
  const release = endWithParent();
  return handlerOf(SERVER)(raw, io).finally(release);
};

/** Announces the listeners on stdout, unless stdout is for a Markdown document. */
export function serverHooks(context: RunContext<ServerInput, Watcher>): ServerRunHooks {
  const { io, log, input } = context;
  const hooks = logHooks(context);
  return {
    ...hooks,
    onListening: ({ notes, ...info }) => {
      hooks.onStart({ notes });
      if (input.markdown?.value === STDOUT) {
        log.info(listeningText(info));
        return;
      }
      const isJson = input.json?.value === STDOUT;
      const text = isJson ? JSON.stringify({ event: 'listening', ...info }) : listeningText(info);
      // What fails here fails again with the result, and is reported there.
      io.print(`${text}\n`).catch(() => undefined);
    },
  };
}

function listeningText(info: Omit<ListeningInfo, 'notes'>): string {
  const threads = formatCountOf(info.listeners, 'listener');
  const protocol = info.protocol === 'tcp' ? '' : `${info.protocol === 'both' ? 'TCP and UDP' : 'UDP'}, `;
  return `listening on ${formatHostPort(info.host, info.port)} (${protocol}${threads}, engine ${info.engine})`;
}
