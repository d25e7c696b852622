// tier: kernel
/** A generator that stood still for longer than its timeout: what came meanwhile is read before the peer is blamed. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { SOCKET_ENGINE_NAMES } from '../../src/plan/engines.ts';
import type { RoundResult } from '../../src/document/client.ts';
import { clientResult, runCli } from '../support/cli.ts';
import { whyNot } from '../support/engines.ts';
import { checkIdentities } from '../support/identities.ts';

/** Much longer than the timeout, which a peer that is held up does not reach. */
const STOPPED_MS = 4000;
const STOP_AT = 10;

const FINISHES = ['echo', 'eof'] as const;

/** A server that stops the process that it is asked for at its tenth request, before it answers. With `eof` it closes after the answer. */
async function stoppingServer(t: Test, finish: string, generator: () => ChildProcess): Promise<number> {
  let requests = 0;
  const serve = async (socket: Socket): Promise<void> => {
    const isStop = ++requests === STOP_AT;
    if (isStop) generator().kill('SIGSTOP');
    const request = socket.read() as Buffer;
    if (finish === 'eof') socket.end(request);
    else socket.write(request);
    if (!isStop) return;
    await sleep(STOPPED_MS);
    generator().kill('SIGCONT');
  };
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('readable', () => void serve(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  return (server.address() as AddressInfo).port;
}

/** Runs a client that is stopped for longer than its timeout. */
async function stoppedRound(t: Test, engine: string, finish: string): Promise<RoundResult> {
  let child: ChildProcess | undefined;
  const port = await stoppingServer(t, finish, () => child!);
  const run = await runCli(
    [
      ...['client', `127.0.0.1:${port}`, '--engine', engine, '--workers', '1', '--rate', '100', '--duration', '2s'],
      ...['--timeout', '2s', '--payload-size', '10', '--finish', finish, '--json', '-', '--quiet'],
    ],
    { onSpawn: (spawned) => (child = spawned) },
  );
  const result = clientResult(run);
  checkIdentities(t, result);
  return result.rounds[0]!;
}

// They wait most of the time.
t.jobs = SOCKET_ENGINE_NAMES.length;

for (const engine of SOCKET_ENGINE_NAMES) {
  void t.test(engine, { skip: await whyNot(engine) }, async (t) => {
    const rounds = await Promise.all(FINISHES.map((finish) => stoppedRound(t, engine, finish)));
    for (const [index, { attempts, outcomes, owners, verdict }] of rounds.entries()) {
      t.ok(attempts.started >= STOP_AT && attempts.missed > 0, 'it was stopped past the end of the round');
      const codes = verdict.reasons.map(({ code }) => code);
      t.ok(codes.includes('process_stopped'), 'the verdict names the cause', { found: verdict });
      t.notOk(codes.includes('missed_starts') || codes.includes('schedule_lag'), 'and does not say that it was slow');
      t.same([outcomes.ok, owners.target], [attempts.started, 0], FINISHES[index] ?? '');
    }
  });
}
