/** What is done beside a loop, and where: `--work`, and the strategies that servers and sinks share. */
import type { Work, WorkStrategy } from './plan.ts';
import { accept, refuse, type Parsed } from './problem.ts';
import { NS_PER_MS, NS_PER_SEC, countParser, durationParser, formatDuration } from './quantity.ts';

/** A job of a second would stop a loop for longer than any of its timeouts is precise. */
const SLEEP_MAX_NS = NS_PER_SEC;
const INTEGERS_MAX = 1_000_000;
const PERMITS_MAX = 1024;
const THREADS_MAX = 256;
const QUEUE_MAX = 1_000_000;

const parseIntegers = countParser('integers', { min: 1, max: INTEGERS_MAX });
const parseSleep = durationParser({ min: 1000, max: SLEEP_MAX_NS });
const parsePermits = countParser('permits', { min: 1, max: PERMITS_MAX });
const parseThreads = countParser('threads', { min: 1, max: THREADS_MAX });
const parseQueue = countParser('jobs', { min: 1, max: QUEUE_MAX });

/** `none`, `cpu:300` (integers) or `sleep:20us`. */
export function parseWork(text: string): Parsed<Work> {
  const [word, argument] = split(text, ':');
  if (word === 'none' && argument === undefined) return accept({ kind: 'none' });
  if (word === 'cpu' && argument !== undefined) {
    const integers = parseIntegers(argument);
    return integers.ok ? accept({ kind: 'cpu', integers: integers.value }) : refuse(`${integers.expected}, after cpu:`);
  }
  if (word === 'sleep' && argument !== undefined) {
    const sleep = parseSleep(argument);
    return sleep.ok ? accept({ kind: 'sleep', sleepNs: sleep.value }) : refuse(`${sleep.expected}, after sleep:`);
  }
  return refuse('none, cpu:N (shuffle and sort N integers, such as cpu:300) or sleep:TIME (such as sleep:20us)');
}

export function formatWork(work: Work): string {
  if (work.kind === 'none') return 'none';
  return work.kind === 'cpu' ? `cpu:${String(work.integers)}` : `sleep:${formatDuration(work.sleepNs)}`;
}

/** `direct`, `permit:N`, `dispatch:N,queue=L` or `pool`. */
export function parseWorkStrategy(text: string): Parsed<WorkStrategy> {
  const [word, argument] = split(text, ':');
  if ((word === 'direct' || word === 'pool') && argument === undefined) return accept({ kind: word });
  if (word === 'permit' && argument !== undefined) {
    const permits = parsePermits(argument);
    return permits.ok
      ? accept({ kind: 'permit', permits: permits.value })
      : refuse(`${permits.expected}, after permit:`);
  }
  if (word === 'dispatch' && argument !== undefined) return parseDispatch(argument);
  return refuse('direct, permit:N, dispatch:N,queue=L or pool');
}

function parseDispatch(argument: string): Parsed<WorkStrategy> {
  const match = /^([^,]*?)\s*,\s*queue\s*=\s*(.*)$/.exec(argument);
  if (match === null) return refuse('dispatch:N,queue=L, such as dispatch:4,queue=64');
  const threads = parseThreads(match[1] ?? '');
  if (!threads.ok) return refuse(`${threads.expected}, after dispatch:`);
  const queue = parseQueue(match[2] ?? '');
  if (!queue.ok) return refuse(`${queue.expected}, after queue=`);
  return accept({ kind: 'dispatch', threads: threads.value, queue: queue.value });
}

export function formatWorkStrategy(strategy: WorkStrategy): string {
  switch (strategy.kind) {
    case 'permit':
      return `permit:${String(strategy.permits)}`;
    case 'dispatch':
      return `dispatch:${String(strategy.threads)},queue=${String(strategy.queue)}`;
    default:
      return strategy.kind;
  }
}

/** The word before the mark in lower case, and what follows it if the mark is there. */
function split(text: string, mark: string): [string, string?] {
  const trimmed = text.trim().toLowerCase();
  const at = trimmed.indexOf(mark);
  return at < 0 ? [trimmed] : [trimmed.slice(0, at).trim(), trimmed.slice(at + 1).trim()];
}

export const BUSY_TASKS_MAX = 100_000;
/** How often a busy task wakes. */
export const BUSY_PERIOD_NS = NS_PER_MS;
