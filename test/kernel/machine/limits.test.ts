import { execFileSync } from 'node:child_process';
import t from 'tap';
import { openFileLimit, readLockedMemoryLimit } from '../../../src/kernel/machine/limits.ts';
import { MODULE_ARGS, moduleUrl } from '../../support/modules.ts';

t.test('the limit of open files', (t) => {
  t.ok(Number.isInteger(openFileLimit()) && openFileLimit() > 0);
  const { href } = moduleUrl('src/kernel/machine/limits.ts');
  const script = `import { openFileLimit } from '${href}'; console.log(openFileLimit());`;
  const args = [
    '-c',
    'ulimit -n 321; exec "$@"',
    'sh',
    process.execPath,
    ...MODULE_ARGS,
    '--input-type=module',
    '-e',
    script,
  ];
  t.equal(execFileSync('sh', args, { encoding: 'utf8' }).trim(), '321');
  t.end();
});

t.test('the limit of lockable memory', (t) => {
  const limits = (soft: string) => () =>
    `Max open files  1024  4096  files\nMax locked memory         ${soft}  unlimited  bytes`;
  t.equal(readLockedMemoryLimit(limits('8388608')), 8_388_608);
  t.equal(readLockedMemoryLimit(limits('unlimited')), undefined);
  t.equal(
    readLockedMemoryLimit(() => undefined),
    undefined,
  );
  t.end();
});
