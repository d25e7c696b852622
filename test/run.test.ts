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
