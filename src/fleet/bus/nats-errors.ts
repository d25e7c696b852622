/** Why a connection to NATS did not come about, for people. */
import { RunError } from '../../units/run-error.ts';
import type { BusOptions } from './bus.ts';
import { isTlsServer } from './server-url.ts';

const NO_SERVER = 'fleet_no_server';
const REFUSED = 'fleet_refused';
const TLS = 'fleet_tls';

/** Returns what a first connection failed of: what was tried, what happened, the next step. Credentials are not in it. */
export function connectionError(error: unknown, options: BusOptions): RunError {
  const { servers } = options;
  const where = `NATS at ${servers.join(', ')}`;
  const { name, text, code } = detailsOf(error);
  const cause = { cause: error };
  if (error instanceof RunError) return error;
  if (/Authorization|Authentication/.test(name) || /authorization|authentication/i.test(text)) {
    const given = hasCredentials(options) ? 'refused the credentials' : 'wants credentials';
    return new RunError(REFUSED, `${where} ${given}`, credentialsHint(options), cause);
  }
  const tls = tlsTrouble(code, text, options);
  if (tls !== null) return new RunError(TLS, `${where}: ${tls.message}`, tls.hint, cause);
  const what = noServerText(code, name, text);
  const look = `check the address and the firewall: nc -vz ${hostAndPort(servers[0]!)}`;
  const hint =
    isSilent(what) && usesTls(options)
      ? `${certificateHint(options)}; or ${look}`
      : `start one there (nats-server), or ${look}`;
  return new RunError(NO_SERVER, `${where} does not answer: ${what}`, hint, cause);
}

function detailsOf(error: unknown): { name: string; text: string; code: string } {
  if (!(error instanceof Error)) return { name: '', text: String(error), code: '' };
  const inner = error.cause instanceof Error ? error.cause : error;
  const code = 'code' in inner ? String(inner.code) : '';
  // The client of NATS repeats what Node said.
  const text = error.message.includes(inner.message) ? error.message : `${error.message} ${inner.message}`;
  return { name: `${error.name} ${inner.name}`, text, code };
}

function hasCredentials({ user, token, credentialsFile }: BusOptions): boolean {
  return user !== null || token !== null || credentialsFile !== null;
}

function credentialsHint(options: BusOptions): string {
  if (hasCredentials(options))
    return 'check user, password, token or the file of --fleet-creds against the configuration of the server';
  return 'give them in the URL (nats://USER:PASSWORD@HOST), in CONNGEN_FLEET, or in a file: --fleet-creds FILE';
}

interface Trouble {
  readonly message: string;
  readonly hint: string;
}

/** OpenSSL's and Node's names for a certificate that leads to no known authority. */
const UNKNOWN_AUTHORITY = /SELF_SIGNED|UNABLE_TO_VERIFY|UNABLE_TO_GET_ISSUER/;

function tlsTrouble(code: string, text: string, { certFile, servers }: BusOptions): Trouble | null {
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID')
    return {
      message: `its certificate is for another name (${text.trim().split('\n')[0]!})`,
      hint: 'use a name or address that the certificate has, or make a certificate for this one',
    };
  if (UNKNOWN_AUTHORITY.test(code))
    return {
      message: `its certificate is of an authority that is not known here (${code})`,
      hint: 'give the certificate of the authority: --fleet-ca FILE',
    };
  if (code.startsWith('CERT_'))
    return { message: `its certificate is not valid (${code})`, hint: 'renew the certificate of the server' };
  if (text.includes("does not support 'tls'"))
    return {
      message: 'it has no TLS, and TLS was asked for',
      hint: `use ${servers[0]!.replace(/^tls:/, 'nats:')} without --fleet-ca and --fleet-cert, or configure TLS at the server`,
    };
  if (/ALERT|HANDSHAKE|ERR_SSL|EPROTO|ERR_OSSL/.test(code))
    return certFile === null
      ? {
          message: `TLS failed (${code})`,
          hint: 'the server may want a certificate: --fleet-cert FILE --fleet-cert-key FILE',
        }
      : {
          message: `TLS failed (${code})`,
          hint: 'check that the authority of the server issued the certificate of --fleet-cert',
        };
  return null;
}

const CODES: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'the connection was reset',
  ENOTFOUND: 'the name is not known',
  EAI_AGAIN: 'the name cannot be looked up now',
  EHOSTUNREACH: 'no route to the host',
  ENETUNREACH: 'no route to the network',
  ETIMEDOUT: 'no answer',
};

const SILENT = 'no answer within 5 s';

/** With TLS 1.3 a server refuses the certificate of a client after the handshake, and the client of NATS tries again until the end. */
function isSilent(what: string): boolean {
  return what === SILENT || what === CODES['ECONNRESET'];
}

function usesTls({ servers, caFile, certFile }: BusOptions): boolean {
  return caFile !== null || certFile !== null || servers.some(isTlsServer);
}

function certificateHint({ certFile }: BusOptions): string {
  return certFile === null
    ? 'the server may want a certificate, and then says no more: --fleet-cert FILE --fleet-cert-key FILE'
    : 'the server may refuse the certificate of --fleet-cert, and then says no more: its authority must have issued it';
}

function noServerText(code: string, name: string, text: string): string {
  const known = CODES[code];
  if (known !== undefined) return known;
  if (name.includes('Timeout') || /timeout/i.test(text)) return SILENT;
  return text.trim() === '' ? 'the connection was closed' : text.trim().split('\n')[0]!;
}

function hostAndPort(server: string): string {
  const rest = server.replace(/^\w+:\/\//, '').replace(/^[^@]*@/, '');
  const [, host = rest, port = '4222'] = /^(.*?)(?::(\d+))?$/.exec(rest) ?? [];
  return `${host.replace(/^\[|\]$/g, '')} ${port}`;
}
