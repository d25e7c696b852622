// tier: kernel
/** The command line of `conngen agent`. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { connectBus } from '../../../src/fleet/bus/nats.ts';
import { makeKeyPair } from '../../../src/fleet/trust/keys.ts';
import { runCli, type CliRun } from '../../support/cli.ts';
import { whoIsThere } from '../../support/fleet-controller.ts';
import { busOptions, noNats, startNats } from '../../support/nats.ts';
import { freePort } from '../../support/ports.ts';

const agent = (...args: readonly string[]): Promise<CliRun> => runCli(['agent', ...args]);

t.test('bad input: every problem, and nothing was connected to', async (t) => {
  const directory = t.testdir({});
  const { privatePem, publicPem } = makeKeyPair();
  const [priv, empty] = [path.join(directory, 'private.pem'), path.join(directory, 'empty')];
  writeFileSync(priv, privatePem, { mode: 0o600 });
  writeFileSync(empty, '');
  const url = 'nats://127.0.0.1:1';
  const cases: readonly (readonly [readonly string[], RegExp])[] = [
    [[], /--fleet: got nothing, expected the NATS server/],
    [['--fleet', 'http://127.0.0.1'], /--fleet: .*expected nats:\/\/HOST:PORT/],
    [['--fleet', url, '--name', 'a.b'], /--name: got "a\.b", expected a name/],
    [['--fleet', url, '--name', '17'], /--name/],
    [['--fleet', url, '--allow-target', 'example.org'], /--allow-target: got "example\.org"/],
    [['--fleet', url, '--allow-target', '10.0.0.1/8'], /10\.0\.0\.0\/8/],
    [['--fleet', url, '--max-rate', 'max'], /--max-rate/],
    [['--fleet', url, '--max-duration', '0s'], /--max-duration/],
    [['--fleet', url, '--trust', `${directory}/none`], /--trust: .*none/],
    [['--fleet', url, '--trust', priv], /--trust: .*private/],
    [['--fleet', url, '--trust', empty], /--trust/],
    [['--fleet', url, '--rate', '5'], /--rate: .*an option of conngen agent/],
    [['--fleet', url, '--fleet-cert', empty], /--fleet-cert-key beside it/],
    [['--fleet', url, '--interface', 'nosuch0'], /--interface: got "nosuch0", expected an interface of this machine/],
    [['--fleet', url, '--interface', 'lo'], /--interface: got "lo", expected an interface other than loopback/],
    [['--fleet', url, '--vlan', '5'], /--vlan: got "5", expected --interface beside it/],
    [
      ['--fleet', url, '--source', '192.0.2.77'],
      /--source: .*expected addresses of this machine, which does not have 192/,
    ],
    [['--fleet', url, '--freebind'], /--freebind: .*expected --source beside it/],
    [['--fleet', url, '--keep', empty], /--keep: got ".*", expected a directory, not a file/],
    [['--fleet', url, '--keep', `${empty}/below`], /--keep: .*part of its path is not a directory/],
    [['--fleet', url, '--keep', '/proc'], /--keep: got "\/proc", expected a directory in which files can be made/],
    [['--fleet', url, '--keep', `${directory}/made`, '--max-rate', 'max'], /--max-rate/],
  ];
  const runs = await Promise.all(cases.map(([args]) => agent(...args)));
  for (const [index, [args, message]] of cases.entries()) {
    t.equal(runs[index]!.code, 2, args.join(' '));
    t.match(runs[index]!.stderr, message, args.join(' '));
  }
  t.notOk(existsSync(`${directory}/made`), 'no directory is made for input that is refused');
  t.ok(publicPem.includes('PUBLIC'));
});

t.test('no server there: 1, with what was tried and the next step', async (t) => {
  const port = await freePort();
  const run = await agent('--fleet', `nats://me:secret-word@127.0.0.1:${String(port)}`);
  t.equal(run.code, 1);
  t.match(run.stderr, new RegExp(`NATS at nats://127\\.0\\.0\\.1:${String(port)} does not answer: connection refused`));
  t.match(run.stderr, /hint: .*nats-server/);
  t.notMatch(run.stderr, /secret-word/);
});

t.test('from start to SIGTERM', { skip: noNats }, async (t) => {
  const directory = t.testdir({});
  mkdirSync(directory, { recursive: true });
  const key = path.join(directory, 'fleet.pub');
  writeFileSync(key, makeKeyPair().publicPem);
  const nats = await startNats();
  t.teardown(() => nats.stop());
  const bus = await connectBus(busOptions(nats.url));
  t.teardown(() => bus.close());
  let kill: (signal: NodeJS.Signals) => void = () => undefined;
  const args = ['agent', '--fleet', nats.url, '--name', 'one', '--trust', key, '--allow-target', '10.0.0.0/8:80'];
  const ended = runCli(args, { onSpawn: (child) => (kill = (signal) => void child.kill(signal)) });
  let found: Awaited<ReturnType<typeof whoIsThere>> = [];
  while (found.length === 0) found = await whoIsThere(bus);
  t.match(found, [{ name: 'one', busy: null, limits: { targets: ['10.0.0.0/8:80'] }, trusts: [/^SHA256:/] }]);
  const twin = await runCli(args);
  t.equal(twin.code, 1);
  t.match(twin.stderr, /an agent of the name one is there already .*127\.0\.0\.1/);
  kill('SIGTERM');
  const run = await ended;
  t.equal(run.code, 143);
  t.match(run.stderr, /agent one on nats:\/\/127\.0\.0\.1:\d+ \(.*node\), may aim at 10\.0\.0\.0\/8:80/);
  t.notMatch(run.stderr, /without --trust/);
  t.strictSame(await whoIsThere(bus), []);
});
