/** The files for a container: what can be checked without one. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { ROOT } from '../support/cli.ts';

const read = (name: string): string => readFileSync(join(ROOT, name), 'utf8');

interface Rule {
  readonly names: readonly string[];
  readonly action: string;
  readonly includes?: object;
  readonly excludes?: object;
  readonly args?: readonly object[];
}
interface Profile {
  readonly defaultAction: string;
  readonly syscalls: readonly Rule[];
}

const IO_URING = ['io_uring_enter', 'io_uring_register', 'io_uring_setup'];

function allowIoUring(...args: readonly string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [join(ROOT, 'examples/docker/allow-io-uring.js'), ...args], { encoding: 'utf8' });
}

t.test('the image is of the version of the package, and runs as a number that is not root', async (t) => {
  const dockerfile = read('Dockerfile');
  const { version } = JSON.parse(read('package.json')) as { version: string };
  t.match(dockerfile, new RegExp(`^ARG VERSION=${version.replaceAll('.', '\\.')}$`, 'm'));
  t.match(dockerfile, /^USER 65532:65532$/m);
  t.match(dockerfile, /^ENTRYPOINT \["conngen"\]\nCMD \["--help"\]$/m);
});

t.test('the build gets what it copies, and no more', async (t) => {
  const kept = read('.dockerignore')
    .split('\n')
    .filter((line) => line.startsWith('!'))
    .map((line) => line.slice(1));
  for (const name of kept) t.ok(existsSync(join(ROOT, name)), name);
  const { files } = JSON.parse(read('package.json')) as { files: readonly string[] };
  const left = files.filter((file) => !kept.includes(file.split('/')[0]!));
  t.same(left, ['dist', 'examples', 'man', 'SECURITY.md'], 'made by the build, or of no use in a container');
});

t.test('the profile refuses what it does not name, and allows io_uring on any condition', async (t) => {
  const { defaultAction, syscalls } = JSON.parse(read('examples/docker/seccomp.json')) as Profile;
  t.equal(defaultAction, 'SCMP_ACT_ERRNO');
  const rules = syscalls.filter(({ names }) => names.some((name) => name.startsWith('io_uring')));
  t.match(rules, [{ names: IO_URING, action: 'SCMP_ACT_ALLOW' }]);
  t.equal(rules.length, 1);
  const [{ includes, excludes, args }] = rules as [Rule];
  t.same([includes, excludes, args], [undefined, undefined, undefined]);
  const mount = syscalls.filter(({ names }) => names.includes('mount'));
  t.match(mount, [{ includes: { caps: ['CAP_SYS_ADMIN'] } }], 'what Docker refuses is refused');
});

t.test('the profile of another version is made in the same way', async (t) => {
  const again = allowIoUring(join(ROOT, 'examples/docker/seccomp.json'));
  t.equal(again.status, 0, again.stderr);
  t.same(JSON.parse(again.stdout), JSON.parse(read('examples/docker/seccomp.json')), 'once is enough');
  const directory = t.testdir({});
  const refusing = join(directory, 'refusing.json');
  const rules = [
    { names: ['read', 'io_uring_setup'], action: 'SCMP_ACT_ALLOW', includes: { caps: ['CAP_SYS_ADMIN'] } },
    { names: IO_URING, action: 'SCMP_ACT_ERRNO', errnoRet: 38 },
  ];
  writeFileSync(refusing, JSON.stringify({ defaultAction: 'SCMP_ACT_ERRNO', syscalls: rules }));
  const made = JSON.parse(allowIoUring(refusing).stdout) as Profile;
  t.match(made.syscalls, [{ names: ['read'] }, { names: IO_URING, action: 'SCMP_ACT_ALLOW' }]);
  t.equal(made.syscalls.length, 2);
  writeFileSync(refusing, '[]');
  t.match(allowIoUring(refusing), { status: 2, stderr: /expected a seccomp profile/ });
  t.match(allowIoUring(), { status: 2, stderr: /^usage: / });
});
