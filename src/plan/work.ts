/** What is done beside a loop, and where: `--work`, and the strategies that servers and sinks share. */
import { engineHas, type EngineChoice } from './engines.ts';
import { formatCountOf } from '../units/format.ts';
import type { Work, WorkStrategy } from './plan.ts';
import { accept, problemOf, refuse, type Given, type Parsed, type Problem } from '../units/problem.ts';
import { NS_PER_MS, NS_PER_SEC, countParser, durationParser, formatDuration } from '../units/quantity.ts';

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

/** `none`, `cpu:300` (integers), `sleep:20us` or `sleep:1us-49us`. */
export function parseWork(text: string): Parsed<Work> {
  const [word, argument] = split(text, ':');
  if (word === 'none' && argument === undefined) return accept({ kind: 'none' });
  if (word === 'cpu' && argument !== undefined) {
    const integers = parseIntegers(argument);
    return integers.ok ? accept({ kind: 'cpu', integers: integers.value }) : refuse(`${integers.expected}, after cpu:`);
  }
  if (word === 'sleep' && argument !== undefined) {
    return parseSleepWork(argument);
  }
  return refuse(
    'none, cpu:N (shuffle and sort N integers, such as cpu:300) or sleep:TIME (such as sleep:20us or sleep:1us-49us)',
  );
}

/** `20us`, or from the shortest to the longest: `1us-49us`. */
function parseSleepWork(argument: string): Parsed<Work> {
  const [from, to] = split(argument, '-');
  const shortest = parseSleep(from);
  if (!shortest.ok) return refuse(`${shortest.expected}, after sleep:`);
  if (to === undefined) return accept({ kind: 'sleep', sleepNs: shortest.value, longestNs: shortest.value });
  const longest = parseSleep(to);
  if (!longest.ok) return refuse(`${longest.expected}, after sleep:${from}-`);
  if (longest.value < shortest.value) return refuse(`a longer time than ${from}, after sleep:${from}-`);
  return accept({ kind: 'sleep', sleepNs: shortest.value, longestNs: longest.value });
}

export function formatWork(work: Work): string {
  if (work.kind === 'none') return 'none';
  if (work.kind === 'cpu') return `cpu:${String(work.integers)}`;
  const { sleepNs, longestNs } = work;
  const most = longestNs > sleepNs ? `-${formatDuration(longestNs)}` : '';
  return `sleep:${formatDuration(sleepNs)}${most}`;
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
  const [threadsText, queueArgument] = split(argument, ',');
  const [name, queueText] = split(queueArgument ?? '', '=');
  if (name !== 'queue' || queueText === undefined) return refuse('dispatch:N,queue=L, such as dispatch:4,queue=64');
  const threads = parseThreads(threadsText);
  if (!threads.ok) return refuse(`${threads.expected}, after dispatch:`);
  const queue = parseQueue(queueText);
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

/** The engine that goes with a strategy: the runtime's own pool answers through the event loop, which only one returns to. */
export function engineFor(
  strategy: Given<WorkStrategy>,
  engine: Given<EngineChoice>,
  problems: Problem[],
  notices: string[],
): EngineChoice {
  if (strategy.value.kind !== 'pool' || engineHas(engine.value, 'turnsEventLoop')) return engine.value;
  if (engine.value !== 'auto') {
    const why = `the runtime's own pool answers through the event loop, which --engine ${engine.value} never returns to`;
    problems.push(problemOf(strategy, `--engine node with it, because ${why}`));
  } else {
    notices.push(`${strategy.label} pool takes the node engine: the runtime's own pool answers through the event loop`);
  }
  return 'node';
}

/** A notice where there are as many permits as loops: then no loop ever waits for one. */
export function permitNotices(strategy: Given<WorkStrategy>, loops: number, loopName: string): string[] {
  if (strategy.value.kind !== 'permit' || strategy.value.permits < loops) return [];
  const all = formatCountOf(loops, loopName);
  const label = `${strategy.label} ${formatWorkStrategy(strategy.value)}`;
  return [
    `${label} never makes a ${loopName} wait: ${all} ${loops === 1 ? 'does' : 'do'} at most ${loops} at the same time`,
  ];
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
