/** The table, its README, and what the scripts say before they do anything. */
import { accessSync, constants, cpSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import t from 'tap';
import { ROWS, SETTINGS, TUNING, machineSysctl, run, skipWithout } from './place.ts';

const SCRIPTS = ['show', 'apply', 'restore'];
const readme = readFileSync(path.join(TUNING, 'README.md'), 'utf8');
const isLinux = process.platform === 'linux';
const skip = isLinux ? false : 'needs Linux (/proc/sys)';

t.test('each row has its six columns, and no key comes twice', (t) => {
  for (const row of ROWS) t.equal(row.split('\t').length, 6, row);
  for (const { key, value, sides, how, since, reason } of SETTINGS) {
    t.match(key, /^(net|fs)(\.[a-z0-9_-]+)+$/, key);
    t.match(value, /^\d+( \d+)?$/, `${key}: a number, or two`);
    t.ok(sides.length > 0 && sides.every((side) => /^(client|server|gateway)$/.test(side)), `${key}: ${sides.join()}`);
    t.match(how, /^(at-least|exactly|leave)$/, `${key}: how`);
    t.match(since, /^(-|\d+\.\d+)$/, `${key}: since`);
    t.match(reason, /^[A-Z].*\.$/, `${key}: a sentence`);
  }
  t.equal(new Set(SETTINGS.map(({ key }) => key)).size, SETTINGS.length, 'no key comes twice');
  t.end();
});

t.test('the README explains every key, and says why others are left out', (t) => {
  const [explained = '', leftOut] = readme.split('## Left out on purpose');
  for (const { key } of SETTINGS) t.ok(explained.includes(`\`${key}\``), key);
  t.match(leftOut, '`net.ipv4.tcp_fin_timeout`');
  t.match(leftOut, '`net.ipv4.tcp_syncookies`');
  for (const { key } of SETTINGS) t.notOk(leftOut?.includes(`\`${key}\``), `${key} is in the table`);
  t.end();
});

t.test('the scripts are executable and ask for no more than sh', (t) => {
  for (const name of SCRIPTS) {
    const file = path.join(TUNING, name);
    t.doesNotThrow(() => accessSync(file, constants.X_OK), `${name} is executable`);
    t.equal(readFileSync(file, 'utf8').split('\n')[0], '#!/bin/sh', name);
  }
  t.end();
});

t.test('scripts pass shellcheck', { skip: skipWithout('shellcheck', 'shellcheck') }, (t) => {
  const { code, stdout } = run(
    'shellcheck',
    [...SCRIPTS, 'lib.sh'].map((name) => path.join(TUNING, name)),
  );
  t.equal(code, 0, 'no finding', { output: stdout });
  t.end();
});

t.test('--help, and an unknown argument', { skip }, (t) => {
  for (const name of SCRIPTS) {
    const help = run(path.join(TUNING, name), ['--help']);
    t.equal(help.code, 0, `${name} --help`);
    t.match(help.stdout, /^Usage: \S+/);
    for (const argument of ['cliant', '--frobnicate', '']) {
      const wrong = run(path.join(TUNING, name), [argument]);
      t.equal(wrong.code, 2, `${name} "${argument}"`);
      t.match(wrong.stderr, `${name}: unknown argument "${argument}"`);
      t.match(wrong.stderr, /^Usage: /m);
      t.equal(wrong.stdout, '', 'and nothing else');
    }
  }
  for (const args of [['--only'], ['--only', ''], ['--only', 'net.ipv4.tcp_fin_timeout'], ['--only=net.*']]) {
    const wrong = run(path.join(TUNING, 'apply'), args);
    t.equal(wrong.code, 2, args.join(' '));
    t.match(wrong.stderr, /^apply: --only: /);
  }
  t.end();
});

t.test('on this machine, show and a dry run change nothing and save nothing', { skip }, (t) => {
  const stateDir = mkdtempSync(path.join(tmpdir(), 'conngen-tuning-'));
  t.teardown(() => rmSync(stateDir, { recursive: true }));
  const env = { CONNGEN_STATE_DIR: stateDir, CONNGEN_SYSCTL_DIR: stateDir };
  const before = SETTINGS.map(({ key }) => machineSysctl(key));
  const shown = run(path.join(TUNING, 'show'), [], { env });
  const dry = run(path.join(TUNING, 'apply'), ['--dry-run', '--persist'], { env });
  for (const { code, stderr } of [shown, dry, run(path.join(TUNING, 'restore'), ['--dry-run'], { env })]) {
    t.equal(code, 0);
    t.equal(stderr, '');
  }
  for (const { key } of SETTINGS) {
    t.match(shown.stdout, new RegExp(`^${key} `, 'm'), `show: ${key}`);
    t.match(dry.stdout, new RegExp(`^(would   |ok      |skipped ) ${key}\\b`, 'm'), `apply --dry-run: ${key}`);
  }
  t.match(shown.stdout, /ulimit -n, .*soft \d+, hard \d+/);
  t.match(dry.stdout, /Nothing was changed\.\n$/);
  t.strictSame(
    SETTINGS.map(({ key }) => machineSysctl(key)),
    before,
  );
  t.strictSame(readdirSync(stateDir), []);
  t.end();
});

t.test(
  'without root: show and a dry run work, apply and restore say what they need',
  { skip: skip || (process.getuid?.() === 0 ? false : 'needs root, to give it up') },
  (t) => {
    const copy = mkdtempSync(path.join(tmpdir(), 'conngen-tuning-'));
    t.teardown(() => rmSync(copy, { recursive: true }));
    cpSync(TUNING, path.join(copy, 'kernel-tuning'), { recursive: true });
    run('chmod', ['-R', 'a+rX', copy]);
    const asNobody = (name: string, ...args: string[]) =>
      run(path.join(copy, 'kernel-tuning', name), args, { uid: 65534 });
    t.equal(asNobody('show').code, 0);
    t.equal(asNobody('apply', '--dry-run', 'server').code, 0);
    for (const [name, ...args] of [['apply', 'client'], ['apply'], ['restore']] as const) {
      const { code, stdout, stderr } = asNobody(name, ...args);
      t.equal(code, 1, name);
      t.match(stderr, new RegExp(`^${name}: needs root.*\\n$`), 'one line');
      t.equal(stdout, '');
    }
    t.end();
  },
);
