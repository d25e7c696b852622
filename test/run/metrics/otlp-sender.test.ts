// tier: kernel
/** Collectors of every kind: what each costs a run, and what is said of it. */
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import * as http from 'node:http';
import * as https from 'node:https';
import { createServer as createTcpServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { OtlpSender, type SenderSetup } from '../../../src/run/metrics/otlp-sender.ts';
import { otlpEndpoint, shownUrl } from '../../../src/run/metrics/places.ts';

async function collector(t: Test, answer: RequestListener): Promise<URL> {
  const server = createServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/metrics`);
}

function senderTo(endpoint: URL, changes: Partial<SenderSetup> = {}): { sender: OtlpSender; warnings: string[] } {
  const warnings: string[] = [];
  const setup = { endpoint, headers: [], client: http, body: () => '{}', warn: (text: string) => warnings.push(text) };
  return { sender: new OtlpSender({ ...setup, ...changes }), warnings };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return text;
}

/** Waits until `isSo`; the test's own limit ends it otherwise. */
async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 5));
}

t.test('a request: method, path, headers, body; one connection for all', async (t) => {
  const seen: { request: IncomingMessage; body: string }[] = [];
  const url = await collector(t, (request, response) => {
    void bodyOf(request).then((body) => {
      seen.push({ request, body });
      response.end('{"partialSuccess":{}}');
    });
  });
  let made = 0;
  const { sender, warnings } = senderTo(url, {
    headers: [{ name: 'Authorization', value: 'Bearer s3cret' }],
    body: () => JSON.stringify({ made: ++made }),
  });
  sender.send();
  sender.send();
  await until(() => seen.length === 1);
  await until(() => {
    sender.send();
    return seen.length === 2;
  });
  await sender.close();
  const [first] = seen;
  t.match(first!.request, { method: 'POST', url: '/v1/metrics' });
  t.match(first!.request.headers, { authorization: 'Bearer s3cret', 'content-type': 'application/json' });
  t.same(first!.body, '{"made":1}', 'a second one is not sent before the first is answered');
  t.equal(seen[0]!.request.socket, seen[1]!.request.socket, 'a connection is used again');
  t.same(warnings, []);
});

const bad: [name: string, answer: RequestListener, warning: RegExp][] = [
  ['500', (_, response) => response.writeHead(500).end('out of order'), /: it answers 500: out of order; the run/],
  [
    'a terminal escape',
    (_, response) => response.writeHead(503).end('\u001b[2Jx\n'),
    /it answers 503: \\u001b\[2Jx; the run/,
  ],
  [
    'a redirect',
    (_, response) => response.writeHead(308, { Location: 'https://other.example/v1/metrics' }).end(),
    /it answers 308 and points to https:\/\/other\.example\/v1\/metrics, which conngen does not follow: give that URL/,
  ],
  [
    'a part refused',
    (_, response) => response.end('{"partialSuccess":{"rejectedDataPoints":"3","errorMessage":"too old"}}'),
    /it refused 3 points: too old/,
  ],
  [
    'a header that is repeated',
    (request, response) => response.writeHead(401).end(`no such token: ${request.headers.authorization}, token s3cret`),
    /it answers 401: no such token: …, token …; the run/,
  ],
  [
    'a redirect with the header in it',
    (_, response) => response.writeHead(302, { Location: 'https://other.example/?token=s3cret' }).end(),
    /points to https:\/\/other\.example\/\?token=…, which/,
  ],
  ['a reset', (request) => request.socket.resetAndDestroy(), /ECONNRESET/],
  [
    'an end without an answer',
    (request) => request.socket.destroy(),
    /: it closed the connection without an answer \(ECONNRESET\); the run/,
  ],
];
for (const [name, answer, warning] of bad) {
  t.test(`${name}: one warning, and a number at the end`, async (t) => {
    let requests = 0;
    const url = await collector(t, (request, response) => {
      requests += 1;
      request.resume();
      answer(request, response);
    });
    const { sender, warnings } = senderTo(url, { headers: [{ name: 'Authorization', value: 'Bearer s3cret' }] });
    sender.send();
    await until(() => warnings.length === 1);
    await until(() => {
      sender.send();
      return requests >= 3;
    });
    await sender.close();
    t.match(warnings[0], warning);
    t.match(warnings[0], /^metrics did not reach http:\/\/127\.0\.0\.1:\d+\/v1\/metrics: /);
    t.equal(warnings.length, 2);
    t.match(warnings[1], /: \d+ of \d+ requests failed, the last: /);
  });
}

t.test('an endless answer is not read to its end', async (t) => {
  const url = await collector(t, (_, response) => {
    const more = (): void => {
      while (response.write('x'.repeat(65_536)));
      response.once('drain', more);
    };
    more();
  });
  const { sender, warnings } = senderTo(url);
  sender.send();
  await sender.close();
  t.same(warnings, []);
});

t.test('nothing listens there', async (t) => {
  const url = await collector(t, () => undefined);
  const closed = createTcpServer().listen(0, '127.0.0.1');
  await once(closed, 'listening');
  url.port = String((closed.address() as AddressInfo).port);
  closed.close();
  await once(closed, 'close');
  const { sender, warnings } = senderTo(url);
  sender.send();
  await until(() => warnings.length === 1);
  await sender.close();
  t.match(warnings[0], /nothing listens there \(ECONNREFUSED\); the run goes on without them/);
});

t.test('one that never answers: nothing piles up, the last request is given 2 s', async (t) => {
  let requests = 0;
  const url = await collector(t, () => void (requests += 1));
  const { sender, warnings } = senderTo(url);
  sender.send();
  await until(() => requests === 1);
  for (let second = 0; second < 100; second++) sender.send();
  await sender.close();
  t.equal(requests, 2, 'the first, and the last');
  t.equal(warnings.length, 1);
  t.match(warnings[0], /: 1 of 1 request failed, the last: no answer within 2 s$/);
});

t.test('TLS where HTTP is spoken', async (t) => {
  const url = await collector(t, (_, response) => response.end());
  url.protocol = 'https:';
  const { sender, warnings } = senderTo(new URL(url.href), { client: https });
  sender.send();
  await until(() => warnings.length === 1);
  await sender.close();
  t.match(warnings[0], /: it does not answer in TLS: an http:\/\/ URL may be meant \(E[A-Z_]+\); the run goes on/);
});

t.test('one that asks to be left alone is', async (t) => {
  let requests = 0;
  let nowMs = 0;
  const url = await collector(t, (request, response) => {
    requests += 1;
    request.resume();
    response.writeHead(429, { 'Retry-After': '5' }).end();
  });
  const { sender, warnings } = senderTo(url, { nowMs: () => nowMs });
  sender.send();
  await until(() => warnings.length === 1);
  nowMs = 4999;
  sender.send();
  nowMs = 5000;
  sender.send();
  await until(() => requests === 2);
  await sender.close();
  t.equal(requests, 3);
});

t.test('a warning comes again after five minutes, with a number', async (t) => {
  let nowMs = 0;
  let requests = 0;
  const url = await collector(t, (_, response) => {
    requests += 1;
    response.writeHead(500).end();
  });
  const { sender, warnings } = senderTo(url, { nowMs: () => nowMs });
  sender.send();
  await until(() => warnings.length === 1);
  // A third request is sent only after the second was answered.
  await until(() => {
    sender.send();
    return requests === 3;
  });
  nowMs = 300_000;
  await until(() => {
    sender.send();
    return warnings.length === 2;
  });
  t.match(warnings[1], /it answers 500 \(\d requests since the last warning\)/);
  await sender.close();
});

const hasOpenssl = spawnSync('openssl', ['version']).status === 0;
t.test(
  'https, where the certificate is one that is trusted',
  { skip: hasOpenssl ? false : 'needs openssl' },
  async (t) => {
    const directory = t.testdir({});
    const [key, cert] = [join(directory, 'key.pem'), join(directory, 'cert.pem')];
    const args = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=localhost'];
    spawnSync('openssl', [...args, '-addext', 'subjectAltName=DNS:localhost', '-keyout', key, '-out', cert]);
    let requests = 0;
    const server = https.createServer({ key: readFileSync(key), cert: readFileSync(cert) }, (request, response) => {
      requests += 1;
      request.resume();
      response.end('{}');
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.teardown(() => {
      server.closeAllConnections();
      server.close();
    });
    const url = new URL(`https://localhost:${(server.address() as AddressInfo).port}/v1/metrics`);
    const stranger = senderTo(url, { client: https });
    await stranger.sender.close();
    t.equal(requests, 0);
    t.match(stranger.warnings[0], /self-signed certificate/);
    const trusting = {
      ...https,
      Agent: class extends https.Agent {
        constructor() {
          super({ ca: readFileSync(cert) });
        }
      },
    };
    const friend = senderTo(url, { client: trusting });
    await friend.sender.close();
    t.same({ requests, warnings: friend.warnings }, { requests: 1, warnings: [] });
  },
);

t.test('where requests go', async (t) => {
  const cases = {
    'http://h:4318': 'http://h:4318/v1/metrics',
    'http://h:4318/': 'http://h:4318/v1/metrics',
    'http://h/otlp': 'http://h/otlp/v1/metrics',
    'http://h/otlp/': 'http://h/otlp/v1/metrics',
    'http://h/v1/metrics': 'http://h/v1/metrics',
    'http://h/v1/metrics/': 'http://h/v1/metrics',
    'http://h/api/v1/metrics?x=1': 'http://h/api/v1/metrics?x=1',
    'http://[::1]:4318': 'http://[::1]:4318/v1/metrics',
  };
  for (const [url, endpoint] of Object.entries(cases)) t.equal(otlpEndpoint(new URL(url)).href, endpoint, url);
  t.equal(shownUrl(new URL('http://user:secret@h/x?token=1')), 'http://h/x');
});
