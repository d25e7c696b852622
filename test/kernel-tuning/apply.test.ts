// tier: kernel
/** apply and restore in network namespaces of their own: what changes, what does not, and that everything comes back. */
import { cpSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import type { Test } from 'tap';
import { MACHINE_KEYS, PORT_RANGE, Place, SETTINGS, TUNING, machineSysctl, skipReason } from './place.ts';

const skip = skipReason();
const TW_REUSE = 'net.ipv4.tcp_tw_reuse';
const SOMAXCONN = 'net.core.somaxconn';
const machine = () => MACHINE_KEYS.map((key) => [key, machineSysctl(key)]);
const before = machine();

/** The keys that a run has set, in its order. */
const keysSet = (stdout: string): string[] => [...stdout.matchAll(/^set +(\S+):/gm)].map((match) => match[1] ?? '');

function place(t: Test): Place {
  const made = new Place();
  t.teardown(() => made.remove());
  return made;
}

t.test('apply sets what its side needs, restore leaves sysctl -a as it was', { skip }, async (t) => {
  const here = place(t);
  const all = here.all();
  t.ok(all.length > 100, 'sysctl -a says something');
  const applied = here.script('apply');
  t.equal(applied.code, 0);
  t.equal(applied.stderr, '');
  t.equal(here.get(PORT_RANGE), '32768\t60999', 'other programs keep their ports, and conngen its own');
  t.equal(here.get(TW_REUSE), '1');
  t.equal(here.get(SOMAXCONN), '65535');
  for (const { key, reason } of SETTINGS.filter(({ key }) => keysSet(applied.stdout).includes(key))) {
    t.ok(applied.stdout.includes(`${reason}\n`), `the reason for ${key}`);
  }
  const tuned = new Set(here.all());
  const changed = all.filter((line) => !tuned.has(line)).map((line) => line.split(' ')[0]);
  t.strictSame(changed.sort(), keysSet(applied.stdout).sort(), 'it changed what it said, and nothing else');

  const restored = here.script('restore');
  t.equal(restored.code, 0);
  t.strictSame(here.all(), all);
  t.strictSame(here.files(), [], 'nothing is saved any more');
  const again = here.script('restore');
  t.equal(again.code, 0);
  t.match(again.stdout, /^Nothing is saved for .*: nothing to restore\.\n$/);
});

t.test('values that someone had chosen come back, after any number of applies', { skip }, async (t) => {
  const here = place(t);
  here.set(PORT_RANGE, '20000 30001');
  here.set(TW_REUSE, '0');
  const all = here.all();
  here.script('apply client');
  const saved = here.saved().text;
  t.match(saved, `${TW_REUSE}\t1\t0\n`);
  t.notMatch(saved, PORT_RANGE, 'what somebody has chosen is left alone');
  const second = here.script('apply client');
  t.equal(second.code, 0);
  t.strictSame(keysSet(second.stdout), [], 'nothing was left to set');
  t.equal(here.saved().text, saved);
  here.set(TW_REUSE, '2');
  const third = here.script('apply');
  t.match(third.stdout, /^set +net\.ipv4\.tcp_tw_reuse: 2 -> 1$/m);
  t.match(here.saved().text, `${TW_REUSE}\t1\t0\n`, 'the first value stays saved');
  here.set(SOMAXCONN, '77');
  const restored = here.script('restore');
  t.match(restored.stdout, `${SOMAXCONN}: 77 -> `);
  t.match(restored.stdout, '(apply had set 65535)');
  t.strictSame(here.all(), all);
});

t.test('each side has its own settings, and --only takes one', { skip }, async (t) => {
  for (const side of ['client', 'server', 'gateway']) {
    const here = place(t);
    const { stdout } = here.script(`apply ${side}`);
    const mine = SETTINGS.filter(({ sides }) => sides.includes(side)).map(({ key }) => key);
    const named = [...stdout.matchAll(/^(?:set|ok|skipped) +(\S+?):?(?: |$)/gm)].map((match) => match[1]);
    t.strictSame(named, mine, side);
    t.equal(here.get(TW_REUSE), side === 'client' ? '1' : '2', side);
    t.equal(here.get(SOMAXCONN) === '65535', side === 'server', side);
  }
  const here = place(t);
  t.strictSame(keysSet(here.script(`apply --only ${SOMAXCONN},${TW_REUSE}`).stdout).sort(), [SOMAXCONN, TW_REUSE]);
  t.equal(here.get(PORT_RANGE), '32768\t60999');
});

t.test('what is better already stays, and the range of ports in any case', { skip }, async (t) => {
  const here = place(t);
  here.set(SOMAXCONN, '100000');
  here.set('net.ipv4.tcp_timestamps', '2');
  here.set('net.ipv4.ip_unprivileged_port_start', '0');
  here.set(PORT_RANGE, '501 60000');
  t.equal(here.script('apply').code, 0);
  t.equal(here.get(SOMAXCONN), '100000');
  t.equal(here.get('net.ipv4.tcp_timestamps'), '2');
  t.equal(here.get(PORT_RANGE), '501\t60000');
});

t.test(
  'restore brings back, tabs and all, the range that an earlier version of apply has widened',
  { skip },
  async (t) => {
    const here = place(t);
    here.script('apply --only net.core.somaxconn');
    const { file, text } = here.saved();
    here.set(PORT_RANGE, '1024 65535');
    writeFileSync(file, `${text}${PORT_RANGE}\t1024 65535\t20000\t30001\n`);
    t.equal(here.script('restore').code, 0);
    t.equal(here.get(PORT_RANGE), '20000\t30001');
  },
);

t.test('restore and apply write nothing that apply has not saved here', { skip }, async (t) => {
  const here = place(t);
  here.script('apply client');
  const { file, text } = here.saved();
  const tuned = here.all();
  const env = { CONNGEN_SYSCTL_DIR: here.stateDir };
  for (const [line, complaint] of [
    ['net.ipv4.ip_forward\t0\t1', /"net\.ipv4\.ip_forward" is not a key of settings\.tsv/],
    ['net.ipv4/../../kernel.hostname\tx\ty', /is not a key of settings\.tsv/],
    ['kernel.core_pattern\tcore\t|/bin/x', /"kernel\.core_pattern" is not a key/],
    ['fs.nr_open\t1\t2', /fs\.nr_open belongs to the whole machine/],
  ] as const) {
    writeFileSync(file, `${text}${line}\n`);
    for (const command of ['restore', 'restore --dry-run', 'apply', 'apply --persist']) {
      const { code, stderr } = here.script(command, env);
      t.equal(code, 1, `${command}: ${line}`);
      t.match(stderr, complaint);
      t.match(stderr, /Nothing was changed; remove that line to go on\.\n$/);
    }
    t.strictSame(here.all(), tuned);
    t.strictSame(here.files(), [path.basename(file)], 'nothing is persistent');
  }
  writeFileSync(file, text);
  t.equal(here.script('restore').code, 0);
});

t.test('two that run at the same time do not lose what the other saves', { skip }, async (t) => {
  for (let round = 0; round < 3; round++) {
    const here = place(t);
    const all = here.all();
    const one = (key: string): string => `${TUNING}/apply --only ${key} & `;
    const keys = [TW_REUSE, SOMAXCONN, 'net.ipv4.tcp_max_tw_buckets', 'net.ipv4.tcp_max_syn_backlog'];
    const { code, stderr } = here.sh(`${keys.map(one).join('')}wait`);
    t.equal(code, 0, stderr);
    for (const key of keys) t.match(here.saved().text, `${key}\t`);
    t.equal(here.script('restore').code, 0);
    t.strictSame(here.all(), all);
  }
});

t.test('a link at the name of a temporary file is not followed', { skip }, async (t) => {
  const here = place(t);
  here.script('apply --only net.core.somaxconn');
  const { file } = here.saved();
  const victim = path.join(here.stateDir, 'victim');
  writeFileSync(victim, 'precious');
  symlinkSync(victim, `${file}.new`);
  symlinkSync(victim, path.join(here.stateDir, '90-conngen.conf.new'));
  const env = { CONNGEN_SYSCTL_DIR: here.stateDir };
  t.equal(here.script('apply client --persist', env).code, 0);
  t.equal(readFileSync(victim, 'utf8'), 'precious');
  t.match(here.saved().text, TW_REUSE);
  t.equal(statSync(file).mode & 0o777, 0o644, 'show needs no root to read it');
});

t.test('a dry run prints the same changes and makes none', { skip }, async (t) => {
  const here = place(t);
  const all = here.all();
  const dry = here.script('apply --dry-run --persist', { CONNGEN_SYSCTL_DIR: here.stateDir });
  t.equal(dry.code, 0);
  t.strictSame(here.all(), all);
  t.strictSame(here.files(), []);
  const wet = here.script('apply');
  const would = [...dry.stdout.matchAll(/^would +(.*)$/gm)].map((match) => match[1]);
  t.ok(would.length > 3);
  t.strictSame(
    would,
    [...wet.stdout.matchAll(/^set +(.*)$/gm)].map((match) => match[1]),
  );
  const tuned = here.all();
  t.equal(here.script('restore --dry-run').code, 0);
  t.strictSame(here.all(), tuned);
  t.strictSame(here.files().length, 1, 'and the values stay saved');
});

t.test('--persist writes a file that sysctl(8) takes, and restore removes it', { skip }, async (t) => {
  const here = place(t);
  const env = { CONNGEN_SYSCTL_DIR: here.stateDir };
  const file = path.join(here.stateDir, '90-conngen.conf');
  t.equal(here.script('apply client').code, 0);
  t.equal(here.script('apply server --persist', env).code, 0);
  const tuned = here.all();
  const lines = readFileSync(file, 'utf8').split('\n');
  t.ok(lines.includes(`${TW_REUSE} = 1`), 'also what an earlier apply has set');
  t.notOk(
    lines.some((line) => line.includes('tcp_timestamps')),
    'but not what was good enough without it',
  );

  const fresh = place(t);
  t.equal(fresh.sh(`sysctl -p ${file}`).code, 0);
  t.strictSame(fresh.all(), tuned, 'a new namespace becomes the same by that file');

  t.equal(here.script('restore', env).code, 0);
  t.strictSame(here.files(), [], 'the file is gone, and so is what was saved');
  t.equal(here.script('restore', env).code, 0);
});

t.test('--persist keeps off what it must not write', { skip }, async (t) => {
  const here = place(t);
  const all = here.all();
  const forMachine = here.script('apply --persist');
  t.equal(forMachine.code, 1, 'sysctl.d is the machine’s, not the namespace’s');
  t.match(forMachine.stderr, /^apply: --persist: .* not for network namespace \d+.*\n$/);
  const env = { CONNGEN_SYSCTL_DIR: here.stateDir };
  writeFileSync(path.join(here.stateDir, '90-conngen.conf'), 'net.core.somaxconn = 9\n');
  const foreign = here.script('apply --persist', env);
  t.equal(foreign.code, 1);
  t.match(foreign.stderr, /90-conngen\.conf is there and not mine/);
  t.strictSame(here.all(), all, 'and nothing was set before that was found out');
  here.script('restore', env);
  t.strictSame(here.files(), ['90-conngen.conf'], 'restore leaves it alone too');
});

t.test('a namespace does not touch the machine, and what is absent is skipped', { skip }, async (t) => {
  const here = place(t);
  const notes = here.script('apply').stdout;
  for (const key of MACHINE_KEYS) {
    t.match(notes, new RegExp(`^(ok +${key} is \\d+|skipped +${key}\n +(belongs to the whole machine|absent))`, 'm'));
  }
  const hidden = here.sh(`unshare -m sh -c 'mount -t tmpfs none /proc/sys/net/ipv4 && ${TUNING}/show'`);
  t.equal(hidden.code, 0);
  t.match(hidden.stdout, /^net\.ipv4\.tcp_tw_reuse +- +1 +absent: this kernel does not have it/m);
});

t.test('a read-only /proc/sys is said in one line', { skip }, async (t) => {
  const here = place(t);
  const all = here.all();
  const readOnly = 'mount --bind /proc/sys /proc/sys && mount -o remount,bind,ro /proc/sys';
  for (const name of ['apply', 'restore']) {
    const command = path.join(TUNING, name);
    const { code, stdout, stderr } = here.sh(`unshare -m sh -c '${readOnly} && ${command}'`);
    t.equal(code, 1, name);
    t.match(stderr, new RegExp(`^${name}: /proc/sys is read-only here.*\\n$`));
    t.equal(stdout, '');
  }
  t.strictSame(here.all(), all);
});

t.test('a value that the kernel refuses is a failure, and the rest is done', { skip }, async (t) => {
  const here = place(t);
  const copy = path.join(here.stateDir, 'copy');
  cpSync(TUNING, copy, { recursive: true });
  const table = path.join(copy, 'settings.tsv');
  writeFileSync(table, readFileSync(table, 'utf8').replace(`${SOMAXCONN}\t65535`, `${SOMAXCONN}\t99999999999`));
  const { code, stdout } = here.sh(`${copy}/apply`);
  t.equal(code, 1);
  t.match(stdout, /^FAILED +net\.core\.somaxconn stays 4096\n +the kernel refused 99999999999: Invalid/m);
  t.equal(here.get(TW_REUSE), '1');
  t.notMatch(here.saved().text, SOMAXCONN, 'nothing to restore for it');
});

t.test('where nothing can be saved, nothing is changed', { skip }, async (t) => {
  const here = place(t);
  const all = here.all();
  const full = path.join(here.stateDir, 'full');
  mkdirSync(full);
  const fill = `mount -t tmpfs -o size=4k none ${full} && mkdir ${full}/state && head -c 9999 /dev/zero > ${full}/zero`;
  const apply = path.join(TUNING, 'apply');
  const { code, stderr } = here.sh(`unshare -m sh -c '${fill}; ${apply}'`, { CONNGEN_STATE_DIR: `${full}/state` });
  t.equal(code, 1);
  t.match(stderr, /apply: cannot write .*: nothing can be saved, so nothing more is changed\n$/);
  writeFileSync(path.join(here.stateDir, 'file'), '');
  const noFolder = here.script('apply', { CONNGEN_STATE_DIR: path.join(here.stateDir, 'file/state') });
  t.equal(noFolder.code, 1);
  t.match(noFolder.stderr, /^apply: cannot make .*\n$/);
  t.strictSame(here.all(), all);
});

t.test('values from before a reboot, or of a namespace that is gone, are not used', { skip }, async (t) => {
  const here = place(t);
  here.script('apply client');
  const { file, text } = here.saved();
  const earlierBoot = text.replace(/^# boot .*$/m, '# boot 00000000-0000-4000-8000-000000000000');
  writeFileSync(file, earlierBoot);
  const restored = here.script('restore');
  t.equal(restored.code, 0);
  t.match(restored.stdout, /started again since apply/);
  t.equal(here.get(TW_REUSE), '1', 'restore has left it as it found it');
  t.strictSame(here.files(), []);

  const next = place(t);
  next.script('apply client');
  const ofThis = next.saved();
  // The same number, and none of what was set is in force: a namespace that came later.
  for (const line of ofThis.text.split('\n').filter((line) => line.startsWith('net.'))) {
    const [key = '', , ...was] = line.split('\t');
    next.set(key, was.join('\t'));
  }
  next.set(TW_REUSE, '0');
  t.match(next.script('apply client').stdout, /^Values saved for an earlier network namespace .*starting afresh\.$/m);
  t.match(next.saved().text, `${TW_REUSE}\t1\t0\n`);
});

t.test('what belongs to the machine is as it was before all this', { skip }, async (t) => {
  t.strictSame(machine(), before);
});
