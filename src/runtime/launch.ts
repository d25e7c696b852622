import { fileURLToPath } from 'node:url';

const LAUNCHER = fileURLToPath(new URL('../../bin/conngen.js', import.meta.url));

/** How to start another conngen: the command and its arguments up to, without, the name of the command. */
export interface Launch {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Returns how to start the conngen that this process runs, with the same settings of Node.js. */
export function launchOf(env: Launch['env']): Launch {
  return { command: process.execPath, args: [...process.execArgv, LAUNCHER], env };
}
