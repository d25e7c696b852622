// tier: kernel
/** The packed package, installed elsewhere: its declarations compile, its examples run. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import t from 'tap';
import { ROOT, plainEnvironment, startServer } from '../support/cli.ts';

/** A directory with `conngen` and what it depends on in node_modules, as an installation makes it. */
function install(t: Tap, types: readonly string[]): string {
  const directory = t.testdir({});
  const npm = { cwd: ROOT, env: plainEnvironment(), encoding: 'utf8' } as const;
  execFileSync('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', directory], npm);
  const [tarball] = readdirSync(directory);
  const modules = join(directory, 'node_modules');
  mkdirSync(join(modules, 'conngen'), { recursive: true });
  execFileSync('tar', ['-xzf', join(directory, tarball!), '-C', join(modules, 'conngen'), '--strip-components=1']);
  const { dependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { dependencies: object };
  for (const name of [...Object.keys(dependencies), ...types]) {
    mkdirSync(dirname(join(modules, name)), { recursive: true });
    symlinkSync(join(ROOT, 'node_modules', name), join(modules, name));
  }
  return directory;
}

type Tap = Pick<typeof t, 'testdir'>;

async function node(cwd: string, args: readonly string[]): Promise<{ code: number; output: string }> {
  const child = spawn(process.execPath, args, { cwd, env: plainEnvironment(), stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text: Buffer) => (output += text.toString()));
  const [code] = (await once(child, 'close')) as [number];
  return { code, output };
}

t.test('the examples compile against the declarations, and run', { timeout: 180_000 }, async (t) => {
  const directory = install(t, ['@types/node', 'undici-types']);
  const examples = join(directory, 'node_modules/conngen/examples/typescript');
  for (const name of readdirSync(examples)) cpSync(join(examples, name), join(directory, name));
  const compiled = await node(directory, [join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', directory]);
  t.equal(compiled.code, 0, compiled.output);
  const tested = await node(directory, ['--test', 'out/ci-gate.test.js', 'out/server-for-a-test.test.js']);
  t.equal(tested.code, 0, tested.output);
  const server = await startServer();
  t.teardown(() => server.stop());
  const ramp = await node(directory, ['out/ramp.js', `127.0.0.1:${server.port}`, '0']);
  t.equal(ramp.code, 0, ramp.output);
  t.match(ramp.output, /^50\/s: \d+ failed, p99 .* ms\nlast good rate: none; 1 rounds, stopped\n$/);
});

t.test('wrong uses of the types do not compile', { timeout: 180_000 }, async (t) => {
  const directory = install(t, ['@types/node', 'undici-types']);
  const lines = [
    "import { run } from 'conngen';",
    'run({ rates: 5 });',
    "run({ 'max-in-flight': {} });",
    "run({ csv: 'file' });",
    "run({ max_in_flight: 5, rate: ['1k', 2000] });",
  ];
  writeFileSync(join(directory, 'wrong.ts'), lines.join('\n'));
  const options = [
    '--module',
    'nodenext',
    '--target',
    'es2022',
    '--lib',
    'es2023,esnext.disposable',
    '--noEmit',
    '--ignoreConfig',
  ];
  const compiled = await node(directory, [
    join(ROOT, 'node_modules/typescript/bin/tsc'),
    ...options,
    join(directory, 'wrong.ts'),
  ]);
  t.same(
    [...compiled.output.matchAll(/wrong\.ts\((\d),/g)].map(([, line]) => line),
    ['2', '3', '4'],
    compiled.output,
  );
});

t.test('schemas are there, and nothing else is', async (t) => {
  const directory = install(t, []);
  const imports = `
    const read = async (name) => import(name, { with: { type: 'json' } });
    console.log((await read('conngen/schema/client-1.json')).default.$schema);
    console.log(Object.keys(await import('conngen')).sort().join());
    console.log(await import('conngen/dist/cli/main.js').catch(({ code }) => code));`;
  const { output } = await node(directory, ['--no-warnings', '--input-type=module', '--eval', imports]);
  t.same(output.trimEnd().split('\n'), [
    'https://json-schema.org/draft/2020-12/schema',
    'OptionsError,RunError,compare,doctor,readDocument,render,rtt,run,saturate,search,server',
    'ERR_PACKAGE_PATH_NOT_EXPORTED',
  ]);
});
