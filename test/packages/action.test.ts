// tier: kernel
/** The GitHub Action: its steps as GitHub would run them, against a server here. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { parse } from 'yaml';
import { readDocument } from '../../src/document/read.ts';
import { ROOT, plainEnvironment, startServer } from '../support/cli.ts';

interface Step {
  readonly id?: string;
  readonly if?: string;
  readonly shell?: string;
  readonly run?: string;
  readonly uses?: string;
  readonly with?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
}
interface Action {
  readonly inputs: Readonly<Record<string, { readonly description: string; readonly default?: string }>>;
  readonly outputs: Readonly<Record<string, { readonly value: string }>>;
  readonly runs: { readonly using: string; readonly steps: readonly Step[] };
}

const ACTION = parse(readFileSync(join(ROOT, 'action.yml'), 'utf8')) as Action;

type Outputs = Readonly<Record<string, string>>;

interface Ended {
  /** Of the last step that ran: what the job sees. */
  readonly code: number;
  readonly log: string;
  readonly summary: string;
  readonly outputs: Outputs;
  readonly uploads: readonly Readonly<Record<string, string>>[];
}

/** Runs the steps in `directory` with what GitHub provides: the environment, conditions, outputs, the summary. */
async function runAction(directory: string, given: Outputs): Promise<Ended> {
  const inputs = Object.fromEntries(
    Object.entries(ACTION.inputs).map(([name, spec]) => [name, given[name] ?? spec.default ?? '']),
  );
  const steps = new Map<string, Outputs>();
  const valueOf = (expression: string): string => {
    const [kind, name = '', , output = ''] = expression.trim().split('.');
    return kind === 'inputs' ? inputs[name]! : (steps.get(name)?.[output] ?? '');
  };
  const filled = (text: string): string => text.replaceAll(/\$\{\{(.*?)\}\}/g, (_, each: string) => valueOf(each));
  const summary = join(directory, 'summary.md');
  writeFileSync(summary, '');
  const uploads: Readonly<Record<string, string>>[] = [];
  let [log, code] = ['', 0];
  for (const [index, step] of ACTION.runs.steps.entries()) {
    if (!isDue(step.if ?? '', code, valueOf)) continue;
    const each = (table: Readonly<Record<string, string>> = {}): Record<string, string> =>
      Object.fromEntries(Object.entries(table).map(([name, text]) => [name, filled(text)]));
    if (step.uses !== undefined) {
      uploads.push(each(step.with));
      continue;
    }
    const output = join(directory, `output-${index}`);
    writeFileSync(output, '');
    const github = {
      GITHUB_ACTION_PATH: ROOT,
      GITHUB_OUTPUT: output,
      GITHUB_STEP_SUMMARY: summary,
      RUNNER_TEMP: directory,
    };
    const script = ['--noprofile', '--norc', '-eo', 'pipefail', '-c', step.run!];
    const env = { ...plainEnvironment(), ...github, ...each(step.env) };
    const child = spawn('bash', script, { cwd: directory, env, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (text: Buffer) => (log += text.toString()));
    const [ended] = (await once(child, 'close')) as [number];
    if (code === 0) code = ended;
    if (step.id !== undefined) steps.set(step.id, outputsOf(output));
  }
  const outputs = Object.fromEntries(Object.entries(ACTION.outputs).map(([name, { value }]) => [name, filled(value)]));
  return { code, log, summary: readFileSync(summary, 'utf8'), outputs, uploads };
}

/** The conditions that action.yml uses: `always()`, and an input that is not empty. */
function isDue(condition: string, code: number, valueOf: (expression: string) => string): boolean {
  const parts = condition === '' ? [] : condition.split(' && ');
  const holds = parts.every((part) => {
    if (part === 'always()') return true;
    const [, input] = /^(inputs\.[a-z-]+) != ''$/.exec(part) ?? [];
    if (input === undefined) throw new Error(`the test does not know the condition ${part}`);
    return valueOf(input) !== '';
  });
  return holds && (code === 0 || parts.includes('always()'));
}

function outputsOf(file: string): Outputs {
  const lines = readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '');
  return Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]));
}

