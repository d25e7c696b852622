// tier: kernel
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { connectBus } from '../../../src/fleet/bus/nats.ts';
import type { FleetResult } from '../../../src/document/fleet.ts';
import { PASSWORDS, startExample } from '../../fleet/example-nats.ts';
import { description, speakFor } from '../../support/agents.ts';
import { plainEnvironment, runCli, type CliRun } from '../../support/cli.ts';
import { busOptions, noNats, startNats } from '../../support/nats.ts';
import { freePort } from '../../support/ports.ts';

/** Asks again where an answer of the last, c, came too late: all of them come from this process, which may be held up. */
async function whole(list: () => Promise<CliRun>): Promise<CliRun> {
  for (let tries = 1; ; tries++) {
    const run = await list();
    if (/^c |"c"/m.test(run.stdout) || tries === 5) return run;
  }
}

t.test('who is there, as text and as JSON', { skip: noNats }, async (t) => {
  const nats = await startNats();
  const bus = await connectBus(busOptions(nats.url));
  t.teardown(async () => {
    await bus.close();
    await nats.stop();
  });
  const empty = await runCli(['fleet', '--fleet', nats.url]);
  t.equal(empty.code, 1, empty.stderr);
  t.match(empty.stdout, /^No agent answered\.$/m);
  t.match(
    empty.stdout,
    /^ {2}conngen agent --fleet nats:\/\/ADDRESS-OF-THIS-MACHINE:\d+ --allow-target CIDR:PORTS --trust \S+$/m,
  );

  const busy = { run: 'r', controller: 'me@h', command: 'client', target: '10.0.0.5:80' };
  const ends = [
    speakFor(bus, () => description('a'), 'a'),
    speakFor(bus, () => description('b', { busy }), 'b'),
    speakFor(bus, () => ({ protocol: 99, conngen: '9.9.9', name: 'c' }), 'c'),
  ];
  t.teardown(() => ends.forEach((end) => end()));
  const listed = await whole(() => runCli(['fleet', '--fleet', nats.url]));
  t.equal(listed.code, 0, listed.stderr);
  t.match(listed.stdout, /^3 agents, 1 free\.$/m);
  t.match(listed.stdout, /^a +free +4 .* 10\.0\.0\.0\/8:80$/m);
  t.match(listed.stdout, /^b runs client against 10\.0\.0\.5:80 for me@h$/m);
  t.match(listed.stdout, /^c speaks another protocol: 99 \(conngen 9\.9\.9\)$/m);
  t.ok(listed.stdout.split('\n').every((line) => line.length <= 80));
  const json = await whole(() => runCli(['fleet', '--json', '-'], { env: { CONNGEN_FLEET: nats.url } }));
  const result = JSON.parse(json.stdout) as FleetResult;
  t.same(
    result.agents.map(({ name, state }) => [name, state]),
    [
      ['a', 'free'],
      ['b', 'busy'],
      ['c', 'incompatible'],
    ],
  );
});

t.test('--watch tells each change in a line, and ends with a signal', { skip: noNats }, async (t) => {
  const nats = await startNats();
  const bus = await connectBus(busOptions(nats.url));
  t.teardown(async () => {
    await bus.close();
    await nats.stop();
  });
  let busy: ReturnType<typeof description>['busy'] = null;
  const end = speakFor(bus, () => description('a', { busy }), 'a');
  let output = '';
  const until = async (what: RegExp): Promise<void> => {
    while (!what.test(output)) await new Promise((resolve) => setTimeout(resolve, 20));
  };
  let watching: ChildProcess | undefined;
  const run = runCli(['fleet', '--fleet', nats.url, '--watch'], {
    onSpawn: (child) => {
      watching = child;
      child.stdout!.on('data', (text: Buffer) => (output += text.toString()));
    },
  });
  await until(/ a is free\n/);
  busy = { run: 'r', controller: 'me@h', command: 'rtt', target: 'h:1' };
  await until(/ a runs rtt against h:1 for me@h\n/);
  end();
  await until(/ a is gone\n/);
  watching!.kill('SIGINT');
  const { code, stdout, stderr } = await run;
  t.equal(code, 130, stderr);
  t.equal(stdout.trimEnd().split('\n').length, 3);
});

