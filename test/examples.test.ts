// tier: kernel
/** The payloads are sent byte for byte, and the scripts are what a user copies. */
import { execFileSync, spawnSync } from 'node:child_process';
import { accessSync, constants, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { connect } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createServer } from 'node:tls';
import t from 'tap';
import type { ClientResult } from '../src/document/client.ts';
import { readOptions } from '../src/options/read.ts';
import { CLIENT_OPTIONS } from '../src/options/tables/client.ts';
import { ROOT, startServer } from './support/cli.ts';
import { checkIdentities } from './support/identities.ts';
import { freePort } from './support/ports.ts';
import { runScript, skipWithout, somethingRuns } from './support/script.ts';

const EXAMPLES = path.join(ROOT, 'examples');
const PAYLOADS = ['http-get.req', 'tls-client-hello.bin', '1KiB.bin', '64KiB.bin', 'empty.bin'];
const SCRIPTS = [
  ...readdirSync(EXAMPLES).filter((name) => name.endsWith('.sh')),
  ...['firewall-lab/firewall-lab.sh', 'fleet/demo.sh', 'fleet/make-certificates.sh'],
];

const payload = (name: string): Buffer => readFileSync(path.join(EXAMPLES, name));

const work = mkdtempSync(path.join(tmpdir(), 'conngen-examples-'));
t.teardown(() => {
  rmSync(work, { recursive: true });
});

t.test('http-get.req is one request, with CRLF and nothing behind it', (t) => {
  const text = payload('http-get.req').toString('latin1');
  const lines = text.split('\r\n');
  t.equal(lines[0], 'GET / HTTP/1.1');
  t.match(text, /\r\nHost: \S+\r\n/);
  t.match(text, /\r\nConnection: close\r\n/);
  t.strictSame(lines.slice(-2), ['', ''], 'ends with the empty line');
  t.notOk(lines.slice(0, -2).includes(''), 'has no other empty line');
  t.notMatch(text.replaceAll('\r\n', ''), /[\r\n]/, 'has no bare CR or LF');
  t.end();
});

t.test('payloads of a size', (t) => {
  t.equal(payload('empty.bin').length, 0);
  t.equal(payload('1KiB.bin').length, 1024);
  t.equal(payload('64KiB.bin').length, 65536);
  for (const name of ['1KiB.bin', '64KiB.bin']) {
    t.ok(
      payload(name).every((byte) => byte > 0x20 && byte < 0x7f),
      `${name} is printable`,
    );
  }
  t.end();
});

