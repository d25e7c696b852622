/** What happens when the process has no file descriptor left. */
import { closeSync, openSync, readFileSync } from 'node:fs';
import { EMFILE } from '../../../src/kernel/errno.ts';
import { MS } from './harness.ts';
import type { Case, ServerHarness } from './harness.ts';
import { until } from './peer-thread.ts';

/** Opening more than this takes longer than the test is worth. */
const MOST_FILES = 100_000;
/** What an engine may report in the time that the descriptors are gone. One that spins reports tens of thousands. */
const MOST_REPORTS = 200;

function whyNotExhaustible(): string | false {
  if (process.platform !== 'linux') return 'needs Linux (/proc/self/limits)';
  const limit = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
  if (limit !== undefined && Number(limit) <= MOST_FILES) return false;
  return `needs an open file limit of at most ${MOST_FILES} (ulimit -n)`;
}

/** Takes every file descriptor that is left. */
function exhaust(): number[] {
  const fds: number[] = [];
  try {
    for (;;) fds.push(openSync('/dev/null', 'r'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EMFILE') return fds;
    throw error;
  }
}

export const limitCases: readonly Case<ServerHarness>[] = [
  {
    name: 'no descriptor left: reported with EMFILE, backed off, and accepted when there is one again',
    skip: (h) => h.traits.noAcceptErrors ?? whyNotExhaustible(),
    async run(t, h) {
      let taken: number[] = [];
      let reports = 0;
      const result = await h
        .run(t, {}, async (port) => {
          const id = h.peers.dial({ port, bytes: 64, count: 3 });
          await until('they wait in the backlog', () => h.peers.dialled(id, 3).every(({ connected }) => connected));
          taken = exhaust();
          const startNs = performance.now() * MS;
          return {
            step: (run) => {
              if (taken.length > 0 && performance.now() * MS > startNs + 300 * MS) {
                reports = run.acceptErrnos.length;
                for (const fd of taken.splice(0)) closeSync(fd);
              }
              return run.totals.released === 3;
            },
          };
        })
        .finally(() => {
          for (const fd of taken) closeSync(fd);
        });
      t.strictSame(new Set(result.acceptErrnos), new Set([EMFILE]));
      t.ok(reports > 0 && reports <= MOST_REPORTS, `reported ${reports} times in 0.3 s`);
      t.equal(result.totals.accepted, 3);
      t.equal(result.totals.received, 3 * 64);
    },
  },
];
