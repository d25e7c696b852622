/** Credentials and certificates, as the client of NATS takes them. */
import { X509Certificate, createPrivateKey } from 'node:crypto';
import { checkServerIdentity, type PeerCertificate } from 'node:tls';
import {
  credsAuthenticator,
  nkeyAuthenticator,
  tokenAuthenticator,
  usernamePasswordAuthenticator,
  type Authenticator,
  type NodeConnectionOptions,
} from '@nats-io/transport-node';
import { readInput } from '../../plan/exchange/input-file.ts';
import { RunError } from '../../units/run-error.ts';
import type { BusOptions } from './bus.ts';
import { hostOf, isTlsServer } from './server-url.ts';

const CREDENTIALS = 'fleet_credentials';
/** Far more than the certificates of all public authorities. */
const FILE_MAX_BYTES = 1024 * 1024;
/** What the seed of a user's NKey looks like: base32, S for a seed, U for a user. */
const NKEY_SEED = /^SU[A-Z2-7]{56}$/m;

/** What the files of the options hold, as the client of NATS takes it. */
export interface NatsFiles {
  readonly authenticator: Authenticator[];
  /** Undefined: TLS with the certificates of the system where the server wants it. */
  readonly tls: TlsSettings | undefined;
}

/** Reads credentials and certificates. Throws `RunError` for a file that cannot be used. Waits as long as a pipe has no writer. */
export async function readNatsFiles(options: BusOptions): Promise<NatsFiles> {
  return { authenticator: await authenticatorOf(options), tls: await tlsOf(options) };
}

async function authenticatorOf(options: BusOptions): Promise<Authenticator[]> {
  const { user, password, token, credentialsFile } = options;
  const authenticators: Authenticator[] = [];
  if (user !== null) authenticators.push(usernamePasswordAuthenticator(user, password ?? ''));
  if (token !== null) authenticators.push(tokenAuthenticator(token));
  if (credentialsFile !== null) authenticators.push(await fileAuthenticator(credentialsFile));
  return authenticators;
}

async function fileAuthenticator(path: string): Promise<Authenticator> {
  const text = await readNamed(path, 'credentials');
  const bytes = new TextEncoder();
  if (text.includes('BEGIN NATS USER JWT')) return credsAuthenticator(bytes.encode(text));
  const seed = NKEY_SEED.exec(text)?.[0];
  if (seed !== undefined) return nkeyAuthenticator(bytes.encode(seed));
  throw new RunError(
    CREDENTIALS,
    `${path} holds neither the seed of an NKey (SU…) nor credentials of NATS (a JWT and a seed)`,
    'make an NKey with: nk -gen user; or credentials with: nsc generate creds',
  );
}

/** The settings of the client of NATS, which hands to Node what it does not know itself. */
type TlsSettings = NonNullable<NodeConnectionOptions['tls']> & {
  readonly checkServerIdentity: typeof checkServerIdentity;
};

async function tlsOf(options: BusOptions): Promise<TlsSettings | undefined> {
  const { caFile, certFile, keyFile } = options;
  if (caFile === null && certFile === null && !options.servers.some(isTlsServer)) return undefined;
  const ca = caFile === null ? null : await readNamed(caFile, 'certificate');
  if (ca !== null && !ca.includes(CERTIFICATE)) throw noCertificate('--fleet-ca', caFile!);
  const cert = certFile === null ? null : await readNamed(certFile, 'certificate');
  const key = keyFile === null ? null : await readNamed(keyFile, 'key');
  if (cert !== null && !cert.includes(CERTIFICATE)) throw noCertificate('--fleet-cert', certFile!);
  if (cert !== null && key !== null) requirePair(cert, key, options);
  return {
    ...(ca === null ? {} : { ca }),
    ...(cert === null ? {} : { cert }),
    ...(key === null ? {} : { key }),
    checkServerIdentity: identityCheck(options.servers.map(hostOf)),
  };
}

const CERTIFICATE = '-----BEGIN CERTIFICATE-----';

function noCertificate(option: string, file: string): RunError {
  return new RunError(
    CREDENTIALS,
    `${option}: ${file} holds no certificate (PEM)`,
    'give a file that begins with -----BEGIN CERTIFICATE-----',
  );
}

/** Throws where the key is not that of the certificate: TLS would fail without saying so. */
function requirePair(cert: string, key: string, { certFile, keyFile }: BusOptions): void {
  try {
    if (new X509Certificate(cert).checkPrivateKey(createPrivateKey(key))) return;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new RunError(
      CREDENTIALS,
      `--fleet-cert ${certFile} or --fleet-cert-key ${keyFile} cannot be read: ${why}`,
      'give both as PEM, the key without a passphrase',
    );
  }
  throw new RunError(
    CREDENTIALS,
    `--fleet-cert-key: ${keyFile} is not the key of the certificate ${certFile}`,
    'give the key that belongs to the certificate of --fleet-cert',
  );
}

/**
 * Returns what compares a certificate with the host that it was asked for. For an address the client of NATS names no host, since an
 * address is no server name of TLS, and Node would then compare with `localhost`: the certificate must be for an address of the list.
 */
function identityCheck(hosts: readonly string[]): typeof checkServerIdentity {
  const addresses = hosts.filter((host) => /^[\d.]+$/.test(host) || host.includes(':'));
  return (host: string, certificate: PeerCertificate) => {
    if (host !== 'localhost' || hosts.includes(host) || addresses.length === 0)
      return checkServerIdentity(host, certificate);
    const errors = addresses.map((address) => checkServerIdentity(address, certificate));
    return errors.includes(undefined) ? undefined : errors[0];
  };
}

async function readNamed(path: string, what: string): Promise<string> {
  const read = await readInput(path, FILE_MAX_BYTES);
  if (read.ok) return Buffer.concat(read.value).toString('utf8');
  throw new RunError(
    CREDENTIALS,
    `the ${what} for NATS cannot be read: ${path} (expected ${read.expected})`,
    'give a file that this user can read',
  );
}
