// tier: kernel
import t from 'tap';
import {
  canonicalAddress,
  familyOf,
  formatHostPort,
  isOwnAddress,
  parseHost,
  parseHostPort,
  resolveHost,
} from '../../../src/plan/address/address.ts';

t.test('HOST:PORT', (t) => {
  for (const [text, host, port] of [
    ['127.0.0.1:80', '127.0.0.1', 80],
    ['127.0.0.1', '127.0.0.1', null],
    ['[::1]:80', '::1', 80],
    ['[::1]', '::1', null],
    ['::1', '::1', null],
    ['fe80::1%eth0', 'fe80::1%eth0', null],
    ['example.org:443', 'example.org', 443],
    ['localhost', 'localhost', null],
    [' my_host:1 ', 'my_host', 1],
  ] as const) {
    t.same(parseHostPort(text), { ok: true, value: { host, port } }, text);
  }
  for (const text of [
    '',
    ':80',
    '127.0.0.1:',
    '127.0.0.1:0',
    'a:70000',
    'a:b',
    '[::1',
    '[1.2.3.4]:80',
    'a b:80',
    '2345',
    '1.2.3:80',
    '-a:80',
  ]) {
    t.equal(parseHostPort(text).ok, false, `refuses "${text}"`);
  }
  t.end();
});

t.test('HOST', (t) => {
  t.same(parseHost('[::1]'), { ok: true, value: '::1' });
  t.same(parseHost('example.org.'), { ok: true, value: 'example.org.' });
  for (const name of ['0x10.example.org', '0xen', 'x10', 'a1']) t.same(parseHost(name), { ok: true, value: name });
  for (const text of ['', 'a:80', '300.1.1.1', '1', '0x10', '0X7f.1', '1.0x', '017', 'a..b', 'x'.repeat(300)])
    t.equal(parseHost(text).ok, false, `refuses "${text}"`);
  t.equal(familyOf('1.2.3.4'), 4);
  t.equal(familyOf('::'), 6);
  t.equal(familyOf('a'), null);
  t.equal(formatHostPort('::1', 80), '[::1]:80');
  t.equal(formatHostPort('a', 80), 'a:80');
  t.end();
});

t.test('resolution', async (t) => {
  t.same(await resolveHost('::1', null), { ok: true, value: { address: '::1', family: 6 } });
  t.same(await resolveHost('localhost', 4), { ok: true, value: { address: '127.0.0.1', family: 4 } });
  const missing = await resolveHost('name.invalid', null);
  t.match(missing, { ok: false, expected: /a host name that resolves to an address \(the resolver says E/ });
});

t.test('one address has one shortest form, and this machine knows its own', (t) => {
  for (const [written, shortest] of [
    ['0:0:0:0:0:0:0:1', '::1'],
    ['2001:DB8::0:1', '2001:db8::1'],
    ['fe80::1%eth0', 'fe80::1'],
    ['::ffff:127.0.0.1', '127.0.0.1'],
    ['192.0.2.1', '192.0.2.1'],
  ] as const) {
    t.equal(canonicalAddress(written), shortest);
  }
  for (const own of ['127.0.0.1', '127.9.9.9', '::1', '0::1', '0.0.0.0', '::']) t.ok(isOwnAddress(own), own);
  for (const other of ['192.0.2.1', '2001:db8::1']) t.notOk(isOwnAddress(other), other);
  t.end();
});

t.test('a URL is answered with what to leave out', async (t) => {
  const parsed = parseHostPort('http://127.0.0.1:80/index.html');
  t.same(parsed, { ok: false, expected: 'HOST:PORT alone: leave out http:// and what follows the port' });
});
