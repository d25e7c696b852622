/** Keeps an agent's own results in a directory (`--keep`): a file for each run, named after the run and the agent. */
import { mkdir, mkdtemp, rmdir } from 'node:fs/promises';
import path from 'node:path';
import type { ClientResult } from '../../document/client.ts';
import type { FleetPart } from '../../document/fleet.ts';
import type { RttResult } from '../../document/rtt.ts';
import { reasonOf, writeOutput } from '../../run/output.ts';
import { accept, codeOf, refuse, type Parsed } from '../../units/problem.ts';
import type { AgentLog } from './agent-log.ts';

/** Makes the directory where it is not there, and tries it. Never throws: what cannot be used is an expectation. */
export async function prepareKeeping(directory: string): Promise<Parsed<string>> {
  try {
    await mkdir(directory, { recursive: true });
    // Permissions say nothing of /proc, or of a disk that is full.
    await rmdir(await mkdtemp(path.join(directory, 'conngen-')));
    return accept(directory);
  } catch (error) {
    return refuse(
      codeOf(error) === 'EEXIST'
        ? 'a directory, not a file'
        : `a directory in which files can be made (${reasonOf(error)})`,
    );
  }
}

/** Writes the file. A failure is told in the log alone: the fleet's result has everything that is in it. */
export async function keepResult(
  directory: string,
  part: FleetPart,
  result: ClientResult | RttResult,
  log: AgentLog,
): Promise<void> {
  const file = path.join(directory, `${part.run}-${part.agent}.json`);
  const { rounds, ...head } = result;
  try {
    await mkdir(directory, { recursive: true });
    await writeOutput(file, `${JSON.stringify({ ...head, fleet_part: part, rounds })}\n`);
    log.info(`own result: ${file}`);
  } catch (error) {
    log.error(`${file} could not be written: ${reasonOf(error)}`);
  }
}
