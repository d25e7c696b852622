// tier: kernel
/** Scrapes over HTTP: what is answered, and that slow, odd and many clients cost no more than they may. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import t, { type Test } from 'tap';
import { RunMetrics } from '../../../src/run/metrics/run-metrics.ts';
import { listenForScrapes, type ScrapeServer } from '../../../src/run/metrics/scrape-server.ts';
import { runStarted } from '../../support/events.ts';

interface Serving extends ScrapeServer {
  readonly metrics: RunMetrics;
  readonly port: number;
}

async function serve(t: Test): Promise<Serving> {
  const metrics = new RunMetrics();
  const server = await listenForScrapes({ host: '127.0.0.1', port: 0 }, metrics);
  t.teardown(() => server.close());
  return { ...server, metrics, port: Number(new URL(server.url).port) };
}

/** A connection, and a promise of all that came when it was closed. */
function open(t: Test, port: number): { socket: Socket; text: Promise<string> } {
  const socket = connect(port, '127.0.0.1');
  t.teardown(() => socket.destroy());
  let text = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  socket.on('error', () => undefined);
  return { socket, text: once(socket, 'close').then(() => text) };
}

const rawAnswer = async (t: Test, port: number, request: string): Promise<string> => {
  const { socket, text } = open(t, port);
  socket.write(request);
  return text;
};

t.test('GET and HEAD, other methods, other paths', async (t) => {
  const { url, metrics } = await serve(t);
  t.equal(await (await fetch(url)).text(), '', 'nothing before the run has begun');
  metrics.on(runStarted());
  const got = await fetch(`${url}?name[]=x`);
  t.equal(got.status, 200);
  t.equal(got.headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8');
  const text = await got.text();
  t.match(text, 'conngen_build_info{');
  const open = await fetch(url, { headers: { accept: 'application/openmetrics-text; version=1.0.0' } });
  t.equal(open.headers.get('content-type'), 'application/openmetrics-text; version=1.0.0; charset=utf-8');
  t.match(await open.text(), /# EOF\n$/);
  const head = await fetch(url, { method: 'HEAD' });
  t.equal(head.headers.get('content-length'), String(Buffer.byteLength(text)));
  t.equal(await head.text(), '');
  const post = await fetch(url, { method: 'POST', body: 'x'.repeat(100_000) });
  t.equal(post.status, 405);
  t.equal(post.headers.get('allow'), 'GET, HEAD');
  for (const path of ['/', '/metrics/', '/../metrics', '/metricsx', '/%6detrics']) {
    const other = await fetch(new URL(path, url));
    const isMetrics = new URL(path, url).pathname === '/metrics';
    t.equal(other.status, isMetrics ? 200 : 404, path);
    if (!isMetrics) t.match(await other.text(), 'The metrics are at /metrics.');
  }
});

t.test('what is no HTTP is refused, and nothing but the connection ends', async (t) => {
  const { port, url } = await serve(t);
  t.match(await rawAnswer(t, port, 'nonsense\r\n\r\n'), /^HTTP\/1\.1 400/);
  t.match(await rawAnswer(t, port, `GET /metrics HTTP/1.1\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`), /^HTTP\/1\.1 431/);
  t.match(await rawAnswer(t, port, 'GET /metrics HTTP/1.0\r\n\r\n'), /^HTTP\/1\.1 200/);
  t.equal((await fetch(url)).status, 200);
});

t.test('a request that never ends is given up, and others are answered meanwhile', async (t) => {
  const { port, url } = await serve(t);
  const unfinished = rawAnswer(t, port, 'GET /metrics HTTP/1.1\r\nHost: x\r\nX-More: ');
  const silent = open(t, port).text;
  t.equal((await fetch(url)).status, 200);
  t.match(await unfinished, /^HTTP\/1\.1 408/);
  // Node answers one that never began too.
  t.match(await silent, /^(?:HTTP\/1\.1 408|$)/);
});

t.test('connections beyond the limit are closed, and room comes back', async (t) => {
  const { port, url } = await serve(t);
  const all = Array.from({ length: 64 }, () => open(t, port));
  await Promise.all(all.map(({ socket }) => once(socket, 'connect')));
  await t.rejects(fetch(url, { headers: { connection: 'close' } }));
  for (const { socket } of all) socket.destroy();
  await Promise.all(all.map(({ text }) => text));
  let status = 0;
  while (status !== 200) {
    status = await fetch(url).then(
      (response) => response.status,
      () => 0,
    );
  }
  t.equal(status, 200);
});

t.test('an answer is made once for each change, whoever asks', async (t) => {
  const { url, metrics } = await serve(t);
  metrics.on(runStarted());
  let made = 0;
  const families = metrics.families.bind(metrics);
  metrics.families = () => {
    made += 1;
    return families();
  };
  await Promise.all(Array.from({ length: 20 }, async () => (await fetch(url)).text()));
  t.equal(made, 1);
  metrics.on({ type: 'round-started', round: 0, offeredRatePerSec: 5 });
  t.match(await (await fetch(url)).text(), 'conngen_offered_rate 5\n');
  t.equal(made, 2);
});

t.test('the end closes what is open', async (t) => {
  const server = await serve(t);
  const { socket, text } = open(t, server.port);
  socket.write('GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n');
  await once(socket, 'data');
  const unfinished = open(t, server.port);
  unfinished.socket.write('GET /metr');
  await once(unfinished.socket, 'connect');
  await server.close();
  await Promise.all([text, unfinished.text]);
  await server.close();
  t.pass('and may be asked for twice');
});

t.test('a port in use, and an address of another machine', async (t) => {
  const { port } = await serve(t);
  const metrics = new RunMetrics();
  await t.rejects(listenForScrapes({ host: '127.0.0.1', port }, metrics), { code: 'EADDRINUSE' });
  await t.rejects(listenForScrapes({ host: '192.0.2.1', port: 0 }, metrics), { code: 'EADDRNOTAVAIL' });
  const six = await listenForScrapes({ host: '::1', port: 0 }, metrics);
  t.match(six.url, /^http:\/\/\[::1\]:\d+\/metrics$/);
  await six.close();
});