t.test('no input is part of a script, what is used of others is pinned, every input is told of', async (t) => {
  t.equal(ACTION.runs.using, 'composite');
  const used = new Set<string>();
  for (const step of ACTION.runs.steps) {
    if (step.run !== undefined) {
      t.notMatch(step.run, /\$\{\{/, step.run);
      t.equal(step.shell, 'bash');
      const [, script = ''] = /^"\$GITHUB_ACTION_PATH\/(.*)"$/.exec(step.run) ?? [];
      t.ok(existsSync(join(ROOT, script)), script);
    } else t.match(step.uses, /^actions\/[a-z-]+@[0-9a-f]{40}$/);
    for (const [, name] of JSON.stringify(step).matchAll(/inputs\.([a-z-]+)/g)) used.add(name!);
  }
  t.same([...used].sort(), Object.keys(ACTION.inputs).sort());
  for (const [name, { description }] of Object.entries(ACTION.inputs)) t.match(description, /\.$/, name);
});

t.test('a run that passes: summary, results, outputs; then the same compared with itself as the base', async (t) => {
  const server = await startServer();
  t.teardown(() => server.stop());
  const directory = t.testdir({});
  const target = `127.0.0.1:${server.port}`;
  const args = '--rate 100\n  --duration 1s --allow-generator-limited';
  const ran = await runAction(directory, { target, args, 'fail-if': 'failures>50%\n\np50(total)>30s\r\n' });
  t.equal(ran.code, 0, ran.log);
  t.match(ran.summary, new RegExp(`^## conngen client ${target}\n`));
  t.match(ran.summary, /failures>50%/);
  t.same(ran.uploads, [{ name: 'conngen', path: 'conngen-results', 'if-no-files-found': 'ignore' }]);
  t.match(ran.outputs, { 'exit-code': '0', 'compare-exit-code': '' });
  const read = readDocument(readFileSync(ran.outputs['json']!, 'utf8'));
  t.match(read, { document: { schema: 'conngen.client/1', thresholds_met: true } });
  t.match(readFileSync(ran.outputs['html']!, 'utf8'), /^<!doctype html>/i);

  const missing = await runAction(directory, { target, args, 'compare-with': 'no-such.json', artifact: '' });
  t.equal(missing.code, 0, missing.log);
  t.match(missing.summary, /No result of the base to compare with\./);
  t.same(missing.uploads, []);

  writeFileSync(join(directory, 'base.json'), readFileSync(ran.outputs['json']!));
  // A busy machine may have been the limit: the figures still are figures. One second of each side shows no interval, which fails.
  const comparison = {
    'compare-with': 'base.json',
    'compare-args': '--force',
    'compare-fail-if': 'rate(completed)<-90%',
  };
  const compared = await runAction(directory, { target, args, ...comparison });
  t.equal(compared.code, 99, compared.log);
  t.match(compared.outputs, { 'exit-code': '0', 'compare-exit-code': '99' });
  t.match(compared.log, /::error title=conngen::a threshold of the comparison with the base was not met/);
  t.match(compared.summary, /^## conngen compare/m);
  t.ok(existsSync(join(directory, 'conngen-results/compare.json')), compared.log);
});

t.test('a threshold that is not met fails the job with 99, after everything was kept', async (t) => {
  const server = await startServer();
  t.teardown(() => server.stop());
  const args = '--rate 50 --duration 1s --allow-generator-limited';
  const ran = await runAction(t.testdir({}), { target: `127.0.0.1:${server.port}`, args, 'fail-if': 'p50(total)>1ns' });
  t.equal(ran.code, 99, ran.log);
  t.match(ran.log, /^::error title=conngen::a threshold was not met$/m);
  t.match(ran.summary, /p50\(total\)>1ns/);
  t.equal(ran.uploads.length, 1);
  t.equal(ran.outputs['exit-code'], '99');
});

t.test('what an input holds is never run, and is refused where it means nothing', async (t) => {
  const directory = t.testdir({});
  const evil = '$(touch pwned)`touch pwned`; touch pwned\n"; touch pwned #';
  const refused: readonly [Outputs, RegExp][] = [
    [{ target: evil }, /got "\$\(touch pwned\)/],
    [{ target: '127.0.0.1:9', args: evil }, /\$\(touch/],
    [{ target: '127.0.0.1:9', 'fail-if': evil }, /--fail-if: got "\$\(touch pwned\)/],
    [{ target: '127.0.0.1:9', config: evil }, /--config/],
    [{ command: evil }, /::error title=conngen::command: got "\$\(touch pwned\).*%0A/],
    [{ target: '--json=x' }, /target: got "--json=x", expected HOST:PORT/],
    [{ results: 'a\nb' }, /results: expected one line/],
    [{ version: 'x; touch pwned' }, /version: got "x; touch pwned", expected a version/],
    [{ version: 'file:.' }, /version: got/],
  ];
  for (const [inputs, expected] of refused) {
    const ran = await runAction(directory, inputs);
    t.equal(ran.code, 2, `${JSON.stringify(inputs)}: ${ran.log}`);
    t.match(ran.log, expected);
  }
  t.notOk(existsSync(join(directory, 'pwned')));
});
