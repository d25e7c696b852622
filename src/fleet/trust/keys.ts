/** The keys of a fleet: Ed25519. A controller signs with the private one; agents have the public one. */
import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { shellWord } from '../../options/shell-word.ts';
import { readInput } from '../../plan/exchange/input-file.ts';
import { accept, refuse, type Parsed } from '../../units/problem.ts';

/** A private key, and the fingerprint of its public one. */
export interface SigningKey {
  readonly fingerprint: string;
  readonly privateKey: KeyObject;
}

/** Public keys by fingerprint. */
export type TrustedKeys = ReadonlyMap<string, KeyObject>;

/** A pair as it is written to files. */
export interface KeyPair {
  /** PKCS #8. */
  readonly privatePem: string;
  /** SPKI. */
  readonly publicPem: string;
  readonly fingerprint: string;
}

/** Far more than a hundred public keys. */
const KEY_FILE_MAX_BYTES = 64 * 1024;
const KEYGEN = 'to make a pair: conngen fleet keygen';
const PEM = /-----BEGIN ([A-Z0-9 ]+)-----[\s\S]*?-----END \1-----/g;

/** Makes a new pair. */
export function makeKeyPair(): KeyPair {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  return {
    privatePem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    publicPem: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    fingerprint: fingerprintOf(publicKey),
  };
}

/** Returns the SHA-256 of the public key (SPKI, DER), written as OpenSSH writes fingerprints. */
export function fingerprintOf(publicKey: KeyObject): string {
  const der = publicKey.export({ type: 'spki', format: 'der' });
  return `SHA256:${createHash('sha256').update(der).digest('base64').replace(/=+$/, '')}`;
}

/** Reads the private key of a controller (`--fleet-key`). Never throws: what cannot be used is an expectation. */
export async function loadSigningKey(path: string): Promise<Parsed<SigningKey>> {
  const cure = await modeCure(path);
  const text = await readText(path);
  if (!text.ok) return refuse(`${text.expected} with a private key (${KEYGEN})`);
  const parsed = parseSigningKey(text.value);
  // What is no private key need not be hidden.
  return parsed.ok && cure !== null ? refuse(cure) : parsed;
}

/** Reads the text of a private key. */
export function parseSigningKey(text: string): Parsed<SigningKey> {
  const blocks = blocksOf(text);
  const [first] = blocks;
  if (first === undefined) return refuse(`a file with a private key in PEM (${KEYGEN})`);
  if (first.label === 'PUBLIC KEY') {
    return refuse('the private key: this is the public one, which is for --trust of the agents');
  }
  if (first.label.startsWith('ENCRYPTED')) return refuse('a private key without a passphrase');
  if (blocks.length > 1) return refuse('one private key');
  const key = tryKey(() => createPrivateKey(first.pem));
  if (key === null) return refuse(`a private key in PEM, PKCS #8 (${KEYGEN})`);
  if (key.asymmetricKeyType !== 'ed25519') return refuse(`an Ed25519 key, not ${typeOf(key)} (${KEYGEN})`);
  return accept({ fingerprint: fingerprintOf(createPublicKey(key)), privateKey: key });
}

/** Reads the public keys of one file (`--trust`). Never throws: what cannot be used is an expectation. */
export async function loadTrustedKeys(path: string): Promise<Parsed<TrustedKeys>> {
  const text = await readText(path);
  return text.ok ? parseTrustedKeys(text.value) : refuse(`${text.expected} with a public key (${KEYGEN})`);
}

/** Reads the text of one or more public keys. */
export function parseTrustedKeys(text: string): Parsed<TrustedKeys> {
  const blocks = blocksOf(text);
  if (blocks.length === 0) return refuse(`a file with a public key in PEM (${KEYGEN})`);
  const keys = new Map<string, KeyObject>();
  for (const { label, pem } of blocks) {
    if (label.endsWith('PRIVATE KEY')) {
      return refuse('the public key: this is the private one, which only the controller may have (--fleet-key)');
    }
    // A certificate has a public key too, and is none.
    const key = label === 'PUBLIC KEY' ? tryKey(() => createPublicKey(pem)) : null;
    if (key === null) return refuse(`public keys in PEM, SPKI (${KEYGEN})`);
    if (key.asymmetricKeyType !== 'ed25519') return refuse(`an Ed25519 key, not ${typeOf(key)} (${KEYGEN})`);
    keys.set(fingerprintOf(key), key);
  }
  return accept(keys);
}

function blocksOf(text: string): { readonly label: string; readonly pem: string }[] {
  return [...text.matchAll(PEM)].map(([pem, label]) => ({ label: label ?? '', pem }));
}

function tryKey(make: () => KeyObject): KeyObject | null {
  try {
    return make();
  } catch {
    return null;
  }
}

function typeOf(key: KeyObject): string {
  return (key.asymmetricKeyType ?? 'another').toUpperCase();
}

async function readText(path: string): Promise<Parsed<string>> {
  const read = await readInput(path, KEY_FILE_MAX_BYTES);
  return read.ok ? accept(Buffer.concat(read.value).toString('latin1')) : read;
}

/**
 * Returns what is expected where others than the owner may read the file; null where they may not, or where nothing is known of it.
 * The group may read a file of root's: that is how Kubernetes gives a secret to a user.
 */
async function modeCure(path: string): Promise<string | null> {
  try {
    const { mode, uid } = await stat(path);
    const open = mode & (uid === 0 ? 0o037 : 0o077);
    if (open === 0) return null;
    const octal = (mode & 0o777).toString(8).padStart(4, '0');
    return `a private key that only its owner may read; its mode is ${octal} (to cure it: chmod 600 ${shellWord(path)})`;
  } catch {
    // `readInput` says why.
    return null;
  }
}
