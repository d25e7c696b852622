/** An agent in a process of its own, against the NATS server of the example, and a target that counts. */
import { createServer, type AddressInfo } from 'node:net';
import path from 'node:path';
import type { Test } from 'tap';
import { PASSWORDS } from './example-nats.ts';
import { writeKeyPair } from '../../src/fleet/trust/key-files.ts';
import { loadSigningKey, type SigningKey } from '../../src/fleet/trust/keys.ts';
import { runCli, type CliRun } from '../support/cli.ts';

/** A target that takes connections, and how many came. */
export async function startTarget(t: Test): Promise<{ port: number; connections: () => number }> {
  let connections = 0;
  const server = createServer((socket) => {
    connections++;
    socket.on('error', () => undefined).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => server.close());
  return { port: (server.address() as AddressInfo).port, connections: () => connections };
}

export async function newKey(t: Test, name: string): Promise<{ file: string; pub: string; key: SigningKey }> {
  const written = await writeKeyPair(path.join(t.testdirName, `${name}.key`));
  if (!written.ok) throw new Error(written.expected);
  const key = await loadSigningKey(written.value.privateFile);
  if (!key.ok) throw new Error(key.expected);
  return { file: written.value.privateFile, pub: written.value.publicFile, key: key.value };
}

/** Starts `conngen agent` and resolves when it is there. Stopped when the test ends. */
export async function startAgent(
  t: Test,
  name: string,
  url: string,
  args: readonly string[],
): Promise<{ log: () => string }> {
  let log = '';
  let ended: Promise<CliRun> | undefined;
  const there = new Promise<void>((resolve, reject) => {
    ended = runCli(['agent', '--fleet', withUser(url, name), '--name', name, ...args], {
      timeoutMs: 280_000,
      onSpawn: (child) => {
        t.teardown(async () => {
          child.kill('SIGTERM');
          await ended;
        });
        child.stderr!.setEncoding('utf8').on('data', (text: string) => {
          log += text;
          if (log.includes('may aim at')) resolve();
        });
        child.once('exit', () => reject(new Error(log)));
      },
    });
  });
  await there;
  return { log: () => log };
}

export const withUser = (url: string, user: keyof typeof PASSWORDS | (string & {})): string =>
  url.replace('//', `//${user}:${user === 'controller' ? PASSWORDS.controller : PASSWORDS.agent}@`);
