/** Reference pages that are one table each: checks, profiles, exit codes, error codes, criteria, columns. */
import { EXIT_MEANINGS } from '../../src/cli/process/exit-codes.ts';
import { CHECKS } from '../../src/doctor/examine.ts';
import { METRIC_WORDS } from '../../src/judge/criterion-words.ts';
import { PROFILES, profileDefaults, profileTitle } from '../../src/plan/profiles.ts';
import { columnsOf } from '../../src/run/sinks/csv.ts';
import { OWN_ERROR_CODES, SYSTEM_ERROR_CODES, type ErrorCode } from '../../src/units/error-codes.ts';
import { bullets, code, firstUpper, page, prose, table } from './markdown.ts';

const ENGINES_OF_CHECK = { any: 'any', sockets: 'not packet', interface: 'packet' } as const;

export function checksPage(): string {
  return page(
    'Checks of the doctor',
    '`src/doctor/`',
    '`conngen doctor` compares, in this order. See [the doctor](../guide/doctor.md) for what the statuses mean.',
    table(
      ['check', 'compares', 'of engine'],
      CHECKS.map(({ id, compares, of }) => [code(id), prose(compares), ENGINES_OF_CHECK[of ?? 'any']]),
    ),
  );
}

/** The rate that stands for `--max-rate` in a profile whose other values depend on it: the default of the option. */
const MAX_PER_SEC = 100_000;

export function profilesPage(): string {
  const section = (name: (typeof PROFILES)[number]): string => {
    const settings = [...profileDefaults(name, MAX_PER_SEC, false)];
    return [
      `## ${code(name)}`,
      `${firstUpper(profileTitle(name) ?? '')}.`,
      table(
        ['option', 'value'],
        settings.map(([option, text]) => [code(`--${option}`), code(text)]),
      ),
    ].join('\n\n');
  };
  return page(
    'Profiles of a search',
    '`src/plan/profiles.ts`',
    '`conngen search --profile NAME` sets these options; your own override them. With a `--payload` of your own, a profile leaves `--payload-size` and ' +
      '`--finish` alone. Values that depend on `--max-rate` are shown for its default. See [profiles](../guide/profiles.md) for what they cannot do.',
    ...PROFILES.map(section),
  );
}

export function exitCodesPage(): string {
  return page(
    'Exit codes',
    '`src/cli/process/exit-codes.ts`',
    'Precedence: a signal, then 1, then 99, then 3. A second signal ends the process immediately, without a report.',
    table(
      ['code', 'meaning'],
      EXIT_MEANINGS.map(([exitCode, meaning]) => [String(exitCode), prose(meaning)]),
    ),
    'A server runs until a signal, so 130 or 143 is its normal exit code.',
  );
}

export function errorsPage(): string {
  const rows = (codes: Readonly<Record<string, ErrorCode>>): string[][] =>
    Object.entries(codes).map(([name, { when, remedy }]) => [code(name), prose(when), prose(firstUpper(remedy))]);
  return page(
    'Error codes',
    '`src/units/error-codes.ts`',
    'What stops a run is an error with a code, a sentence and a hint: on stderr as `ERROR:` and `hint:`, in the JSON as `error`. The exit code is 1, and ' +
      'results so far are reported.',
    '## Codes of conngen',
    table(['code', 'when', 'what to do'], rows(OWN_ERROR_CODES)),
    '## Codes of the system',
    'Any code that begins with `E` is that of the system call that failed (`errno(3)`). The hint names the cure where conngen knows one: for example ' +
      '`EADDRINUSE`, `EACCES` and `EADDRNOTAVAIL` of a server that cannot listen, `ENOSYS`, `EPERM` and `ENOMEM` of an engine that cannot work here. ' +
      'These mean the same in every place:',
    table(['code', 'when', 'what to do'], rows(SYSTEM_ERROR_CODES)),
    'What the user typed is refused before a run, with all problems together and exit code 2. What happens to one connection is an ' +
      '[outcome](outcomes.md) and never an error of the run.',
  );
}

export function criteriaPage(): string {
  return page(
    'Criteria',
    '`src/judge/criterion.ts` and `src/judge/criterion-words.ts`',
    '`--fail-if` (what is bad) and `--goal` (what is good) take a criterion: METRIC COMPARISON VALUE. The comparison is `<`, `<=`, `>` or `>=`. Spaces do ' +
      'not matter.',
    table(
      ['metric', 'value', 'meaning', 'example'],
      METRIC_WORDS.map(({ metric, values, meaning, example }) => [code(metric), values, prose(meaning), code(example)]),
    ),
    'A time needs its unit: `p99(total)>20` is refused, because it may be meant as milliseconds or as seconds. A criterion that cannot be read is refused ' +
      'with its place:',
    '```console\n$ conngen client --fail-if \'p99(totl)>20ms\'\n--fail-if: got "p99(totl)>20ms", expected a clock at character 5: schedule_lag, connect, first_byte, total, corrected_total or probe\n```',
    'What was not measured does not pass: see [thresholds](../guide/ci.md).',
  );
}

export function csvPage(): string {
  return page(
    'Columns of --csv',
    '`src/run/sinks/csv.ts`',
    'A row is a second of a round. The unit is in the name of a column. A latency that was not measured is an empty cell, which is not zero. Counts and ' +
      'latencies mean what they mean in [`intervals`](results/client.md). The columns of the probe are always there and empty without `--probe`.',
    '## client',
    columnList('client'),
    '## search and saturate',
    'The first column is `trial`: the trial of a search or the step of a saturation, from 1. The others are those of `client`.',
    '## rtt',
    columnList('rtt'),
  );
}

/** The names in order, a line for each clock or group that begins alike. */
function columnList(command: 'client' | 'rtt'): string {
  const lines: string[][] = [];
  for (const { name } of columnsOf(command)) {
    if (name.endsWith('_count') || lines.length === 0) lines.push([]);
    lines.at(-1)!.push(code(name));
  }
  return bullets(lines.map((names) => names.join(', ')));
}
