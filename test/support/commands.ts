/** Commands whose run a test stands in for; everything around it is the command's own. */
import { CLIENT, runAndJudge as runClientAndJudge } from '../../src/cli/commands/client.ts';
import { SATURATE, runAndJudge as runSaturateAndJudge } from '../../src/cli/commands/saturate.ts';
import { SEARCH, runAndJudge as runSearchAndJudge } from '../../src/cli/commands/search.ts';
import { SERVER } from '../../src/cli/commands/server.ts';
import type { Handler } from '../../src/cli/command-row.ts';
import { handlerOf } from '../../src/cli/command.ts';
import type { runClient } from '../../src/client/run.ts';
import type { OpenTrials } from '../../src/limit/trial-runner.ts';
import type { runServer } from '../../src/server/run.ts';

/** `conngen client` with another way to run its plan. */
export function clientBy(run: typeof runClient): Handler {
  return handlerOf({ ...CLIENT, run: (plan, context) => runClientAndJudge(run, plan, context) });
}

/** `conngen server` with another way to serve. */
export function serverBy(run: typeof runServer): Handler {
  return handlerOf({ ...SERVER, run: (plan, context) => run(plan, context) });
}

/** `conngen search` against targets that `open` makes up. */
export function searchBy(open: OpenTrials): Handler {
  return handlerOf({ ...SEARCH, run: (plan, context) => runSearchAndJudge(plan, context, open) });
}

/** `conngen saturate` against targets that `open` makes up. */
export function saturateBy(open: OpenTrials): Handler {
  return handlerOf({ ...SATURATE, run: (plan, context) => runSaturateAndJudge(plan, context, open) });
}
