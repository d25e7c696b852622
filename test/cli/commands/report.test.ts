// tier: kernel
/** `conngen report` against real results: what it prints is what the run printed. */
import { execFileSync } from 'node:child_process';
import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { runCli, startServer } from '../../support/cli.ts';

/** What a run of each command gave: its text on stdout, and the file of its JSON. */
interface Ran {
  readonly command: string;
  readonly text: string;
  readonly markdown: string;
  readonly json: string;
}

const LOAD = ['--timeout', '900ms', '--warmup', '0s', '--source-ports', 'system'];

async function runEach(cwd: string): Promise<Ran[]> {
  const server = await startServer(['--listeners', '1'], { cwd });
  const target = `${server.host}:${server.port}`;
  const search = [
    '--min-rate',
    '100',
    '--max-rate',
    '200',
    '-d',
    '300ms',
    '--explore-duration',
    '200ms',
    '--precision',
    '50%',
  ];
  const lines: readonly (readonly string[])[] = [
    ['client', target, '--rate', '100', '--rate', '200', '-d', '300ms', '--fail-if', 'failures>50%', ...LOAD],
    ['rtt', target, '--rate', '100', '-d', '300ms', '--samples', '100'],
    ['search', target, ...search, ...LOAD],
    ['saturate', target, '--start', '200', '--max-rate', '300', '-d', '500ms', ...LOAD],
    ['doctor', target, '--rate', '100'],
    ['lab', 'abstraction', '--quick', '--only', 'sync/1', '--settle', '0s', '--duration', '50ms', '--out', 'out'],
  ];
  const ran: Ran[] = [];
  for (const [command = '', ...args] of lines) {
    const json = command === 'lab' ? 'out/lab.json' : `${command}.json`;
    const files = command === 'lab' ? [] : ['--json', json];
    const { stdout, stderr, code } = await runCli([command, ...args, ...files, '--markdown', `${command}.md`], { cwd });
    if (code === null || code === 2) throw new Error(`${command}: ${stderr}`);
    ran.push({ command, text: stdout, markdown: readFileSync(join(cwd, `${command}.md`), 'utf8'), json });
  }
  await server.stop();
  return ran;
}

t.test('the text and the Markdown of a result are those that the run wrote', async (t) => {
  const cwd = t.testdir({});
  const all = await runEach(cwd);
  for (const { command, text, markdown, json } of all) {
    const report = await runCli(['report', json, '--markdown', 'again.md'], { cwd });
    t.equal(report.code, 0, report.stderr);
    t.equal(report.stdout, text, `${command} as text`);
    t.equal(readFileSync(join(cwd, 'again.md'), 'utf8'), markdown, `${command} as Markdown`);
  }
  const [first, second] = all;
  const both = await runCli(['report', first!.json, second!.json, '--markdown', 'both.md'], { cwd });
  t.equal(both.stdout, `==> ${first!.json} <==\n${first!.text}\n==> ${second!.json} <==\n${second!.text}`);
  t.equal(readFileSync(join(cwd, 'both.md'), 'utf8'), `${first!.markdown}\n${second!.markdown}`);
  const copied = await runCli(['report', '-', '--json', 'copy.json'], {
    cwd,
    stdin: readFileSync(join(cwd, first!.json), 'utf8'),
  });
  t.equal(copied.stdout, first!.text, 'from stdin');
  t.equal(readFileSync(join(cwd, 'copy.json'), 'utf8'), readFileSync(join(cwd, first!.json), 'utf8'));
  const oneJson = await runCli(['report', first!.json, second!.json, '--json', 'x.json'], { cwd });
  t.equal(oneJson.code, 2);
  t.match(oneJson.stderr, /^--json: got "x\.json", expected one result, because a JSON file holds one; there are 2\n/);
  const over = await runCli(['report', first!.json, '--markdown', first!.json], { cwd });
  t.match(over.stderr, /^--markdown: got ".*", expected another file than the result .*, which it would overwrite\n/);
});

