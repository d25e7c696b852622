// tier: kernel
/** What a user can type wrongly, as a user meets it: exit code 2, every problem named, nothing written. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { runCli } from '../support/cli.ts';

interface Case {
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Every line that is expected on stderr, but for the last, which points to the help. */
  readonly lines: readonly (string | RegExp)[];
}

const CASES: Readonly<Record<string, Case>> = {
  'rate 0': { args: ['client', '--rate', '0'], lines: ['--rate: got "0", expected more than 0 connections/s'] },
  'rate negative': {
    args: ['client', '--rate', '-5'],
    lines: ['--rate: got "-5", expected more than 0 connections/s'],
  },
  'rate negative with =': {
    args: ['client', '--rate=-5'],
    lines: ['--rate: got "-5", expected more than 0 connections/s'],
  },
  'packet without an interface': {
    args: ['client', '192.0.2.1:80', '--engine', 'packet'],
    lines: [/^--interface: got nothing, expected an interface for --engine packet \((up here: .*|none is up here)\)$/],
  },
  'packet on an interface that is not there, and in no VLAN': {
    args: ['server', '--engine', 'packet', '--interface', 'no-such0', '--vlan', '5000'],
    lines: [
      '--vlan: got "5000", expected the number of a VLAN, from 1 to 4094',
      /^--interface: got "no-such0", expected an interface of this machine \(/,
    ],
  },
  'packet on loopback': {
    args: ['search', '--engine', 'packet', '--interface', 'lo'],
    lines: [/^--interface: got "lo", expected an interface other than loopback, whose packets never leave the kernel/],
  },
  'interface without packet': {
    args: ['saturate', '--interface', 'eth0'],
    lines: ['--interface: got "eth0", expected to be left out, or --engine packet beside it'],
  },
  'pings of packet': {
    args: ['rtt', '--engine', 'packet'],
    lines: [/^--engine: got "packet", expected auto, .*: the packet engine has no pings/],
  },
  'rate abc': { args: ['client', '--rate', 'abc'], lines: [/^--rate: got "abc", expected a number of connections\/s/] },
  'rate NaN': { args: ['client', '--rate', 'NaN'], lines: [/^--rate: got "NaN", expected a number of connections\/s/] },
  'rate without a value': { args: ['client', '--rate'], lines: [/^--rate: got nothing, expected a number/] },
  'duration 0': {
    args: ['client', '--duration', '0'],
    lines: ['--duration: got "0", expected a duration of at least 1ms'],
  },
  'payload missing': {
    args: ['client', '--payload', 'none'],
    lines: ['--payload: got "none", expected a file that exists'],
  },
  'payload a directory': {
    args: ['client', '--payload', '.'],
    lines: ['--payload: got ".", expected a file, not a directory'],
  },
  'port 0': { args: ['client', '--port', '0'], lines: ['--port: got "0", expected a port from 1 to 65535'] },
  'port 70000': {
    args: ['client', 'localhost:70000'],
    lines: [/^target: got "localhost:70000", expected .* PORT from 1 to 65535/],
  },
  'a host that does not resolve': {
    args: ['client', 'name.invalid:80'],
    lines: [/^target: got "name\.invalid:80", expected a host name that resolves/],
  },
  'a source of another machine': {
    args: ['client', '--source', '198.51.100.7'],
    lines: [/^--source: got "198\.51\.100\.7", expected addresses of this machine/],
  },
  'a threshold on a probe that is not there': {
    args: ['client', '--fail-if', 'p99(probe)>5ms'],
    lines: ['--fail-if: got "p99(probe)>5ms", expected a --probe beside it, such as --probe 100/s'],
  },
  'the same in a search': {
    args: ['search', '--fail-if', 'p99(probe)>5ms', '--goal', 'p99(probe)<=5ms'],
    lines: [/^--goal: .*expected a --probe/, /^--fail-if: .*expected a --probe/],
  },
  'a probe back to back': {
    args: ['client', '--probe', 'max'],
    lines: ['--probe: got "max", expected a number of pings/s such as 100 or 1k'],
  },
  'a directory without a lab': {
    args: ['lab', '--resume', '/'],
    lines: ['--resume: got "/", expected the directory of a lab, with lab.json in it, a file that exists'],
  },
  'an unknown flag': { args: ['client', '--raet', '5'], lines: [/^--raet: .* did you mean --rate\?$/] },
  'an unknown command': { args: ['clinet'], lines: [/^command: got "clinet", .* did you mean client\?$/] },
  'a switch beside an unknown command': { args: ['serve', '--quiet'], lines: [/^command: got "serve", .* server\?$/] },
  'a switch without a command': { args: ['--quiet'], lines: [/^--quiet: got "--quiet", expected a command before it/] },
  'a switch that cannot be used': {
    args: ['client', '-4', '-6'],
    lines: [/^--ipv\d: got "--ipv\d", expected /],
  },
  "another command's letter": {
    args: ['search', '-n', '5'],
    lines: [/^-n: got "5", expected an option of conngen search/],
  },
  "other tools' headers and rate": {
    args: ['client', '127.0.0.1:9', '-H', 'a', '-q', '4'],
    lines: [/^-H: .* here it is --payload \(/, /^argument: .*-q is --quiet here, a rate is --rate$/],
  },
  'two sources in one': {
    args: ['client', '--source', '127.0.0.1,127.0.0.2'],
    lines: [/^--source: .*one address, range or prefix: give the option once for each$/],
  },
  'an option without a command': { args: ['--rate', '5'], lines: [/^--rate: got "5", expected a command before it/] },
  'two problems': {
    args: ['client', '--rate', '0', '--timeout', 'soon'],
    lines: [/^--rate: got "0"/, /^--timeout: got "soon", expected a duration/],
  },
  'a directory for the result': {
    args: ['client', '--json', '.'],
    lines: ['--json: got ".", expected a file, not a directory'],
  },
  'a result that would overwrite the payload': {
    args: ['client', '--payload', 'kept', '--json', './kept'],
    lines: ['--json: got "./kept", expected another file than --payload, which it would overwrite'],
  },
  'given twice': { args: ['client', '-d', '1s', '-d', '2s'], lines: ['--duration: got "1s, 2s", expected it once'] },
  'thresholds that cannot be read': {
    args: ['client', '--fail-if', 'p99(totl)>20ms', '--fail-if', 'failures>5ms'],
    lines: [
      '--fail-if: got "p99(totl)>20ms", expected a clock at character 5: schedule_lag, connect, first_byte, total, corrected_total or probe',
      '--fail-if: got "failures>5ms", expected a whole number, or a share from 0% to 100% such as 0.1% at character 10',
    ],
  },
  'files that cannot be written': {
    args: ['client', '--hlog', '.', '--hgrm', 'none/%.hgrm', '--csv', '-'],
    lines: [
      '--csv: got "-", expected the name of a file: stdout is for the result',
      '--hlog: got ".", expected a file, not a directory',
      '--hgrm: got "none/%.hgrm", expected a file that can be written (there is no such directory)',
    ],
  },
  'files that would overwrite each other': {
    args: ['client', '--payload', 'kept', '--json', 'a', '--hlog', './a', '--hgrm', 'b', '--csv', './kept'],
    lines: [
      '--hlog: got "./a", expected another file than --json, which it would overwrite',
      '--csv: got "./kept", expected another file than --payload, which it would overwrite',
    ],
  },
  'a result in a directory that is not there': {
    args: ['client', '--json', 'none/x.json'],
    lines: ['--json: got "none/x.json", expected a file that can be written (there is no such directory)'],
  },
  'a name that is too long': {
    args: ['rtt', '--json', 'n'.repeat(256)],
    lines: [
      /^--json: got "n+…", expected a file that can be written \(the name is longer than the file system takes\)$/,
    ],
  },
  'a result that would overwrite what responses are compared with': {
    args: ['client', '--verify', 'kept', '--json', 'kept'],
    lines: ['--json: got "kept", expected another file than --verify, which it would overwrite'],
  },
  'a result that a table would overwrite': {
    args: ['client', '--hgrm', 'h-%', '--json', './h-r1.total', '--csv', 'h-r12.connect'],
    lines: [
      '--hgrm: got "h-%", expected another file than --json, which it would overwrite',
      '--hgrm: got "h-%", expected another file than --csv, which it would overwrite',
    ],
  },
  'a response that the result would overwrite': {
    args: ['server', '--mode', 'respond', '--response', 'kept', '--json', 'kept'],
    lines: ['--json: got "kept", expected another file than --response, which it would overwrite'],
  },
  'a result in the place of the files of a lab': {
    args: ['lab', 'abstraction', '--out', '.', '--json', 'lab.json'],
    lines: [
      '--out: got ".", expected a directory that is empty or not there yet',
      '--json: got "lab.json", expected another file than lab.json of --out, which it would overwrite',
    ],
  },
  'two results for stdout': {
    args: ['search', '127.0.0.1:9', '--json', '-', '--markdown', '/dev/stdout'],
    lines: ['--markdown: got "/dev/stdout", expected the name of a file: stdout is for --json -'],
  },
  'the environment': {
    args: ['client'],
    env: { CONNGEN_RATE: 'abc', CONNGEN_RAET: '1' },
    lines: [/^WARN: CONNGEN_RAET .* did you mean CONNGEN_RATE\?$/, /^CONNGEN_RATE: got "abc", expected/],
  },
  'a configuration file': {
    args: ['client', '--config', 'conf.json'],
    lines: [/^conf\.json: raet: got "5".* did you mean rate\?$/],
  },
  'server port': {
    args: ['server', '--port', '70000'],
    lines: ['--port: got "70000", expected a port from 0 to 65535'],
  },
  'server work': {
    args: ['server', '--work', 'cpu', '--work-strategy', 'dispatch:4', '--busy-tasks', 'x'],
    lines: [
      /^--work: got "cpu", expected none, cpu:N/,
      /^--work-strategy: got "dispatch:4", expected dispatch:N,queue=L, such as dispatch:4,queue=64$/,
      /^--busy-tasks: got "x", expected a whole number of tasks from 0 to 100000$/,
    ],
  },
  'server work that cannot be': {
    args: ['server', '--work', 'cpu:300', '--work-strategy', 'pool', '--engine', 'epoll'],
    lines: [
      /^--work-strategy: got "pool", expected --engine node with it, because .* --engine epoll never returns to$/,
    ],
  },
  'escape sequences': {
    args: ['client', '--\u001b[31mred', '--config', 'escapes.json', '--payload', 'x\u009b2J'],
    env: { 'CONNGEN_\u001b[2J': '1' },
    lines: [
      String.raw`WARN: CONNGEN_\u001b[2J is no option and has no effect`,
      /^--\\u001b\[31mred: got /,
      /^--config: got "escapes\.json", expected a file of JSON \(.*\\u001b/,
      String.raw`--payload: got "x\u009b2J", expected a file that exists`,
    ],
  },
  'escape sequences in keys of a file': {
    args: ['client', '--config', 'keys.json'],
    lines: [String.raw`keys.json: \u001b[2J\u202e: got "1", expected an option of conngen client`],
  },
  'a target behind --': {
    args: ['client', '--', 'localhost:70000', 'more'],
    lines: ['argument: got "more", expected no further argument', /^target: got "localhost:70000", expected .* PORT/],
  },
  'server words': { args: ['server', 'here'], lines: ['argument: got "here", expected no further argument'] },
};

const FILES = {
  kept: 'kept',
  'conf.json': '{"raet": 5}',
  'escapes.json': '\u001b[2J',
  'keys.json': JSON.stringify({ '\u001b[2J\u202e': 1 }),
};

for (const [name, { args, env, lines }] of Object.entries(CASES)) {
  t.test(name, async (t) => {
    const cwd = t.testdir(FILES);
    const run = await runCli(args, { cwd, ...(env === undefined ? {} : { env }) });
    t.equal(run.code, 2);
    t.equal(run.stdout, '');
    const said = run.stderr.trimEnd().split('\n');
    t.match(said.pop(), /^See conngen.* --help\.$/);
    t.equal(said.length, lines.length, run.stderr);
    lines.forEach((line, index) => t.match(said[index], line));
    t.same(readdirSync(cwd).sort(), Object.keys(FILES).sort(), 'nothing was written');
  });
}

t.test('the result file is not touched when the input is bad', async (t) => {
  const cwd = t.testdir({ 'old.json': 'old' });
  await runCli(['client', '--rate', '0', '--json', 'old.json'], { cwd });
  t.matchOnly(readdirSync(cwd), ['old.json']);
  t.equal(readFileSync(join(cwd, 'old.json'), 'utf8'), 'old');
});

t.test('a value that looks like a flag for help is a value', async (t) => {
  t.match(await runCli(['client', '--payload', '-h']), { code: 2, stdout: '', stderr: /--payload: got "-h"/ });
});
