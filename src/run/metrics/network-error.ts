/** Errors of a request to a collector, as sentences. */
import { printable } from '../../units/printable.ts';
import { codeOf } from '../../units/problem.ts';

const SHOWN_CHARACTERS = 200;

const CERTIFICATE = 'its certificate is not one that this machine trusts; NODE_EXTRA_CA_CERTS names a file with others';
const SELF_SIGNED =
  'it has a self-signed certificate, which this machine does not trust; NODE_EXTRA_CA_CERTS=FILE adds it';
const NO_WAY = 'this machine has no way to its address';
const NO_TLS = 'it does not answer in TLS: an http:// URL may be meant';

/** What happened, by the code of the error. */
const SENTENCES: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there',
  ECONNRESET: 'it closed the connection without an answer',
  EPIPE: 'it closed the connection without an answer',
  ETIMEDOUT: 'its machine does not answer',
  EHOSTUNREACH: NO_WAY,
  ENETUNREACH: NO_WAY,
  EHOSTDOWN: NO_WAY,
  ENOTFOUND: 'its name does not resolve to an address',
  EAI_AGAIN: 'its name could not be resolved: no name server answers',
  EPROTO: NO_TLS,
  ERR_SSL_WRONG_VERSION_NUMBER: NO_TLS,
  ERR_SSL_PACKET_LENGTH_TOO_LONG: NO_TLS,
  HPE_INVALID_CONSTANT: 'it does not answer in HTTP: an https:// URL may be meant',
  HPE_INVALID_VERSION: 'it does not answer in HTTP',
  HPE_HEADER_OVERFLOW: 'the headers of its answer are too long',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name',
  DEPTH_ZERO_SELF_SIGNED_CERT: SELF_SIGNED,
  SELF_SIGNED_CERT_IN_CHAIN: CERTIFICATE,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: CERTIFICATE,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: CERTIFICATE,
};

/** `nothing listens there (ECONNREFUSED)`. Of an error that is not known the first line of its own message, with its code. */
export function networkErrorText(error: unknown): string {
  const code = codeOf(error);
  if (Object.hasOwn(SENTENCES, code)) return `${SENTENCES[code]!} (${code})`;
  const message = error instanceof Error ? error.message : String(error);
  const shown = printable(message.split('\n')[0]!, SHOWN_CHARACTERS);
  return code === 'unknown' || shown.includes(code) ? shown : `${shown} (${code})`;
}
