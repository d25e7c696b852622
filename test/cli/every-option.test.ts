/**
 * Every option of every command with values that make no sense, from the command line, the environment and a file; and every
 * pair of options. Nothing throws, everything is planned with figures that can be used or refused in a way that can be understood.
 */
import { join } from 'node:path';
import t from 'tap';
import { TABLES, type CommandName } from '../../src/cli/commands.ts';
import { envName } from '../../src/options/names.ts';
import type { OptionSpec, OptionTable } from '../../src/units/option.ts';
import type { RawInput } from '../../src/options/read.ts';
import type { Machine } from '../../src/plan/demand/machine.ts';
import { formatProblem, type Problem } from '../../src/units/problem.ts';
import { NONSENSE } from '../support/nonsense.ts';
import { takesAnyText, valuesFor } from '../support/option-values.ts';
import { planOf, type Outcome } from '../support/planners.ts';
import { MACHINE } from '../support/plans.ts';

/** Names are not looked up, and the system is not asked for addresses: what is tested is the plan. */
const OFFLINE: Machine = {
  ...MACHINE,
  resolve: async (host) =>
    /[\d:]/.test(host)
      ? { ok: true, value: { address: host, family: host.includes(':') ? 6 : 4 } }
      : { ok: false, expected: 'a host name that resolves' },
  // Few ports: a plan lists them one by one, and here are thousands of plans.
  localPorts: { first: 65_000, last: 65_499 },
  lowestPort: 64_900,
  missingSources: async () => [],
  isOwnAddress: async () => false,
};

const MESSAGE_CHARACTERS_MAX = 10_000;
/** Of the processor: a neighbour's work does not count. Far beyond what planning takes, and far below a quadratic mishap. */
const CPU_MS_MAX = 2000;

const CONTROL = /[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/;

/** What is wrong with a plan as data: a figure that is none. Paths such as `.rates.0`. */
function badFigures(value: unknown, path = '', seen = new Set<object>()): string[] {
  if (typeof value === 'number') return Number.isFinite(value) && value >= 0 ? [] : [`${path} is ${value}`];
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value) || seen.has(value)) return [];
  seen.add(value);
  return Object.entries(value).flatMap(([key, each]) => badFigures(each, `${path}.${key}`, seen));
}

/** Everything that is wrong with how a command took an input; `labels` are what a problem may blame. */
async function faultsOf(command: CommandName, raw: RawInput, labels: readonly string[]): Promise<string[]> {
  const before = process.cpuUsage();
  let outcome: Outcome;
  try {
    outcome = await planOf(command, raw, OFFLINE);
  } catch (error) {
    return [`threw ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`];
  }
  const { user, system } = process.cpuUsage(before);
  const cpuMs = (user + system) / 1000;
  const faults = cpuMs > CPU_MS_MAX ? [`took ${Math.round(cpuMs)} ms of the processor`] : [];
  if (outcome.problems.length === 0) faults.push(...(outcome.plan === null ? ['no plan'] : badFigures(outcome.plan)));
  return [...faults, ...outcome.problems.flatMap((problem) => faultsOfProblem(problem, labels))];
}