t.test(
  '--watch ends when nobody reads it, also while nothing changes',
  { skip: noNats, timeout: 180_000 },
  async (t) => {
    const nats = await startNats();
    const bus = await connectBus(busOptions(nats.url));
    t.teardown(async () => {
      await bus.close();
      await nats.stop();
    });
    t.teardown(speakFor(bus, () => description('a'), 'a'));
    const command = `"${process.execPath}" bin/conngen.js fleet --watch --fleet ${nats.url}`;
    const shell = spawn('bash', ['-c', `${command} | head -n 1; echo "\${PIPESTATUS[0]}"`], {
      env: plainEnvironment(),
    });
    let [stdout, stderr] = ['', ''];
    shell.stdout.on('data', (text: Buffer) => (stdout += text.toString()));
    shell.stderr.on('data', (text: Buffer) => (stderr += text.toString()));
    await once(shell, 'close');
    t.match(stdout, /^\S+ a is free\n0\n$/);
    t.equal(stderr, '');
  },
);

t.test('what cannot be done: said before anything is asked', async (t) => {
  const cases: [args: string[], message: RegExp][] = [
    [[], /^--fleet: got nothing, expected the NATS server of the fleet/],
    [['--fleet', 'http://h'], /^--fleet: got "http:\/\/h", expected nats:/],
    [['--fleet', 'h', '--watch', '--json', 'x'], /^--json: .*no --watch beside it/],
    [['--fleet', 'h', '--out', 'x'], /^--out: .*keygen as the action/],
    [['keygen', '--watch'], /^--watch: .*list as the action/],
    [['keygen', '--json', 'x'], /^--json: .*list as the action/],
    [['lsit'], /^action: got "lsit", expected list or keygen/],
    [['--fleet', 'h', '--fleet-cert', 'x'], /^--fleet-cert: .*--fleet-cert-key beside it/],
  ];
  const cwd = t.testdir({});
  for (const [args, message] of cases) {
    const { code, stderr, stdout } = await runCli(['fleet', ...args], { cwd });
    t.equal(code, 2, args.join(' '));
    t.match(stderr, message);
    t.equal(stdout, '');
  }
});

t.test('a server that does not answer, and credentials that it refuses', { skip: noNats }, async (t) => {
  const away = await runCli(['fleet', '--fleet', `nats://127.0.0.1:${await freePort()}`]);
  t.equal(away.code, 1);
  t.match(away.stderr, /^ERROR: .*\nhint: /);
  const nats = await startNats({ config: 'authorization { user: "me", password: "right" }' });
  t.teardown(() => nats.stop());
  const refused = await runCli(['fleet', '--fleet', `nats://me:wr0ng@127.0.0.1:${nats.port}`]);
  t.equal(refused.code, 1);
  t.match(refused.stderr, /^ERROR: .*\nhint: /);
  t.notMatch(refused.stderr + refused.stdout, /wr0ng/);
  const right = await runCli(['fleet', '--fleet', `nats://me:right@127.0.0.1:${nats.port}`]);
  t.match(right.stdout, new RegExp(`^conngen fleet nats://127.0.0.1:${nats.port}\\n`));
  t.notMatch(right.stderr + right.stdout, /right/);
});

t.test('a user who may not ask for agents is told so', { skip: noNats }, async (t) => {
  const nats = await startExample(t);
  const fleet = nats.url.replace('://', `://agent-1:${PASSWORDS.agent}@`);
  const { code, stdout, stderr } = await runCli(['fleet', '--fleet', fleet]);
  t.equal(code, 1);
  t.match(
    stderr,
    /^ERROR: the NATS server does not let this user ask for agents: .*conngen\.fleet\..*\nhint: connect as /,
  );
  t.equal(stdout, '');
  const run = await runCli(['client', '127.0.0.1:9', '--rate', '1', '--fleet', fleet, '--agents', '1', '--quiet']);
  t.equal(run.code, 1);
  t.match(run.stderr, /does not let this user ask for agents/);
});

t.test('keygen makes a key that only its owner can read, and says what to type', async (t) => {
  const directory = t.testdir({});
  const { code, stdout } = await runCli(['fleet', 'keygen', '--out', directory]);
  t.equal(code, 0);
  const [file] = /\S+\.key/.exec(stdout) ?? [''];
  t.ok(existsSync(path.resolve(directory, file)));
  t.equal(statSync(path.resolve(directory, file)).mode & 0o777, 0o600);
  t.match(readFileSync(path.resolve(directory, file), 'utf8'), /PRIVATE KEY/);
  t.match(stdout, /--trust/);
});
