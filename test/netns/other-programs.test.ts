// tier: netns
/** What a run leaves for the other programs of its machine: they bind and connect while it takes ports, and after it. */
import { spawn } from 'node:child_process';
import t from 'tap';
import type { Test } from 'tap';
import { Lab, noLab } from './lab.ts';
import { load } from './trial.ts';

const skip = noLab();

/**
 * Binds port 0 on 127.0.0.1 and on all addresses, and connects to another address and to itself, again and again until its
 * stdin ends. Prints a line for each turn, and at the end how often each of these ended how.
 */
const OTHER_PROGRAM = `
  const net = require('node:net');
  const counts = {};
  const count = (what, error) => {
    const key = what + ' ' + (error?.code ?? 'ok');
    counts[key] = (counts[key] ?? 0) + 1;
  };
  const bind = (host) => new Promise((resolve) => {
    const server = net.createServer();
    server.on('error', (error) => (count('bind', error), resolve()));
    server.listen({ host, port: 0, exclusive: true }, () => (count('bind'), server.close(resolve)));
  });
  const connect = (host, port) => new Promise((resolve) => {
    const socket = net.connect({ host, port });
    socket.on('error', (error) => (count('connect', error), resolve()));
    socket.on('connect', () => (count('connect'), socket.resetAndDestroy(), resolve()));
  });
  let isDone = false;
  process.stdin.resume().on('end', () => (isDone = true));
  const own = net.createServer((peer) => peer.on('error', () => {}).resume()).listen({ host: '127.0.0.1', port: 1024 }, async () => {
    while (!isDone) {
      await bind('127.0.0.1');
      await bind('0.0.0.0');
      await connect('198.18.2.2', 2345);
      await connect('127.0.0.1', 1024);
      console.log('turn');
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    own.close();
    console.log(JSON.stringify(counts));
  });
`;

/** Another program in the namespace of the client. Resolves when it has had so many turns; `stop` it for its counts. */
async function otherProgram(
  t: Test,
  lab: Lab,
  turns: number,
): Promise<{ stop: () => Promise<Record<string, number>> }> {
  const [command, ...args] = [...lab.client.prefix, process.execPath, '-e', OTHER_PROGRAM];
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  t.teardown(() => child.kill('SIGKILL'));
  let stdout = '';
  const ended = new Promise((resolve) => child.once('close', resolve));
  const hasTurned = new Promise((resolve) => {
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk.toString();
      if (stdout.split('\n').length > turns) resolve(null);
    });
  });
  await Promise.race([hasTurned, ended]);
  return {
    stop: async () => {
      child.stdin.end();
      await ended;
      return JSON.parse(stdout.trimEnd().split('\n').at(-1)!) as Record<string, number>;
    },
  };
}

/** 200 ports outside of the system's range, 800 in it. No other is free. */
const FEW_PORTS = { range: '40000 40799', reserved: '1024-39799,40800-65535' };

/** A run that takes every port it may take: how many connections it had, and how others fared during it and after it. */
async function takeAllPorts(t: Test, options: readonly string[], isOtherThere: boolean): Promise<[number, string[]]> {
  const lab = Lab.forTest(t);
  lab.client.sysctl('net.ipv4.ip_local_port_range', FEW_PORTS.range);
  lab.client.sysctl('net.ipv4.ip_local_reserved_ports', FEW_PORTS.reserved);
  const server = await lab.serve();
  const during = isOtherThere ? await otherProgram(t, lab, 1) : null;
  const { round } = await load(t, lab, ['--rate', '1000', '--duration', '1500ms', ...options]);
  const { ok, source_exhausted: exhausted } = round.outcomes;
  t.equal(exhausted, round.attempts.started - ok, 'it had every port');
  const ends = new Set(Object.keys((await during?.stop()) ?? {}));
  const after = await otherProgram(t, lab, 20);
  for (const end of Object.keys(await after.stop())) ends.add(end);
  await server.stop();
  return [ok, [...ends].sort()];
}

t.test(
  'other programs can bind and connect while a run has all its default ports, and after it',
  { skip },
  async (t) => {
    const [ok, ends] = await takeAllPorts(t, [], true);
    // 200 and seven eighths of 800, but for the few that the other program has at that moment.
    t.ok(ok > 850 && ok <= 900, `${ok} connections`);
    t.strictSame(ends, ['bind ok', 'connect ok']);
  },
);

t.test('after a run with --source-ports system they cannot: the test above tests something', { skip }, async (t) => {
  const [ok, ends] = await takeAllPorts(t, ['--source-ports', 'system'], false);
  t.equal(ok, 800);
  t.ok(
    ends.some((end) => end === 'bind EADDRINUSE' || end === 'connect EADDRNOTAVAIL'),
    ends.join(),
  );
});
