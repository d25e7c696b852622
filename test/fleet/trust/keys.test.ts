import { execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { chmod, readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import t from 'tap';
import { writeKeyPair } from '../../../src/fleet/trust/key-files.ts';
import {
  loadSigningKey,
  loadTrustedKeys,
  makeKeyPair,
  parseSigningKey,
  parseTrustedKeys,
} from '../../../src/fleet/trust/keys.ts';

const expectedOf = (parsed: { ok: boolean; expected?: string }): string => parsed.expected ?? 'nothing: it was taken';

t.test('a pair is written, and read back', async (t) => {
  const dir = t.testdir({ named: {} });
  for (const [out, privateName, publicName] of [
    [dir, 'conngen-fleet.key', 'conngen-fleet.pub'],
    [path.join(dir, 'named/lab.key'), 'named/lab.key', 'named/lab.pub'],
    [path.join(dir, 'named/other'), 'named/other', 'named/other.pub'],
  ] as const) {
    const written = await writeKeyPair(out);
    if (!written.ok) return t.fail(written.expected);
    t.equal(written.value.privateFile, path.join(dir, privateName));
    t.equal(written.value.publicFile, path.join(dir, publicName));
    t.equal((await stat(written.value.privateFile)).mode & 0o777, 0o600, 'only its owner may read the private key');
    const signing = await loadSigningKey(written.value.privateFile);
    const trusted = await loadTrustedKeys(written.value.publicFile);
    if (!signing.ok || !trusted.ok) return t.fail('the pair can be read');
    t.equal(signing.value.fingerprint, written.value.fingerprint);
    t.same([...trusted.value.keys()], [written.value.fingerprint]);
  }
});

t.test('a key is never overwritten', async (t) => {
  const dir = t.testdir({ 'a.key': 'mine', 'b.pub': 'mine too' });
  t.match(expectedOf(await writeKeyPair(path.join(dir, 'a.key'))), /never overwritten/);
  t.match(expectedOf(await writeKeyPair(path.join(dir, 'b.key'))), /b\.pub.*never overwritten/);
  t.equal(await readFile(path.join(dir, 'a.key'), 'utf8'), 'mine');
  t.equal(await readFile(path.join(dir, 'b.pub'), 'utf8'), 'mine too');
  await t.rejects(stat(path.join(dir, 'a.pub')), 'no half of a pair is left');
  await t.rejects(stat(path.join(dir, 'b.key')), 'no half of a pair is left');
  t.match(expectedOf(await writeKeyPair(path.join(dir, 'none/c.key'))), /a directory that exists/);
});

t.test('several keys can be in one file, with text between them', async (t) => {
  const pairs = [makeKeyPair(), makeKeyPair()];
  const dir = t.testdir({ keys: `# the lab\n${pairs.map(({ publicPem }) => publicPem).join('\n# the other lab\n')}` });
  const trusted = await loadTrustedKeys(path.join(dir, 'keys'));
  if (!trusted.ok) return t.fail(trusted.expected);
  t.same([...trusted.value.keys()].sort(), pairs.map(({ fingerprint }) => fingerprint).sort());
});

t.test('keys of openssl are keys', { skip: hasOpenssl() ? false : 'needs openssl' }, async (t) => {
  const dir = t.testdir({});
  const [key, pub] = [path.join(dir, 'k.key'), path.join(dir, 'k.pub')];
  execFileSync('openssl', ['genpkey', '-algorithm', 'ed25519', '-out', key]);
  execFileSync('openssl', ['pkey', '-in', key, '-pubout', '-out', pub]);
  await chmod(key, 0o400);
  const signing = await loadSigningKey(key);
  const trusted = await loadTrustedKeys(pub);
  if (!signing.ok || !trusted.ok) return t.fail('the pair can be read');
  t.ok(trusted.value.has(signing.value.fingerprint));
});

t.test('what is no key, or the wrong one, is named', (t) => {
  const { privatePem, publicPem } = makeKeyPair();
  const rsa = generateKeyPairSync('rsa', { modulusLength: 1024 });
  const rsaPrivate = rsa.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const rsaPublic = rsa.publicKey.export({ type: 'spki', format: 'pem' }).toString();
  const sealed = rsa.privateKey
    .export({ type: 'pkcs8', format: 'pem', cipher: 'aes-128-cbc', passphrase: 'x' })
    .toString();
  for (const [text, expected] of [
    ['', /a private key in PEM.*conngen fleet keygen/],
    ['rubbish', /a private key in PEM/],
    [publicPem, /this is the public one, which is for --trust/],
    [rsaPrivate, /an Ed25519 key, not RSA/],
    [sealed, /without a passphrase/],
    [privatePem + makeKeyPair().privatePem, /one private key/],
    [privatePem.replace(/\n(.{9})/, '\n!!!!$1'), /PKCS #8/],
  ] as const) {
    t.match(expectedOf(parseSigningKey(text)), expected);
  }
  for (const [text, expected] of [
    ['', /a public key in PEM.*conngen fleet keygen/],
    [privatePem, /this is the private one, which only the controller may have/],
    [publicPem + privatePem, /this is the private one/],
    [rsaPublic, /an Ed25519 key, not RSA/],
    [publicPem.replaceAll('PUBLIC KEY', 'CERTIFICATE'), /public keys in PEM, SPKI/],
  ] as const) {
    t.match(expectedOf(parseTrustedKeys(text)), expected);
  }
  t.notMatch(expectedOf(parseSigningKey(sealed)), sealed.slice(40, 60), 'no message has the key');
  t.end();
});

t.test('files that cannot be read are named with what was expected', async (t) => {
  const dir = t.testdir({ large: 'x'.repeat(100_000), dir: {} });
  t.match(expectedOf(await loadSigningKey(path.join(dir, 'none'))), /a file that exists with a private key/);
  t.match(expectedOf(await loadTrustedKeys(path.join(dir, 'none'))), /a file that exists with a public key/);
  t.match(expectedOf(await loadTrustedKeys(path.join(dir, 'large'))), /at most 64KiB/);
  t.match(expectedOf(await loadSigningKey(path.join(dir, 'dir'))), /not a directory/);
});

t.test('a private key that others may read is refused, with the command that cures it', async (t) => {
  const dir = t.testdir({ "it's mine.key": makeKeyPair().privatePem, pub: makeKeyPair().publicPem });
  const file = path.join(dir, "it's mine.key");
  const isRoot = (await stat(file)).uid === 0;
  for (const [mode, isTaken] of [
    [0o600, true],
    [0o400, true],
    [0o440, isRoot],
    [0o644, false],
    [0o604, false],
    [0o620, false],
  ] as const) {
    await chmod(file, mode);
    const parsed = await loadSigningKey(file);
    t.equal(parsed.ok, isTaken, mode.toString(8));
    if (isTaken || parsed.ok) continue;
    t.match(parsed.expected, new RegExp(`its mode is 0${mode.toString(8)}`));
    const command = /to cure it: (.*)\)$/.exec(parsed.expected)![1]!;
    execFileSync('sh', ['-c', command]);
    t.ok((await loadSigningKey(file)).ok, 'the command cures it');
  }
  await writeFile(path.join(dir, 'pub'), makeKeyPair().publicPem);
  await chmod(path.join(dir, 'pub'), 0o644);
  t.match(
    expectedOf(await loadSigningKey(path.join(dir, 'pub'))),
    /this is the public one/,
    'the mode is not its fault',
  );
});

function hasOpenssl(): boolean {
  try {
    execFileSync('openssl', ['version']);
    return true;
  } catch {
    return false;
  }
}
