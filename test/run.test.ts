// tier: kernel
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { ROOT, plainEnvironment } from './support/cli.ts';

function runTests(t: Test, content: string): { code: number | null; stdout: string } {
  const file = join(t.testdir({ 'some.test.ts': content }), 'some.test.ts');
  const run = spawnSync(process.execPath, [join(ROOT, 'test/run.js'), '--as-is', file], {
    cwd: ROOT,
    env: plainEnvironment(),
    encoding: 'utf8',
  });
  return { code: run.status, stdout: run.stdout };
}

t.test('a test that asserts nothing is a failure', async (t) => {
  const { code, stdout } = runTests(
    t,
    "import t from 'tap';\nt.test('asserts', (t) => { t.ok(true); t.end(); });\nt.test('idle', async () => {});\n",
  );
  t.equal(code, 1);
  t.match(stdout, /FAILED .*some\.test\.ts > idle\n +it asserts nothing/);
  t.match(stdout, /\n1 passed, 1 failed\n$/);
});

t.test('a test that is skipped for a reason is not', async (t) => {
  const { code, stdout } = runTests(
    t,
    "import t from 'tap';\nt.ok(true);\nt.test('elsewhere', (t) => t.plan(0, 'needs another machine'));\n" +
      "t.test('later', { skip: 'needs another kernel' }, async () => {});\n",
  );
  t.equal(code, 0, stdout);
  t.match(
    stdout,
    /skipped .*elsewhere: needs another machine\nskipped .*later: needs another kernel\n1 passed, 0 failed, 2 skipped\n$/,
  );
});

const OPENS_SOCKET = "import { connect } from 'node:net';\nconnect(1, '127.0.0.1').on('error', () => undefined);\n";
const PASSES = "import t from 'tap';\nt.ok(true);\n";
const refusesSockets = process.platform === 'linux' && ['x64', 'arm64'].includes(process.arch);

t.test('a test of the quick tier that opens a socket fails', async (t) => {
  if (!refusesSockets) {
    t.plan(0, 'needs Linux on x64 or arm64');
    return;
  }
  const quick = runTests(t, PASSES + OPENS_SOCKET);
  t.equal(quick.code, 1);
  t.match(quick.stdout, /asked for a socket or an io_uring \(SIGSYS\)/);
  const inChild = runTests(
    t,
    PASSES +
      `import { spawnSync } from 'node:child_process';\nt.equal(spawnSync(process.execPath, ['--input-type=module', '-e', ${JSON.stringify(OPENS_SOCKET)}]).signal, 'SIGSYS');\n`,
  );
  t.equal(inChild.code, 0, 'so does a process that it starts');
  t.equal(runTests(t, `// tier: kernel\n${PASSES}${OPENS_SOCKET}`).code, 0);
});

t.test('a first line that names no tier is refused', async (t) => {
  const { code, stdout } = runTests(t, `// tier: slow\n${PASSES}`);
  t.not(code, 0);
  t.notMatch(stdout, 'ok  ');
});

t.test('a file that ends badly after its tests fails', async (t) => {
  const bad = runTests(t, `${PASSES}process.on('exit', () => { process.exitCode = 7; });\n`);
  t.equal(bad.code, 1);
  t.match(bad.stdout, /the test process exited with 7\n[^]*\n1 passed, 1 failed\n$/);
});
