// tier: kernel
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
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

/** Leaves a process that is no child of its group, and with root a network namespace; `ending` is what it does then. */
const leaving = (ending: string): string => `// tier: kernel
import { spawn, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import t from 'tap';
const left = spawn('sleep', ['600'], { detached: true, stdio: ['ignore', 'inherit', 'ignore'] });
left.unref();
if (process.getuid() === 0) spawnSync('ip', ['netns', 'add', 'left-' + process.pid]);
writeFileSync(new URL('pids', import.meta.url), left.pid + ' ' + process.pid + ' ');
t.ok(true);
${ending}
`;
const STAYS = 'await new Promise((resolve) => setTimeout(resolve, 600_000));';
const skip = process.platform !== 'linux' && 'needs Linux (/proc)';

/** Whether a process runs; one that has ended may wait for the one that started it. */
function runs(pid: string): boolean {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return false;
  }
}

/** Waits until what a test file has left is gone: its processes, and the namespace that has its number. */
async function checkGone(t: Test, directory: string): Promise<void> {
  const [left = '', file = ''] = readFileSync(join(directory, 'pids'), 'utf8').split(' ');
  while (runs(left) || runs(file)) await sleep(10);
  t.pass('its processes have ended');
  const names = existsSync('/run/netns') ? readdirSync('/run/netns') : [];
  t.notOk(names.includes(`left-${file}`), 'its network namespace had a name for itself only');
}

t.test('what a file has started ends with it', { skip }, async (t) => {
  const { code, stdout } = runTests(t, leaving(''));
  t.equal(code, 0, stdout);
  await checkGone(t, t.testdirName);
});

for (const [signal, name] of [
  ['SIGTERM', 'ends its files and what they have started'],
  ['SIGINT', 'ends its files and what they have started'],
  ['SIGKILL', 'leaves what the next run ends'],
] as const) {
  t.test(`a run that gets ${signal} ${name}`, { skip }, async (t) => {
    const directory = t.testdir({ 'some.test.ts': leaving(STAYS), 'next.test.ts': PASSES });
    const args = [join(ROOT, 'test/run.js'), '--as-is', join(directory, 'some.test.ts')];
    const child = spawn(process.execPath, args, {
      cwd: ROOT,
      env: plainEnvironment(),
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let stdout = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    const ended = once(child, signal === 'SIGKILL' ? 'exit' : 'close');
    const pids = join(directory, 'pids');
    while (!existsSync(pids) || readFileSync(pids, 'utf8').split(' ').length < 3) await sleep(10);
    child.kill(signal);
    await ended;
    if (signal === 'SIGKILL') {
      const next = spawnSync(process.execPath, [...args.slice(0, 2), join(directory, 'next.test.ts')], { cwd: ROOT });
      t.equal(next.status, 0);
      child.stdout.destroy();
    } else t.match(stdout, /FAILED {2}the run was cut short\n[^]*\n\d+ passed, \d+ failed\n$/);
    await checkGone(t, directory);
  });
}
