// tier: kernel
/** A cell of each lab that starts others, from the command line to its figures. */
import { whyNot } from '../../support/engines.ts';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { isDone, type DoneCell, type LabResult } from '../../../src/document/lab.ts';
import { runCli } from '../../support/cli.ts';

async function cellOf(cwd: string, lab: string, cell: string): Promise<DoneCell> {
  const times = ['--settle', '0s', '--warmup', '100ms', '--duration', '500ms'];
  const run = await runCli(['lab', lab, '--only', cell, ...times, '--out', 'out', '--quiet'], { cwd });
  if (run.code !== 0) throw new Error(run.stderr + run.stdout);
  const result = JSON.parse(readFileSync(join(cwd, 'out', 'lab.json'), 'utf8')) as LabResult;
  const [done] = result.cells.filter(isDone);
  return done!;
}

t.test('rtt: the rate that was offered, and the one that was reached', { skip: await whyNot('epoll') }, async (t) => {
  const cwd = t.testdir({});
  const { samples, figures, summary } = await cellOf(cwd, 'rtt', 'epoll/udp/pipelined/1000/10');
  t.equal(figures['offered_per_sec'], 1000);
  // A machine that is held up at the end of the round misses what was due then.
  t.ok(samples.length > 0 && samples.length <= 500, `${samples.length} pings`);
  t.equal(figures['achieved_per_sec'], samples.length / 0.5, 'every ping is a sample');
  t.equal(figures['lost_percent'], 0);
  t.ok(figures['busy_skipped_percent'] !== null);
  t.ok(summary.min > 1000 && summary.min <= summary.median);
  t.match(
    readFileSync(join(cwd, 'out', 'cells.csv'), 'utf8'),
    /^cell,engine,protocol,loop,rate,tasks,.*offered_per_sec,achieved_per_sec/,
  );
  t.equal(readdirSync(join(cwd, 'out')).filter((name) => name.endsWith('.svg')).length, 4);
});

t.test('a signal ends what a cell has started', { skip: await whyNot('epoll') }, async (t) => {
  const cwd = t.testdir({});
  const args = ['lab', 'rtt', '--only', 'epoll/tcp/closed/10/0', '--settle', '0s', '--duration', '60s', '--out', 'out'];
  const run = await runCli(args, {
    cwd,
    onSpawn: (child) => {
      void (async () => {
        while (childrenOf(child.pid!).length < 2 && child.exitCode === null) await sleep(20);
        t.equal(childrenOf(child.pid!).length, 2, 'a server, and what pings');
        child.kill('SIGTERM');
      })();
    },
  });
  t.equal(run.code, 143, run.stderr);
  const { interrupted, cells } = JSON.parse(readFileSync(join(cwd, 'out', 'lab.json'), 'utf8')) as LabResult;
  t.same([interrupted, cells.length], [true, 0]);
});

t.test('a server ends with its lab, also where that was killed', { skip: await whyNot('epoll') }, async (t) => {
  let children: string[] = [];
  let server: string | undefined;
  const args = [
    'lab',
    'blocking',
    '--only',
    'epoll/none/direct/100',
    '--settle',
    '0s',
    '--duration',
    '60s',
    '--out',
    'out',
  ];
  const cwd = t.testdir({ tmp: {} });
  const run = await runCli(args, {
    cwd,
    // What is killed leaves its temporary files.
    env: { TMPDIR: join(cwd, 'tmp') },
    onSpawn: (child) => {
      void (async () => {
        while (children.length < 2 && child.exitCode === null) {
          await sleep(20);
          children = childrenOf(child.pid!);
        }
        server = children.find((pid) => commandOf(pid)?.includes('server') === true);
        child.kill('SIGKILL');
      })();
    },
  });
  t.equal(run.signal, 'SIGKILL');
  t.equal(children.length, 2, 'a server, and a client');
  // The client ends with its round, a minute later.
  for (const pid of children) if (pid !== server && commandOf(pid) !== null) process.kill(Number(pid), 'SIGKILL');
  if (server === undefined) t.fail('no server was seen');
  else while (commandOf(server) !== null) await sleep(20);
});

/** Null where there is no such process. */
function commandOf(pid: string): string[] | null {
  try {
    const text = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
    return text === '' ? null : text.split('\0');
  } catch {
    return null;
  }
}

function childrenOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean);
  } catch {
    return [];
  }
}

t.test('blocking: a sample a batch, and what became of the jobs', { skip: await whyNot('epoll') }, async (t) => {
  const { samples, figures } = await cellOf(t.testdir({}), 'blocking', 'epoll/cpu/dispatch/100');
  t.equal(samples.length, 5);
  t.equal(figures['failures'], 0);
  t.ok(figures['connections_per_sec']! > 0);
  t.ok(figures['queue_full'] !== null && figures['caller_runs'] !== null);
});

t.test('bodies: bytes a second, verified and finished elsewhere', { skip: await whyNot('epoll') }, async (t) => {
  const { samples, figures } = await cellOf(t.testdir({}), 'bodies', 'epoll/gather/dispatch');
  t.equal(samples.length, 2);
  t.equal(figures['failures'], 0);
  t.ok(figures['responses']! > 0 && figures['queue_full'] !== null);
});
