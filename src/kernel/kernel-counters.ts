/**
 * What this machine's kernel counted, read from /proc. The network files are those of the process's network namespace;
 * softnet_stat and stat are the whole machine's.
 */
import { readCpuThrottling } from './machine/cgroup.ts';
import { parseCores, type Cores } from './machine/core-times.ts';
import { readProc } from './proc.ts';

/** softnet_stat and nf_conntrack print 32 bits. */
const WRAP = 2 ** 32;

/** One reading. What a kernel or a container does not have is not there: a counter whose file is missing is absent, not 0. */
export interface KernelReading {
  /**
   * By file and column: `netstat.TcpExt.ListenDrops`, `snmp.Tcp.RetransSegs`, `sockstat.TCP.tw`, `nf_conntrack.drop` …; and
   * `cgroup.throttled`, `cgroup.throttled_usec` where a control group limits the processor time.
   */
  readonly columns: ReadonlyMap<string, number>;
  /** The times of each core, by its number. */
  readonly cores: Cores;
  /** The files that could not be read. */
  readonly missing: readonly string[];
}

type Columns = Map<string, number>;

/** Files of columns, and who takes them apart. `/proc/self/net` is the namespace that the process was started in. */
const FILES: readonly { readonly path: string; readonly parse: (text: string, columns: Columns) => void }[] = [
  { path: '/proc/self/net/netstat', parse: (text, columns) => parseTitled('netstat', text, columns) },
  { path: '/proc/self/net/snmp', parse: (text, columns) => parseTitled('snmp', text, columns) },
  { path: '/proc/self/net/snmp6', parse: parseSnmp6 },
  { path: '/proc/self/net/sockstat', parse: parseSockstat },
  { path: '/proc/self/net/sockstat6', parse: parseSockstat },
  { path: '/proc/self/net/softnet_stat', parse: parseSoftnet },
  { path: '/proc/self/net/stat/nf_conntrack', parse: parseConntrack },
  {
    path: '/proc/sys/net/netfilter/nf_conntrack_count',
    parse: (text, columns) => put(columns, 'nf_conntrack_count', text),
  },
  {
    path: '/proc/sys/net/netfilter/nf_conntrack_max',
    parse: (text, columns) => put(columns, 'nf_conntrack_max', text),
  },
];

/** Reads all of it: some fifteen small files, about 1 ms. `read` gives the text of a path, or undefined where there is none. */
export function readKernel(read: (path: string) => string | undefined = readProc): KernelReading {
  const columns: Columns = new Map();
  const missing: string[] = [];
  for (const { path, parse } of FILES) {
    const text = read(path);
    if (text === undefined) missing.push(path);
    else parse(text, columns);
  }
  const throttling = readCpuThrottling(read);
  if (throttling !== undefined) {
    columns.set('cgroup.throttled', throttling.count).set('cgroup.throttled_usec', throttling.usec);
  }
  const stat = read('/proc/stat');
  if (stat === undefined) missing.push('/proc/stat');
  return { columns, cores: parseCores(stat ?? ''), missing };
}

/** One line on what evidence there will not be, for logs; none where all of it can be read. */
export function missingEvidenceNotes(read?: (path: string) => string | undefined): string[] {
  const { missing } = readKernel(read);
  if (missing.length === 0) return [];
  if (missing.length > FILES.length) return ['no kernel counters here: results come without "kernel"'];
  return [`this kernel or container does not show ${missing.join(', ')}: "kernel" in the result lacks what is there`];
}

/**
 * What was added to a column between two readings. Undefined where one of them lacks it, or where it went back, as sums over
 * cores do when one goes offline.
 */
export function addedTo(column: string, before: KernelReading, after: KernelReading): number | undefined {
  const from = before.columns.get(column);
  const to = after.columns.get(column);
  if (from === undefined || to === undefined) return undefined;
  if (to >= from) return to - from;
  const wraps = column.startsWith('softnet_stat.') || column.startsWith('nf_conntrack.');
  const added = to - from + WRAP;
  // Half of the range and more is no wrap but a core that is gone.
  return wraps && added < WRAP / 2 ? added : undefined;
}

function put(columns: Columns, name: string, text: string | undefined): void {
  if (text === undefined || !/^-?\d+$/.test(text)) return;
  columns.set(name, (columns.get(name) ?? 0) + Number(text));
}

/** Pairs of lines: `TcpExt: SyncookiesSent …` has the names, the next one of that title the values. */
function parseTitled(file: string, text: string, columns: Columns): void {
  const lines = text.split('\n');
  for (let i = 0; i + 1 < lines.length; i++) {
    const names = lines[i]!.split(' ');
    const values = lines[i + 1]!.split(' ');
    const title = names[0]!;
    if (title !== values[0] || !/^\D/.test(names[1] ?? '')) continue;
    for (let at = 1; at < names.length; at++)
      put(columns, `${file}.${title}${names[at]!}`.replace(':', '.'), values[at]);
    i++;
  }
}

/** A name and a value a line. */
function parseSnmp6(text: string, columns: Columns): void {
  for (const line of text.split('\n')) {
    const [name, value] = line.split(/\s+/);
    put(columns, `snmp6.${name ?? ''}`, value);
  }
}

/** `TCP: inuse 1 orphan 0 tw 0 alloc 1 mem 235`. */
function parseSockstat(text: string, columns: Columns): void {
  for (const line of text.split('\n')) {
    const [title = '', ...words] = line.split(/:? /);
    for (let at = 0; at + 1 < words.length; at += 2) put(columns, `sockstat.${title}.${words[at]!}`, words[at + 1]);
  }
}

/** Columns of softnet_stat by their place (net/core/net-procfs.c); a line a core, in hexadecimal. */
const SOFTNET_COLUMNS: readonly (readonly [place: number, name: string])[] = [
  [0, 'processed'],
  [1, 'dropped'],
  [2, 'time_squeeze'],
  [10, 'flow_limit_count'],
];

function parseSoftnet(text: string, columns: Columns): void {
  for (const line of text.split('\n')) {
    const values = line.trim().split(/\s+/);
    for (const [place, name] of SOFTNET_COLUMNS) putHex(columns, `softnet_stat.${name}`, values[place]);
  }
}

/** A line of names, then a line a core in hexadecimal. `entries` is the same in each and is left to nf_conntrack_count. */
function parseConntrack(text: string, columns: Columns): void {
  const [head = '', ...lines] = text.split('\n');
  const names = head.trim().split(/\s+/);
  for (const line of lines) {
    const values = line.trim().split(/\s+/);
    for (let at = 1; at < names.length; at++) putHex(columns, `nf_conntrack.${names[at]!}`, values[at]);
  }
}

function putHex(columns: Columns, name: string, text: string | undefined): void {
  if (text === undefined || !/^[0-9a-f]+$/i.test(text)) return;
  columns.set(name, (columns.get(name) ?? 0) + Number.parseInt(text, 16));
}
