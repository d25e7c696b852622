// tier: kernel
/** The Debian package: built here, and looked into. debian-install.sh beside this file installs it in a fresh Debian, by hand. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { ROOT, plainEnvironment } from '../support/cli.ts';

const hasDpkg = spawnSync('dpkg-deb', ['--version']).status === 0;
const options = hasDpkg ? { timeout: 180_000 } : { skip: 'needs dpkg-deb' };

t.test('the package has its parts where Debian has them, and works from there', options, async (t) => {
  const directory = t.testdir({ unpacked: {} });
  const env = { ...plainEnvironment(), SOURCE_DATE_EPOCH: '1700000000' };
  execFileSync(join(ROOT, 'examples/debian/build.sh'), [directory], { env, stdio: 'pipe' });
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
  const [deb = ''] = readdirSync(directory).filter((name) => name.endsWith('.deb'));
  t.match(deb, new RegExp(`^conngen_${version.replaceAll('.', '\\.')}-1_[a-z0-9]+\\.deb$`));

  const file = join(directory, deb);
  const field = (name: string): string => execFileSync('dpkg-deb', ['-f', file, name], { encoding: 'utf8' }).trim();
  t.match(field('Depends'), /\bnodejs \(>= 20\.19\)/);
  t.ok(Number(field('Installed-Size')) < 20_000, `${field('Installed-Size')} KiB`);

  const listed = execFileSync('dpkg-deb', ['-c', file], { encoding: 'utf8' }).trimEnd().split('\n');
  t.same(
    listed.filter((line) => !/^(-rw-r--r--|-rwxr-xr-x|drwxr-xr-x|lrwxrwxrwx) root\/root /.test(line)),
    [],
    'owners and modes',
  );
  t.same(
    listed.filter((line) => !line.includes(' 2023-11-14 ')),
    [],
    'one time for all files, so that the same checkout makes the same bytes',
  );

  const root = join(directory, 'unpacked');
  execFileSync('dpkg-deb', ['-x', file, root]);
  for (const place of [
    'etc/default/conngen-server',
    'usr/lib/systemd/system/conngen-agent.service',
    'usr/lib/systemd/system/conngen-server.service',
    'usr/share/bash-completion/completions/conngen',
    'usr/share/doc/conngen/changelog.Debian.gz',
    'usr/share/doc/conngen/changelog.gz',
    'usr/share/fish/vendor_completions.d/conngen.fish',
    'usr/share/man/man1/conngen-client.1.gz',
    'usr/share/zsh/vendor-completions/_conngen',
  ])
    t.ok(existsSync(join(root, place)), place);
  const modules = join(root, 'usr/lib/conngen/node_modules');
  t.notOk(existsSync(join(modules, 'tsx')), 'nothing that only development needs');
  t.equal(readdirSync(join(modules, '@koromix')).length, 1, 'the library of koffi for this machine only');

  const run = spawnSync(join(root, 'usr/bin/conngen'), ['--version'], { encoding: 'utf8', env: plainEnvironment() });
  if (existsSync('/usr/bin/node')) t.match(run, { status: 0, stdout: `${version}\n`, stderr: '' });
  const launcher = join(root, 'usr/lib/conngen/bin/conngen.js');
  const doctor = spawnSync(process.execPath, [launcher, 'doctor', '127.0.0.1:9', '--rate', '10'], {
    encoding: 'utf8',
    env: plainEnvironment(),
  });
  t.comment(JSON.stringify(doctor));
  t.match(doctor.stdout, /^conngen doctor 127\.0\.0\.1:9\n[^]*tcp_tw_reuse/, doctor.stderr);

  const copyright = readFileSync(join(root, 'usr/share/doc/conngen/copyright'), 'utf8');
  const used = [...copyright.matchAll(/^Files: .*\n(?:Copyright: .*\n(?: {11}.*\n)*)License: (\S+)$/gm)];
  t.ok(used.length > 20, 'a paragraph for each package');
  for (const [, id] of used) t.match(copyright, `\n\nLicense: ${id}\n `, `the text of ${id}`);
});
