// tier: kernel
/** The client against a server that others wrote: what conngen counts is what nginx logs. */
import { SOCKET_ENGINE_NAMES } from '../src/plan/engines.ts';
import { whyNot } from './support/engines.ts';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import type { RoundResult } from '../src/document/client.ts';
import { clientResult, runCli } from './support/cli.ts';
import { checkIdentities } from './support/identities.ts';
import { freePort } from './support/ports.ts';

// Debian puts it where a plain user's PATH does not look.
const NGINX = ['nginx', '/usr/sbin/nginx'].find((name) => spawnSync(name, ['-v']).status === 0);

/** A whole configuration: nothing of the system's is read or written. */
function configuration(folder: string, port: number): string {
  return `
${process.getuid?.() === 0 ? 'user root;' : ''}
daemon off;
worker_processes 1;
pid ${folder}/pid;
error_log ${folder}/error.log;
events { worker_connections 8192; }
http {
  access_log ${folder}/access.log;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  server {
    listen 127.0.0.1:${port} backlog=4096;
    location / { return 200 "hello\\n"; }
    location /missing { return 404; }
    location /busy { return 503; }
  }
}
`;
}

/** Starts nginx; `stop` lets it finish what is open and returns the number of lines in its access log. */
async function startNginx(command: string): Promise<{ port: number; stop: () => Promise<number> }> {
  const folder = mkdtempSync(path.join(tmpdir(), 'conngen-nginx-'));
  const port = await freePort();
  writeFileSync(path.join(folder, 'nginx.conf'), configuration(folder, port));
  const nginx = spawn(command, ['-c', path.join(folder, 'nginx.conf'), '-e', path.join(folder, 'error.log')], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  process.once('exit', () => nginx.kill('SIGTERM'));
  const ended = once(nginx, 'close');
  const log = (name: string): string => {
    const file = path.join(folder, name);
    return existsSync(file) ? readFileSync(file, 'utf8') : '';
  };
  // The pid file comes after the listening socket. A connection to try it out might leave a line in the log.
  for (let i = 0; i < 100 && log('pid') === ''; i++) {
    if (nginx.exitCode !== null) throw new Error(`nginx ended with ${nginx.exitCode}: ${log('error.log')}`);
    await sleep(50);
  }
  const stop = async (): Promise<number> => {
    nginx.kill('SIGQUIT');
    await ended;
    const lines = log('access.log').split('\n').length - 1;
    rmSync(folder, { recursive: true, force: true });
    return lines;
  };
  return { port, stop };
}

function requestOf(target: string): string {
  return `GET ${target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`;
}

const skip = NGINX === undefined ? 'needs nginx (apt-get install nginx-light)' : false;

await t.test('2000 connections/s for 5 s: each is in the access log', { skip }, async (t) => {
  const nginx = await startNginx(NGINX!);
  t.teardown(() => nginx.stop());
  const run = await runCli([
    'client',
    `127.0.0.1:${nginx.port}`,
    ...['--rate', '2000', '--duration', '5s'],
    ...['--payload', 'examples/http-get.req', '--finish', 'eof'],
    ...['--json', '-', '--quiet'],
  ]);
  const lines = await nginx.stop();

  t.equal(run.code, 0, 'exit code', { output: run.stderr });
  const result = clientResult(run);
  checkIdentities(t, result);
  t.equal(result.rounds.length, 1);
  const { attempts, outcomes } = result.rounds[0]!;
  t.equal(attempts.scheduled, 10_000);
  t.equal(outcomes.ok, attempts.started, 'every attempt is ok', { output: JSON.stringify(outcomes) });
  t.equal(lines, attempts.started, 'lines in the access log');
});

t.jobs = 2;

for (const engine of SOCKET_ENGINE_NAMES) {
  t.test(`${engine}: answers of nginx by their status`, { skip: skip || (await whyNot(engine)) }, async (t) => {
    const nginx = await startNginx(NGINX!);
    t.teardown(() => nginx.stop());
    const folder = t.testdir({ missing: requestOf('/missing'), busy: requestOf('/busy'), root: requestOf('/') });
    const roundOf = async (name: string, ...more: string[]): Promise<RoundResult> => {
      const run = await runCli([
        ...['client', `127.0.0.1:${nginx.port}`, '--engine', engine],
        // As fast as both ends can: a machine that is held up takes longer, and misses nothing.
        ...['--rate', 'max', '--max-in-flight', '20', '--count', '100'],
        ...['--payload', path.join(folder, name), '--finish', 'eof', '--json', '-', '--quiet', ...more],
      ]);
      const result = clientResult(run);
      checkIdentities(t, result);
      return result.rounds[0]!;
    };
    const statuses = { root: 200, missing: 404, busy: 503 };
    for (const [name, status] of Object.entries(statuses)) {
      const { outcomes, responses, findings } = await roundOf(name);
      t.equal(outcomes.ok, 100);
      t.same(responses, { [status]: 100 });
      const found = findings.find(({ code }) => code === 'error_statuses');
      const judged = await roundOf(name, '--expect-status', '200,30x');
      t.same([judged.outcomes.unexpected_response, judged.responses], [status === 200 ? 0 : 100, { [status]: 100 }]);
      t.same(found?.evidence, status === 200 ? undefined : { error_statuses: 100, answered: 100, status: [status] });
    }
  });
}
