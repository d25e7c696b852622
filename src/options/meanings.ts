/** Options of ab, hey, wrk, oha, k6, vegeta, h2load and iperf3, and which of ours do the same. */
import type { OptionTable } from '../units/option.ts';

interface Meaning {
  /** The other tool's names of the option, without dashes. */
  readonly words: readonly string[];
  /** Names in our table, and what each would be there. */
  readonly ours: readonly (readonly [name: string, what: string])[];
}

const RATE = ['rate', 'new connections per second'] as const;
const OPEN = ['max-in-flight', 'open connections; with --rate max the concurrency'] as const;
const DURATION = ['duration', 'how long'] as const;
const TIMEOUT = ['timeout', 'of one connection'] as const;
const WORKERS = ['workers', 'threads'] as const;
const COUNT = ['count', 'exactly so many attempts'] as const;
const PAYLOAD = ['payload', 'a file with what each connection sends'] as const;

const MEANINGS: readonly Meaning[] = [
  {
    words: ['c', 'connections', 'concurrency', 'concurrent', 'vus', 'u', 'users', 'clients', 'P', 'parallel'],
    ours: [OPEN],
  },
  { words: ['n', 'requests', 'num-requests', 'iterations', 'i', 'count', 'number'], ours: [COUNT, DURATION] },
  { words: ['t'], ours: [WORKERS, DURATION, TIMEOUT] },
  { words: ['threads', 'thread', 'cpus', 'max-workers'], ours: [WORKERS] },
  { words: ['z', 'time', 'timelimit', 'time-limit', 'seconds', 'runtime'], ours: [DURATION] },
  {
    words: ['R', 'q', 'qps', 'rps', 'cps', 'query-per-second', 'max-rate', 'bandwidth', 'b', 'throughput'],
    ours: [RATE],
  },
  { words: ['s', 'connect-timeout', 'max-time', 'w'], ours: [TIMEOUT] },
  { words: ['T', 'D', 'body', 'data', 'post-file', 'postfile', 'script'], ours: [PAYLOAD] },
  { words: ['H', 'header', 'headers'], ours: [['payload', 'a file with the whole request, its headers too']] },
  { words: ['J', 'o', 'output', 'out', 'summary-export'], ours: [['json', 'the result as a file, - is stdout']] },
  { words: ['p', 'url', 'host', 'address', 'server', 'targets', 'a'], ours: [['target', 'HOST:PORT, without a name']] },
  { words: ['l', 'latency', 'percentiles'], ours: [['hgrm', 'percentile tables; the report has percentiles anyway']] },
  {
    words: ['k', 'keepalive', 'keep-alive', 'disable-keepalive'],
    ours: [['hold', 'keep each connection open so long']],
  },
  { words: ['x', 'threshold', 'thresholds'], ours: [['fail-if', 'what must not be']] },
  {
    words: ['stages', 'rampup', 'ramp-time'],
    ours: [
      ['ramp', 'a rate that rises'],
      ['ramp-up', 'up to the rate before a round'],
    ],
  },
  { words: ['bind', 'B', 'local-address', 'interface'], ours: [['source', 'source addresses']] },
];

/**
 * What an option of another tool is called in `table`, such as `; here it is --max-in-flight (…)`; null where it is not known, or
 * the command has nothing of the kind.
 */
export function meantOption(flag: string, table: OptionTable): string | null {
  const word = flag.replace(/^-+/, '');
  const isWord = (each: string): boolean => each === (word.length === 1 ? word : word.toLowerCase());
  const ours = MEANINGS.find(({ words }) => words.some(isWord))?.ours.filter(([name]) => Object.hasOwn(table, name));
  if (ours === undefined || ours.length === 0) return null;
  const shown = ours.map(([name, what]) => `${table[name]!.positional === true ? name : `--${name}`} (${what})`);
  const last = shown.at(-1)!;
  return `; here it is ${shown.length === 1 ? last : `${shown.slice(0, -1).join(', ')} or ${last}`}`;
}