t.test('tls-client-hello.bin is one record with one ClientHello', (t) => {
  const bytes = payload('tls-client-hello.bin');
  t.equal(bytes[0], 22, 'record type: handshake');
  t.equal(bytes.readUInt16BE(1), 0x0301, 'record version');
  t.equal(bytes.readUInt16BE(3), bytes.length - 5, 'record length');
  t.equal(bytes[5], 1, 'handshake type: ClientHello');
  t.equal(bytes.readUIntBE(6, 3), bytes.length - 9, 'handshake length');
  t.equal(bytes.readUInt16BE(9), 0x0303, 'legacy version');

  let at = 11 + 32;
  at += 1 + bytes[at]!;
  const ciphersLength = bytes.readUInt16BE(at);
  t.equal(ciphersLength % 2, 0, 'cipher suites');
  at += 2 + ciphersLength;
  at += 1 + bytes[at]!;
  t.equal(bytes.readUInt16BE(at), bytes.length - at - 2, 'extensions length');
  at += 2;
  const extensions = new Map<number, Buffer>();
  while (at < bytes.length) {
    const length = bytes.readUInt16BE(at + 2);
    extensions.set(bytes.readUInt16BE(at), bytes.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  t.equal(at, bytes.length, 'the extensions add up');
  t.equal(extensions.get(0)?.subarray(5).toString(), 'example.test', 'server_name');
  t.ok(
    [43, 51, 10, 13].every((type) => extensions.has(type)),
    'what TLS 1.3 asks for is there',
  );
  t.end();
});

t.test('a TLS server answers the ClientHello with a ServerHello', { skip: skipWithout('openssl') }, async (t) => {
  const [key, cert] = [path.join(work, 'key.pem'), path.join(work, 'cert.pem')];
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  execFileSync('openssl', ['req', '-x509', ...curve, '-keyout', key, '-out', cert, '-subj', '/CN=example.test'], {
    stdio: 'ignore',
  });
  const server = createServer({ key: readFileSync(key), cert: readFileSync(cert) }).listen(
    await freePort(),
    '127.0.0.1',
  );
  t.teardown(() => server.close());
  // The client goes in the middle of the handshake.
  server.on('tlsClientError', () => {});
  await once(server, 'listening');
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  socket.write(payload('tls-client-hello.bin'));
  const [answer] = (await once(socket, 'data')) as [Buffer];
  socket.destroy();
  t.equal(answer[0], 22, 'record type: handshake, not an alert');
  t.equal(answer[5], 2, 'handshake type: ServerHello');
});

t.test('make-payloads.js writes the same bytes', (t) => {
  const folder = path.join(work, 'again');
  execFileSync(process.execPath, [path.join(EXAMPLES, 'make-payloads.js'), folder]);
  t.strictSame(readdirSync(folder).sort(), [...PAYLOADS].sort());
  for (const name of PAYLOADS) t.ok(readFileSync(path.join(folder, name)).equals(payload(name)), name);
  t.end();
});

t.test('scripts can be executed', (t) => {
  t.ok(SCRIPTS.length >= 7);
  for (const name of SCRIPTS) {
    const file = path.join(EXAMPLES, name);
    t.doesNotThrow(() => accessSync(file, constants.X_OK), `${name} is executable`);
    t.equal(readFileSync(file, 'utf8').split('\n')[0], '#!/bin/sh', `${name} asks for no more than sh`);
  }
  t.end();
});

t.test('scripts pass shellcheck', { skip: skipWithout('shellcheck') }, (t) => {
  const { status, stdout } = spawnSync('shellcheck', SCRIPTS, { cwd: EXAMPLES, encoding: 'utf8' });
  t.equal(status, 0, 'no finding', { output: stdout });
  t.end();
});

t.test('local-smoke.sh runs and leaves nothing behind', async (t) => {
  const { code, output, pid } = await runScript('examples/local-smoke.sh', ['--rate', '200', '--duration', '1s']);
  t.equal(code, 0, 'exit code', { output });
  t.notOk(await somethingRuns(pid), 'no process is left');
});

t.test('local-smoke.sh stops at an interrupt and leaves nothing behind', async (t) => {
  const args = ['--rate', '200', '--duration', '30s'];
  const { code, output, pid } = await runScript('examples/local-smoke.sh', args, { interruptMs: 3000 });
  t.equal(code, 130, 'exit code', { output });
  t.notOk(await somethingRuns(pid), 'no process is left');
});

t.test('the scripts for a target', async (t) => {
  const server = await startServer(['--mode', 'respond', '--response', 'examples/1KiB.bin', '--respond-on', 'data']);
  t.teardown(() => server.stop());
  const target = `127.0.0.1:${server.port}`;

  await t.test('rate-rounds.sh', { skip: skipWithout('jq') }, async (t) => {
    const out = path.join(work, 'rounds.json');
    const env = { OUT: out, DURATION: '1s', COOLDOWN: '100ms', CONNGEN_PAYLOAD_SIZE: '64', CONNGEN_FINISH: 'eof' };
    const { code, output } = await runScript('examples/rate-rounds.sh', [target, '100', '200'], { env });
    t.equal(code, 0, 'exit code', { output });
    const result = JSON.parse(readFileSync(out, 'utf8')) as ClientResult;
    t.strictSame(
      result.rounds.map((round) => round.offered_rate_per_sec),
      [100, 200],
    );
    checkIdentities(t, result);
    t.match(output, /offered\/s .*verdict/);
    // A busy machine may well be the bottleneck; that is not what is tested here.
    t.match(output, /\n200 .*(valid|generator_limited)/);
  });

  await t.test('http-cps.sh', async (t) => {
    const { code, output } = await runScript('examples/http-cps.sh', [target, '200', '--duration', '1s']);
    t.equal(code, 0, 'exit code', { output });
  });

  await t.test('many-sources.sh', async (t) => {
    const args = [target, '200', '127.0.0.1-127.0.0.4', '--duration', '1s', '--payload-size', '64'];
    const { code, output } = await runScript('examples/many-sources.sh', args);
    t.equal(code, 0, 'exit code', { output });
  });

  await t.test('ci/gate.sh', { skip: skipWithout('jq') }, async (t) => {
    const out = path.join(work, 'gate.json');
    const refused = await runScript('examples/ci/gate.sh', [target, '--duration', '1s'], { env: { OUT: out } });
    t.equal(refused.code, 99, 'answers that are no HTTP do not pass', { output: refused.output });
    t.match(refused.output, /\nround 1: 200\/s offered, 0 of \d+ ok/);
    t.match(refused.output, /\nfail: failures>0.1% \(100 percent\)/);
    checkIdentities(t, JSON.parse(readFileSync(out, 'utf8')) as ClientResult);
    // What noise can break is not among these criteria.
    const args = [target, '--duration', '1s', '--allow-generator-limited', '--fail-if', 'reset>0'];
    const passed = await runScript('examples/ci/gate.sh', args, { env: { OUT: out } });
    t.equal(passed.code, 0, 'options override the file', { output: passed.output });
  });

  await t.test('ci/compare.sh', async (t) => {
    const out = path.join(work, 'compare');
    const options = path.join(work, 'options.json');
    writeFileSync(options, JSON.stringify({ rate: 50, duration: '300ms' }));
    const summary = path.join(work, 'summary.md');
    const env = { BASE: 'true', NEW: 'true', RUNS: '1', OPTIONS: options, OUT: out, GITHUB_STEP_SUMMARY: summary };
    const run = await runScript('examples/ci/compare.sh', [target, '--force', '--pause', '0s'], { env });
    t.equal(run.code, 99, 'one short run a side has no interval, which does not pass', { output: run.output });
    t.match(run.output, /p99\(total\)>\+10% .* no interval: failed/);
    const files = ['compare.html', 'compare.json', 'compare.md', 'options.json', 'runs'];
    t.strictSame(readdirSync(out).sort(), files);
    t.equal(readFileSync(summary, 'utf8'), readFileSync(path.join(out, 'compare.md'), 'utf8'));
    const again = await runScript('examples/ci/compare.sh', [target], { env });
    t.equal(again.code, 2, 'runs of two comparisons are not mixed');
    t.match(again.output, /holds the runs of an earlier comparison: remove it, or set OUT/);
    const bare = await runScript('examples/ci/compare.sh', [target]);
    t.equal(bare.code, 2);
    t.match(bare.output, /usage: BASE=COMMAND NEW=COMMAND/);
  });
});

t.test('config/web-server.json is a configuration of the client', async (t) => {
  const config = readFileSync(path.join(EXAMPLES, 'config/web-server.json'), 'utf8');
  const flags = new Map([['config', ['web-server.json']]]);
  const raw = { command: 'conngen client', flags, extra: [], env: {}, config: { ok: true as const, value: config } };
  const { problems, input } = readOptions(CLIENT_OPTIONS, raw);
  t.strictSame(problems, []);
  t.equal(input.rate.length, 3);
});