t.test('the text of a server is what the server printed', async (t) => {
  const cwd = t.testdir({});
  const server = await runCli(['server', '--host', '127.0.0.1', '--port', '0', '--json', 'server.json'], {
    cwd,
    onSpawn: (child) =>
      child.stdout!.on('data', (text: Buffer) => {
        if (String(text).includes('listening on')) child.kill('SIGTERM');
      }),
  });
  const report = await runCli(['report', 'server.json'], { cwd });
  t.equal(server.stdout.replace(/^listening on .*\n/, ''), report.stdout);
  t.match(report.stdout, /^conngen server, engine /);
  const onStdout = await startServer([], { cwd });
  await onStdout.stop();
  const { stdout } = await onStdout.ended;
  const lines = await runCli(['report', '-'], { cwd, stdin: stdout });
  t.match(lines.stdout, /^conngen server, engine /, 'what --json - prints, event and result');
});

t.test('what is no result is refused in a line that says what it is', async (t) => {
  const cwd = t.testdir({
    'k6.json': '{"metrics":{},"root_group":{"name":""}}',
    'cut.json': '{"schema":"conngen.client/1","conngen":"0.1',
    'newer.json': '{"schema":"conngen.client/2"}',
    'wrong.json': '{"schema":"conngen.lab/1","conngen":7}',
    'run.txt': 'conngen client 127.0.0.1:2345\n',
    'empty.json': '',
    directory: {},
  });
  const refused = async (args: readonly string[], expected: RegExp): Promise<void> => {
    const run = await runCli(['report', ...args], { cwd });
    t.equal(run.code, 2, args.join(' '));
    t.match(run.stderr, expected);
    t.equal(run.stdout, '');
  };
  await refused(
    ['k6.json', 'cut.json', 'newer.json', 'wrong.json', 'run.txt', 'empty.json', 'missing.json', 'directory'],
    new RegExp(
      [
        'file: got "k6.json", expected a result of conngen; it is JSON of k6: it has "metrics" and "root_group", and no "schema"',
        'file: got "cut.json", expected a result of conngen; it is cut off after 43 bytes',
        'file: got "newer.json", expected a result of conngen; it was written by a newer conngen: it is conngen.client/2, and .*',
        'file: got "wrong.json", expected a result of conngen; in it, conngen is 7, not a text',
        'file: got "run.txt", expected a result of conngen; it is the text of a result; what is read is the JSON, .*',
        'file: got "empty.json", expected a result of conngen; it is empty',
        'file: got "missing.json", expected a file that exists',
        'file: got "directory", expected a file, not a directory',
      ].join('\n'),
    ),
  );
  await refused([], /^file: got nothing, expected a file that --json has written, or - for stdin\n/);
  await refused(['-', '-'], /^file: got "-", expected stdin once\n/);
});

t.test(
  'a file of 500 MB is refused before it is read, and one that would take too much memory before it is parsed',
  async (t) => {
    const cwd = t.testdir({ 'large.json': '{', 'deep.json': '' });
    truncateSync(join(cwd, 'large.json'), 500 * 1024 * 1024);
    const large = await runCli(['report', 'large.json'], { cwd });
    t.equal(large.code, 2);
    t.match(
      large.stderr,
      /^file: got "large\.json", expected a file of at most 256MiB; to read a part of it, .*: jq '/,
    );
    writeFileSync(join(cwd, 'deep.json'), `[${'[],'.repeat(20_000_000)}[]]`);
    const deep = await runCli(['report', 'deep.json'], { cwd, env: { NODE_OPTIONS: '--max-old-space-size=512' } });
    t.equal(deep.code, 2, deep.stderr);
    t.match(deep.stderr, /once it is parsed it could take more memory than Node\.js may use; to read a part of it/);
    // What it advises leaves a result that can be read.
    const [, program = ''] = /jq '(.*)'/.exec(large.stderr) ?? [];
    const result = { rounds: [{ samples: [1], intervals: [{}] }], steps: [] };
    const left = execFileSync('jq', ['-c', program], { input: JSON.stringify(result), encoding: 'utf8' });
    t.equal(left, '{"rounds":[{"intervals":[]}],"steps":[]}\n');
  },
);
