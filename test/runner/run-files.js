// Runs test files in processes of their own, several at a time where they cannot disturb each other.
import { spawn, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import path from 'node:path';
import { COMPILED, ROOT, compiledFile } from './compile.js';
import { endLeftOver, endProcessesOf, markOf } from './left-over.js';
import { tierOf } from './tiers.js';

/** A file that has not ended after this long is ended: five times what the slowest takes on a machine of two cores. */
const TIMEOUT_MS = 300_000;
/** What tap may take to tell which test ran when it was ended. */
const GRACE_MS = 5000;

const REFUSE_SOCKETS = path.join(import.meta.dirname, 'refuse-sockets.js');
const DURATIONS = path.join(COMPILED, 'durations.json');

/** How long a file takes that has not run here yet, as none has in a fresh clone. Only the order matters. */
const TIER_MS = { netns: 30_000, kernel: 15_000, quick: 1000 };

/** Many files wait most of their time. So many more run at the same time while processors are idle, */
const EXTRA_JOBS = 2;
/** which is looked at each second: one more file starts where this part of their time was not used. */
const IDLE_PART = 0.4;
const LOOK_MS = 1000;

/**
 * Becomes the command that follows, in a new network namespace with a loopback device. Named network namespaces are mounted files: those
 * that the command makes are its own, and go with its last process.
 */
const OWN_NAMES = 'mkdir -p /run/netns && mount -t tmpfs tmpfs /run/netns';
const IN_NAMESPACE = [
  ...['unshare', '--net', '--mount', 'sh', '-c'],
  `{ ${OWN_NAMES}; } 2>/dev/null; ip link set lo up && exec "$@"`,
  'sh',
];

/** Whether this user may create network namespaces. Found by trying: containers differ. */
function mayUnshare() {
  const [command, ...args] = [...IN_NAMESPACE, 'true'];
  return process.platform === 'linux' && spawnSync(command, args, { stdio: 'ignore' }).status === 0;
}

/** How long files took the last time, in ms by name. */
function readDurations() {
  try {
    return JSON.parse(readFileSync(DURATIONS, 'utf8'));
  } catch {
    return {};
  }
}

function commandOf({ file, tier, hasNamespace }) {
  const compiled = compiledFile(file);
  const steering = [
    ...(tier === 'quick' ? [`--import=${REFUSE_SOCKETS}`] : []),
    // A file that stands elsewhere, such as one that a test has written.
    ...(compiled === null ? ['--import=tsx'] : []),
  ];
  return [...(hasNamespace ? IN_NAMESPACE : []), process.execPath, ...steering, compiled ?? path.resolve(ROOT, file)];
}

/** The processes that run now. */
const running = new Set();

/** Ends a process of a test file: tap tells which test ran, if it gets to that. */
function end(child) {
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), GRACE_MS);
  child.once('exit', () => clearTimeout(timer));
}

/** Ends all files that run. */
export function endAll() {
  running.forEach(end);
}

let started = 0;

/** Runs one file to its end and reports it. Resolves with its time in ms. */
function runFile(task, report) {
  const [command, ...args] = commandOf(task);
  const number = ++started;
  const startMs = performance.now();
  const file = report.file(task.file);
  const env = { ...process.env, ...markOf(number), TAP: '1', TAP_TIMEOUT: String(TIMEOUT_MS / 1000) };
  const child = spawn(command, args, { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'pipe'] });
  running.add(child);
  let stderr = '';
  let expired = 0;
  child.stdout.on('data', (chunk) => file.write(chunk));
  child.stderr.setEncoding('utf8').on('data', (text) => (stderr += text));
  let timer;
  const expire = () => {
    const leftMs = Math.max(TIMEOUT_MS, file.timeoutMs) - (performance.now() - startMs);
    if (leftMs > 0) timer = setTimeout(expire, leftMs);
    else {
      expired = performance.now() - startMs;
      end(child);
    }
  };
  timer = setTimeout(expire, TIMEOUT_MS);
  return new Promise((resolve) => {
    child.once('error', (error) => (stderr += `${error.message}\n`));
    // What it has left may have its output, which would not end then.
    child.once('exit', () => endProcessesOf(number));
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      running.delete(child);
      const ms = performance.now() - startMs;
      report.ended(file, { code, signal, expired, ms, stderr });
      resolve(ms);
    });
  });
}

/** Returns a function that tells which part of the time of all processors was idle since it was called last. */
function idleMeter() {
  const read = () => {
    const times = cpus().flatMap(({ times: each }) => Object.entries(each));
    const sum = (entries) => entries.reduce((total, [, ms]) => total + ms, 0);
    return { idleMs: sum(times.filter(([name]) => name === 'idle')), allMs: sum(times) };
  };
  let last = read();
  return () => {
    const now = read();
    const allMs = now.allMs - last.allMs;
    const part = allMs > 0 ? (now.idleMs - last.idleMs) / allMs : 0;
    last = now;
    return part;
  };
}

/** Runs `tasks` until `stop` is aborted: `jobs` at a time, and up to `extra` more while processors are idle. */
async function runSome(tasks, { jobs, extra }, report, stop, durations) {
  const left = [...tasks];
  let active = 0;
  await new Promise((resolve) => {
    const idlePart = idleMeter();
    const fill = (wanted) => {
      while (active < wanted && left.length > 0 && !stop.aborted) void start(left.shift());
      if (active > 0) return;
      clearInterval(timer);
      resolve();
    };
    const start = async (task) => {
      active++;
      durations[task.file] = Math.round(await runFile(task, report));
      active--;
      fill(jobs);
    };
    const timer = setInterval(() => {
      if (idlePart() >= IDLE_PART && active > 0) fill(Math.min(active + 1, jobs + extra));
    }, LOOK_MS);
    fill(jobs);
  });
}

/**
 * Runs the files and reports each as it ends. Those that need the machine for themselves, and those that would share ports and counters
 * because no namespace can be had, run one at a time after the others.
 */
export async function runFiles(files, report, { jobs, stop }) {
  const lanes = jobs === undefined ? { jobs: availableParallelism() + 1, extra: EXTRA_JOBS } : { jobs, extra: 0 };
  endLeftOver();
  const durations = readDurations();
  const canUnshare = mayUnshare();
  const tasks = files.map((file) => {
    const { tier, isAlone } = tierOf(file);
    const hasNamespace = tier !== 'quick' && canUnshare;
    return { file, tier, hasNamespace, isAlone: isAlone || (tier !== 'quick' && !canUnshare) };
  });
  // The longest first, so that none of them is the one that all wait for in the end.
  const usualMs = ({ file, tier }) => durations[file] ?? TIER_MS[tier];
  const together = tasks.filter(({ isAlone }) => !isAlone).sort((a, b) => usualMs(b) - usualMs(a));
  await runSome(together, lanes, report, stop, durations);
  await runSome(
    tasks.filter(({ isAlone }) => isAlone),
    { jobs: 1, extra: 0 },
    report,
    stop,
    durations,
  );
  writeFileSync(DURATIONS, JSON.stringify(durations));
}
