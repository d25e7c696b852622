// tier: netns
/** The packet client and servers that others wrote: nginx and HAProxy. Each counts as many connections as the client. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { noLab, type Namespace } from '../lab.ts';
import { FAR, VethPair } from '../veth-pair.ts';
import { CONNECTIONS, FAMILIES, FEW, PORT, checkAllOk, load } from './ends.ts';

// Debian puts them where a plain user's PATH does not look.
const commandOf = (name: string): string | undefined =>
  [name, `/usr/sbin/${name}`].find((command) => spawnSync(command, ['-v']).status === 0);
const NGINX = commandOf('nginx');
const HAPROXY = commandOf('haproxy');
const withoutLab = noLab();

const BIG_BYTES = 100 * 1024;
const REQUESTS = {
  small: 'GET / HTTP/1.1\r\nHost: target\r\n\r\n',
  big: 'GET /big HTTP/1.1\r\nHost: target\r\n\r\n',
};

interface Running {
  readonly folder: string;
  /** Ends it when all connections are over. */
  stop(): Promise<void>;
}

/** Starts a program in the foreground with a configuration in a folder of its own; it listens when the port answers. */
async function start(
  t: Test,
  end: Namespace,
  program: {
    command: (folder: string) => string[];
    files: (folder: string) => Record<string, string>;
    stopBy: NodeJS.Signals;
  },
): Promise<Running> {
  const folder = mkdtempSync(path.join(tmpdir(), 'conngen-other-'));
  for (const [name, text] of Object.entries(program.files(folder))) writeFileSync(path.join(folder, name), text);
  const [command, ...args] = [...end.prefix, ...program.command(folder)];
  const child = spawn(command!, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let complaints = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (complaints += text));
  const ended = once(child, 'close');
  t.teardown(() => {
    child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });
  const isListening = (): boolean => end.exec('ss', '-Hltn', `sport = :${PORT}`).includes('LISTEN');
  for (let tries = 0; !isListening(); tries++) {
    if (child.exitCode !== null || tries === 100) throw new Error(`${command!} does not listen: ${complaints}`);
    await sleep(50);
  }
  const stop = async (): Promise<void> => {
    child.kill(program.stopBy);
    await ended;
  };
  return { folder, stop };
}

function startNginx(t: Test, end: Namespace): Promise<Running> {
  const configuration = (folder: string): string => `
    user root;
    daemon off;
    worker_processes 1;
    pid ${folder}/pid;
    error_log ${folder}/error.log;
    events { worker_connections 8192; }
    http {
      access_log ${folder}/access.log;
      keepalive_timeout 0;
      client_body_temp_path ${folder}/body;
      proxy_temp_path ${folder}/proxy;
      fastcgi_temp_path ${folder}/fastcgi;
      uwsgi_temp_path ${folder}/uwsgi;
      scgi_temp_path ${folder}/scgi;
      server {
        listen ${PORT} backlog=4096;
        listen [::]:${PORT} backlog=4096;
        location / { return 200 "hello\\n"; }
        location /big { alias ${folder}/big; }
      }
    }`;
  return start(t, end, {
    files: (folder) => ({ 'nginx.conf': configuration(folder), big: 'x'.repeat(BIG_BYTES) }),
    command: (folder) => [NGINX!, '-c', path.join(folder, 'nginx.conf'), '-e', path.join(folder, 'error.log')],
    stopBy: 'SIGQUIT',
  });
}

t.test(
  'nginx',
  { skip: withoutLab || (NGINX === undefined && 'needs nginx (apt-get install nginx-light)') },
  async (t) => {
    const folder = t.testdir(REQUESTS);
    for (const name of ['small', 'big'] as const) {
      for (const family of FAMILIES) {
        await t.test(`${name} responses over IPv${family}`, async (t) => {
          const pair = VethPair.forTest(t);
          const nginx = await startNginx(t, pair.far);
          // 100 KiB each.
          const connections = name === 'big' || family === 6 ? FEW : CONNECTIONS;
          const payload = ['--payload', path.join(folder, name), '--finish', 'eof', '--expect-status', '200'];
          const round = await load(t, pair.near, {
            engine: 'packet',
            family,
            host: FAR[family],
            args: payload,
            connections,
          });
          await nginx.stop();
          checkAllOk(t, round, connections);
          t.same(round.responses, { 200: connections });
          const lines = readFileSync(path.join(nginx.folder, 'access.log'), 'utf8').trimEnd().split('\n');
          t.equal(lines.length, connections, 'lines in the access log');
          const bodyBytes = name === 'big' ? BIG_BYTES : 'hello\n'.length;
          t.ok(
            lines.every((line) => line.includes(`" 200 ${bodyBytes} "`)),
            'each was answered in full',
          );
          t.ok(round.bytes.received > connections * bodyBytes, 'and the client has it');
          t.equal(
            existsSync(path.join(nginx.folder, 'error.log')) &&
              readFileSync(path.join(nginx.folder, 'error.log'), 'utf8'),
            '',
          );
        });
      }
    }
  },
);

function startHaproxy(t: Test, end: Namespace): Promise<Running> {
  const configuration = (folder: string): string => `
    global
      maxconn 4000
      stats socket ${folder}/stats level admin
    defaults
      timeout client 10s
      timeout connect 10s
      timeout server 10s
    frontend front
      mode http
      maxconn 4000
      bind :::${PORT} v4v6
      option httpclose
      http-request return status 200 content-type text/plain string hello
`;
  return start(t, end, {
    files: (folder) => ({ 'haproxy.cfg': configuration(folder) }),
    command: (folder) => [HAPROXY!, '-db', '-q', '-f', path.join(folder, 'haproxy.cfg')],
    stopBy: 'SIGTERM',
  });
}

/** What HAProxy says about its frontend: a row of its table of statistics. */
function frontendOf(folder: string): Record<string, string> {
  const script = `const s = require('node:net').connect(process.argv[1], () => s.end('show stat\\n')); s.pipe(process.stdout);`;
  const { stdout } = spawnSync(process.execPath, ['-e', script, path.join(folder, 'stats')], { encoding: 'utf8' });
  const [head, ...rows] = stdout.split('\n').map((line) => line.replace(/^# /, '').split(','));
  const row = rows.find(([, name]) => name === 'FRONTEND')!;
  return Object.fromEntries(head!.map((key, index) => [key, row[index] ?? '']));
}

t.test(
  'HAProxy',
  { skip: withoutLab || (HAPROXY === undefined && 'needs haproxy (apt-get install haproxy)') },
  async (t) => {
    const folder = t.testdir(REQUESTS);
    for (const family of FAMILIES) {
      await t.test(`IPv${family}`, async (t) => {
        const pair = VethPair.forTest(t);
        const haproxy = await startHaproxy(t, pair.far);
        const connections = family === 4 ? CONNECTIONS : FEW;
        const round = await load(t, pair.near, {
          engine: 'packet',
          family,
          host: FAR[family],
          connections,
          args: ['--payload', path.join(folder, 'small'), '--finish', 'eof', '--expect-status', '200'],
        });
        checkAllOk(t, round, connections);
        t.same(round.responses, { 200: connections });
        const { stot, hrsp_2xx: answered, ereq: errors } = frontendOf(haproxy.folder);
        t.same({ stot, answered, errors }, { stot: connections, answered: connections, errors: 0 });
        await haproxy.stop();
      });
    }
  },
);
