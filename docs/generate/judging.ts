/** Reference pages of outcomes, verdicts, findings and kernel counters, from the tables by which results are judged. */
import { OUTCOMES, OUTCOME_TRAITS, type OutcomeName } from '../../src/document/outcome.ts';
import { KERNEL_COUNTERS, KERNEL_GROUPS, type KernelRow } from '../../src/document/kernel-table.ts';
import { FINDERS, SERVER_FINDINGS } from '../../src/judge/finders.ts';
import { CLIENT_RULES } from '../../src/judge/rules/client.ts';
import { PING_RULES } from '../../src/judge/rules/ping.ts';
import { code, page, prose, table } from './markdown.ts';

const OWNER_TEXT = {
  nobody: '',
  generator: '**this machine**',
  network: 'network',
  target: 'target',
} as const;

export function outcomesPage(): string {
  const ownerOf = (name: OutcomeName): string => OWNER_TEXT[OUTCOME_TRAITS[name].owner];
  const rows = OUTCOMES.map((name) => {
    const { phase, meaning, lookAt } = OUTCOME_TRAITS[name];
    return [code(name), ownerOf(name), phase ?? 'any', prose(meaning), lookAt === undefined ? '' : prose(lookAt)];
  });
  return page(
    'Outcomes',
    '`src/document/outcome.ts`',
    'Every started attempt ends in exactly one outcome. The owner is the side that caused a failure; `owners` in the JSON sums the failures by ' +
      'owner, where `generator` is this machine and also has the missed starts, and `unattributed` has `aborted` and `other`.',
    table(['outcome', 'owner', 'phase', 'what happened', 'look at'], rows),
    'Always true: `scheduled = ok + owners.generator + owners.network + owners.target + owners.unattributed`.',
    '[Reading results](../guide/reading-results.md#outcomes-and-their-owners) says what cannot be told apart.',
  );
}

interface Documented {
  readonly code: string;
  readonly status?: string;
  readonly when: string;
  readonly remedy: string;
}

function sectionOf({ code: name, status, when, remedy }: Documented): string {
  const lines = [
    `### ${code(name)}`,
    `${status === undefined ? '' : `${code(status)}. `}${prose(when)}`,
    `**What to do.** ${prose(remedy)}`,
  ];
  return lines.join('\n\n');
}

export function verdictsPage(): string {
  return page(
    'Verdicts: reasons',
    '`src/judge/rules/client.ts` and `src/judge/rules/ping.ts`',
    'The status of a verdict is the worst of its reasons: `invalid` (nothing could be measured), then `generator_limited` (this machine was ' +
      'the bottleneck), then `valid`. Each reason has its figures in `evidence`.',
    '## Of `client`, `search` and `saturate`',
    ...CLIENT_RULES.map(sectionOf),
    '## Of `rtt`',
    // The anchors of the reasons that both have differ by a number.
    ...PING_RULES.map(sectionOf),
  );
}

export function findingsPage(): string {
  return page(
    'Findings',
    '`src/judge/finders.ts`',
    'A finding says what a round shows of the target, the network or the kernel of this machine. Findings change no verdict and no exit code.',
    ...[...FINDERS, ...SERVER_FINDINGS].map((row) => sectionOf(row)),
  );
}

export function kernelPage(): string {
  const rows = (group: string, all: Readonly<Record<string, KernelRow>>): string[][] =>
    Object.entries(all).map(([key, row]) => [
      code(group === '' ? key : `${group}.${key}`),
      prose(row.counts) + (row.kind === 'peak' ? ' (the highest reading)' : ''),
      row.columns.map((column) => code(column)).join(' + '),
      shownFrom(row),
    ]);
  return page(
    'Kernel counters',
    '`src/document/kernel-table.ts`',
    'Before, every second during, and after a round, the main thread reads what the kernel of this machine counts, in the network namespace of the ' +
      'process. `kernel` in the result has all of it, as what was added over the round. A key is absent where this kernel or container does not ' +
      'have it. The text shows a counter, with a sentence, only from the value in the last column on.',
    table(
      ['key under `kernel`', 'counts', 'source', 'shown from'],
      [...rows('', KERNEL_COUNTERS), ...Object.entries(KERNEL_GROUPS).flatMap(([group, all]) => rows(group, all))],
    ),
    'Sources: `netstat` and `snmp` are files in `/proc/net`, and `nf_conntrack` is in `/proc/net/stat`. `softnet` and `cpu` count for the whole ' +
      'machine, whatever the namespace. `cgroup` is there only where a control group has a CPU quota.',
    'Beside these, `kernel.cpu` has for each core `core`, `user_usec`, `system_usec`, `irq_usec`, `softirq_usec`, `steal_usec` and `idle_usec` from ' +
      '`/proc/stat` (ticks of 10 ms), shown from a share of 5 % (steal), 50 % (softirq) or 95 % (busy) on. `kernel.intervals` (client only) has ' +
      '`start_sec`, `length_sec` and `added`: what moved in each second, or in [several](../guide/reading-results.md#long-runs).',
  );
}

/** When the text shows a counter. */
function shownFrom({ says, shownFrom: limit }: KernelRow): string {
  if (says === undefined) return 'JSON only';
  if (limit === undefined) return '1';
  if ('words' in limit) return limit.words;
  if ('shareOfAttempts' in limit) return `${limit.shareOfAttempts * 100} % of the attempts`;
  return `${limit.perSec} a second`;
}
