/** Credentials and certificates, as the client of NATS takes them. */
import { readFileSync } from 'node:fs';
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
import { isTlsServer } from './server-url.ts';

const CREDENTIALS = 'fleet_credentials';
/** What the seed of a user's NKey looks like: base32, S for a seed, U for a user. */
const NKEY_SEED = /^SU[A-Z2-7]{56}$/m;

/** Returns who we are there; nobody where the options name none. Rejects a file that cannot be used with `RunError`. */
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

/** Returns the settings of TLS; undefined: TLS with the certificates of the system where the server wants it. */
export function tlsOf(options: BusOptions): NonNullable<NodeConnectionOptions['tls']> | undefined {
  const { caFile, certFile, keyFile } = options;
  if (caFile === null && certFile === null && !options.servers.some(isTlsServer)) return undefined;
  return {
    ...(caFile === null ? {} : { ca: readNamed(caFile, 'certificate').toString('utf8') }),
    ...(certFile === null ? {} : { cert: readNamed(certFile, 'certificate').toString('utf8') }),
    ...(keyFile === null ? {} : { key: readNamed(keyFile, 'key').toString('utf8') }),
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
