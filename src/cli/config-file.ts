/** Reads the file of `--config`, which holds options of the command, before the command. Meanwhile (it may be a pipe) a signal ends the process. */
import { readInput } from '../plan/exchange/input-file.ts';
import type { Parsed } from '../units/problem.ts';
import { ENV_PREFIX } from '../options/names.ts';
import type { RawInput } from '../options/read.ts';

/** Far beyond any set of options, and read in an instant. */
const CONFIG_MAX_BYTES = 1024 * 1024;

/** The text of the file that a command line or the environment names, or why it cannot be read; undefined where none is named. */
export async function loadConfig({ flags, env }: Omit<RawInput, 'config'>): Promise<Parsed<string> | undefined> {
  const path = flags.get('config')?.[0] ?? env[`${ENV_PREFIX}CONFIG`];
  if (path === undefined || path === '') return undefined;
  const read = await readInput(path, CONFIG_MAX_BYTES);
  return read.ok ? { ok: true, value: Buffer.concat(read.value).toString('utf8') } : read;
}
