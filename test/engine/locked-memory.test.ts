// tier: kernel
/** What a user may lock in memory is too little: run as nobody, for whom the limit holds. */
import { troubleOf } from '../../src/engine/registry.ts';
import { spawnSync } from 'node:child_process';
import t from 'tap';
import type { RttResult } from '../../src/document/rtt.ts';
import { ROOT, clientResult, runCli, startServer } from '../support/cli.ts';
import { checkIdentities } from '../support/identities.ts';
import { inTime } from '../support/in-time.ts';

const NOBODY = ['setpriv', '--reuid=nobody', '--regid=nogroup', '--clear-groups', '--bounding-set=-all'];
const NOTE = /^engine uring is passed over.*: the limit of lockable memory, [\d,]+ KiB \(ulimit -l\), is too small/;

async function whyNot(): Promise<string | false> {
  const trouble = await troubleOf('uring');
  if (trouble !== null) return trouble.reason;
  if (process.getuid?.() !== 0) return 'needs root, to become nobody';
  const [command, ...rest] = [...NOBODY, 'prlimit', '--memlock=65536', 'test', '-r', `${ROOT}/package.json`];
  return spawnSync(command, rest).status === 0 ? false : 'needs setpriv, prlimit, and a checkout that nobody may read';
}

const skip = await whyNot();

/**
 * In bytes. Other processes of nobody share it: what is too little here stays so. Without the options that tap gives to every Node, which
 * would write into the checkout.
 */
function limited(bytes: number): { readonly prefix: readonly string[] } {
  return { prefix: [...NOBODY, 'prlimit', `--memlock=${bytes}`, 'env', '-u', 'NODE_OPTIONS'] };
}

t.test('a server whose second listener gets no ring listens on epoll', { skip }, async (t) => {
  // The rings of the first take 594 KiB.
  const server = await startServer(['--listeners', '2'], limited(640 * 1024));
  t.teardown(() => server.stop());
  t.equal(server.engine, 'epoll');
  const args = ['client', `127.0.0.1:${server.port}`, '--rate', 'max', '--max-in-flight', '50', '--count', '100'];
  const load = clientResult(
    await runCli([...args, '--payload-size', '10', '--source-ports', 'kernel', '--finish', 'echo', '--json', '-']),
  );
  checkIdentities(t, load);
  t.equal(load.rounds[0]!.outcomes.ok, 100, 'no listener is left behind that accepts nothing');
  const { accepted, system } = await server.stop();
  t.equal(accepted, 100);
  t.match(system, { engine: 'epoll', engine_notes: [NOTE] });
});

t.test('a client and a ping thread go on with epoll', { skip }, async (t) => {
  const server = await startServer(['--engine', 'epoll']);
  t.teardown(() => server.stop());
  const target = `127.0.0.1:${server.port}`;
  const client = ['client', target, '--rate', '100', '--count', '20', '--source-ports', 'kernel', '--json', '-'];
  for (const [bytes, ...more] of [
    [8192],
    [65_536, '--workers', '8'],
    [8192, '--probe', '50', '--workers', '1'],
  ] as const) {
    let code: number | null = null;
    const result = await inTime(async () => {
      const run = await runCli([...client, ...more], limited(bytes));
      code = run.code;
      return clientResult(run);
    });
    checkIdentities(t, result);
    t.match(result.system, { engine: 'epoll', engine_notes: [NOTE] });
    t.equal(result.rounds[0]!.outcomes.ok, 20);
    t.equal(code, 0);
  }
  const ping = ['rtt', target, '--rate', '50', '--duration', '200ms', '--json', '-'];
  const { system, rounds } = await inTime(
    async () => JSON.parse((await runCli(ping, limited(8192))).stdout) as RttResult,
  );
  t.match(system, { engine: 'epoll', engine_notes: [NOTE] });
  t.equal(rounds[0]!.received, 10);
});

t.test('an engine that was asked for is refused, with what helps', { skip }, async (t) => {
  const { code, stderr } = await runCli(['server', '--port', '0', '--engine', 'uring'], limited(65_536));
  t.equal(code, 1);
  t.match(stderr, /the limit of lockable memory, 64 KiB \(ulimit -l\), is too small/);
  t.match(stderr, /hint: raise ulimit -l/);
});