function faultsOfProblem(problem: Problem, labels: readonly string[]): string[] {
  const line = formatProblem(problem);
  const faults = [];
  if (CONTROL.test(line)) faults.push(`control characters: ${JSON.stringify(line)}`);
  if (line.length > MESSAGE_CHARACTERS_MAX) faults.push(`a message of ${line.length} characters`);
  if (problem.expected.trim() === '' || /undefined|NaN|Infinity|\[object/.test(problem.expected))
    faults.push(`an expectation that says nothing: ${line}`);
  // A default is to blame only beside what was given.
  if (!labels.some((label) => problem.option.endsWith(label) || problem.expected.includes(label)))
    faults.push(`blames what was not given: ${line}`);
  return faults;
}

const rawOf = (command: string, more: Partial<RawInput>): RawInput => ({
  command: `conngen ${command}`,
  flags: new Map(),
  extra: [],
  env: {},
  ...more,
});

/** Far beyond what it takes on an idle machine; tap ends a file earlier unless told so. */
const WITHIN_MS = 300_000;
t.setTimeout(WITHIN_MS);
t.comment(`timeout=${WITHIN_MS}`);

const tables = Object.entries(TABLES) as [CommandName, Readonly<Record<string, OptionSpec>>][];

const CLIENT_TABLE: OptionTable = TABLES.client;

for (const [command, table] of tables) {
  t.test(`conngen ${command}: every option with nonsense, from every place`, async (t) => {
    const faults: string[] = [];
    let tried = 0;
    const refused = new Set<string>();
    const tryOut = async (name: string, text: string, raw: RawInput, labels: readonly string[]): Promise<void> => {
      tried++;
      const found = await faultsOf(command, raw, labels);
      faults.push(...found.map((fault) => `${name} ${JSON.stringify(text).slice(0, 80)}: ${fault}`));
    };
    for (const [name, spec] of Object.entries(table)) {
      const label = spec.positional === true ? name : `--${name}`;
      for (const text of NONSENSE) {
        // What is refused in the same words is planned once: the rest of the plan is the same.
        const parsed = spec.parse(text);
        if (!parsed.ok && text !== '' && refused.has(name + parsed.expected)) {
          const problem = { option: label, got: text, expected: parsed.expected };
          tried++;
          faults.push(...faultsOfProblem(problem, [label]));
          continue;
        }
        if (!parsed.ok) refused.add(name + parsed.expected);
        // A name that belongs to a lab makes the rest of its plan possible.
        const extra: [string, string[]][] = command === 'lab' && name !== 'name' ? [['name', ['abstraction']]] : [];
        await tryOut(name, text, rawOf(command, { flags: new Map([...extra, [name, [text]]]) }), [label]);
        // An option of the client was tried there from every place.
        if (command !== 'client' && spec.parse === CLIENT_TABLE[name]?.parse) continue;
        const env = { [envName(name)]: text };
        await tryOut(name, text, rawOf(command, { flags: new Map(extra), env }), [envName(name), label]);
        if (name === 'config' || !Object.hasOwn(table, 'config')) continue;
        const flags = new Map([...extra, ['config', ['options.json']]] as [string, string[]][]);
        const config = { ok: true as const, value: JSON.stringify({ [name]: text }) };
        await tryOut(name, text, rawOf(command, { flags, config }), [`: ${name}`, label]);
      }
    }
    t.ok(tried >= NONSENSE.length, `${tried} combinations`);
    t.same(faults, []);
  });
}

t.test('every option has a value to be tried with', async (t) => {
  for (const [command, table] of tables) {
    const without = Object.entries(table).filter(
      ([, spec]) => !takesAnyText(spec) && spec.positional !== true && valuesFor(spec).length === 0,
    );
    t.same(
      without.map(([name]) => name),
      [],
      `conngen ${command}: else add a value to test/support/option-values.ts`,
    );
  }
});

t.test('every pair of options is planned, or refused by one of the two', async (t) => {
  const directory = t.testdir({ payload: 'GET / HTTP/1.0\r\n\r\n' });
  const valueOf = (name: string, spec: OptionSpec): string => {
    if (name === 'config') return '';
    if (takesAnyText(spec)) return spec.value.includes('DIR') ? directory : join(directory, 'payload');
    return valuesFor(spec).at(-1) ?? '';
  };
  for (const [command, table] of tables.filter(([name]) => !['doctor', 'lab', 'demo'].includes(name))) {
    const options = Object.entries(table).filter(([name]) => name !== 'config');
    const faults: string[] = [];
    let tried = 0;
    for (const [index, [one, oneSpec]] of options.entries()) {
      for (const [other, otherSpec] of options.slice(index + 1)) {
        const values = [valueOf(one, oneSpec), valueOf(other, otherSpec)] as const;
        const flags = new Map([
          [one, [values[0]]],
          [other, [values[1]]],
        ]);
        const labels = [one, other].map((name) => (table[name]?.positional === true ? name : `--${name}`));
        tried++;
        const found = await faultsOf(command, rawOf(command, { flags }), labels);
        faults.push(...found.map((fault) => `${one}=${values[0]} ${other}=${values[1]}: ${fault}`));
      }
    }
    t.equal(tried, (options.length * (options.length - 1)) / 2, `conngen ${command}: every pair`);
    t.same(faults, [], `conngen ${command}`);
  }
});

t.test('a default that cannot be kept is refused with what would do', async (t) => {
  const flags = new Map([['connections', ['20']]]);
  const { problems } = await planOf('search', rawOf('search', { flags }), OFFLINE);
  t.same(problems.map(formatProblem), [
    '--precision: got "2%", expected at least 5%, because a trial can have only 20 connections (--connections 50 would do)',
  ]);
});
