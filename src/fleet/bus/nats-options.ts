/** Credentials and certificates, as the client of NATS takes them. */
import { readFileSync } from 'node:fs';
import { checkServerIdentity, type PeerCertificate } from 'node:tls';
import {
  credsAuthenticator,
  nkeyAuthenticator,
  tokenAuthenticator,
  usernamePasswordAuthenticator,
  type Authenticator,
  type NodeConnectionOptions,
} from '@nats-io/transport-node';
import { RunError } from '../../units/run-error.ts';
import { codeOf } from '../../units/problem.ts';
import type { BusOptions } from './bus.ts';
import { hostOf, isTlsServer } from './server-url.ts';

const CREDENTIALS = 'fleet_credentials';
/** What the seed of a user's NKey looks like: base32, S for a seed, U for a user. */
const NKEY_SEED = /^SU[A-Z2-7]{56}$/m;

/** Returns the authenticators for the credentials that the options name, if any. Throws `RunError` for a file that cannot be used. */
export function authenticatorOf(options: BusOptions): Authenticator[] {
  const { user, password, token, credentialsFile } = options;
  const authenticators: Authenticator[] = [];
  if (user !== null) authenticators.push(usernamePasswordAuthenticator(user, password ?? ''));
  if (token !== null) authenticators.push(tokenAuthenticator(token));
  if (credentialsFile !== null) authenticators.push(fileAuthenticator(credentialsFile));
  return authenticators;
}

function fileAuthenticator(path: string): Authenticator {
  const text = readNamed(path, 'credentials').toString('utf8');
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

/** Returns the settings of TLS; undefined: TLS with the certificates of the system where the server wants it. */
export function tlsOf(options: BusOptions): TlsSettings | undefined {
  const { caFile, certFile, keyFile } = options;
  if (caFile === null && certFile === null && !options.servers.some(isTlsServer)) return undefined;
  return {
    ...(caFile === null ? {} : { ca: readNamed(caFile, 'certificate').toString('utf8') }),
    ...(certFile === null ? {} : { cert: readNamed(certFile, 'certificate').toString('utf8') }),
    ...(keyFile === null ? {} : { key: readNamed(keyFile, 'key').toString('utf8') }),
    checkServerIdentity: identityCheck(options.servers.map(hostOf)),
  };
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

function readNamed(path: string, what: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new RunError(
      CREDENTIALS,
      `the ${what} for NATS cannot be read: ${path} (${codeOf(error)})`,
      'give a file that this user can read',
      { cause: error },
    );
  }
}
