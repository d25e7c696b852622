// Finds and ends what test files have started and left behind, by a mark in the environment of their processes.
import { readFileSync, readdirSync, readlinkSync } from 'node:fs';

/** Not one of those that tests take away from what they start. */
const NAME = 'TEST_FILE_OF_RUN';

/** The times at which a process with this number started, in clock ticks since boot (proc_pid_stat: field 22); '' where there is none. */
function startOf(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return '';
  }
}

/** Process numbers of a container mean nothing outside of it. */
function pidNamespace() {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return '';
  }
}

const RUN = `${pidNamespace()} ${process.pid} ${startOf(process.pid)}`;
const MARKED = new RegExp(String.raw`(?:^|\0)${NAME}=((\S*) (\d+) (\d+)) (\d+)\0`);

/** The addition to the environment of the test file with this number, which all processes that it starts inherit. */
export function markOf(number) {
  return { [NAME]: `${RUN} ${number}` };
}

/** Returns `{ pid, run, owner, ownerStart, number }` for each process of a test file that is visible here; none where there is no /proc. */
function markedProcesses() {
  if (process.platform !== 'linux') return [];
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name) || Number(name) === process.pid) return [];
    try {
      const found = MARKED.exec(readFileSync(`/proc/${name}/environ`, 'latin1'));
      if (found === null || found[2] !== pidNamespace()) return [];
      return [{ pid: Number(name), run: found[1], owner: found[3], ownerStart: found[4], number: Number(found[5]) }];
    } catch {
      // It has ended, or belongs to another user.
      return [];
    }
  });
}

/** Kills the processes that `isMeant`, and those that they start meanwhile. */
function killAll(isMeant) {
  // A process may start another one after it was looked for. What is being killed stays visible for a moment.
  const killed = new Set();
  for (;;) {
    const found = markedProcesses().filter((marked) => isMeant(marked) && !killed.has(marked.pid));
    if (found.length === 0) return;
    for (const { pid } of found) {
      killed.add(pid);
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It has ended by itself.
      }
    }
  }
}

const isOwnerGone = ({ owner, ownerStart }) => startOf(owner) !== ownerStart;

/** Kills what is left of runs that were killed themselves. Their network namespaces go with the last process that uses them. */
export function endLeftOver() {
  killAll(isOwnerGone);
}

/** Kills what a test file of this run has left running, and what a run that it had started has. */
export function endProcessesOf(number) {
  killAll((marked) => (marked.run === RUN && marked.number === number) || isOwnerGone(marked));
}
