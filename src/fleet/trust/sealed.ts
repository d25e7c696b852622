/** Messages with a signature. Bytes are verified before they are parsed. */
import { sign, verify } from 'node:crypto';
import type { SigningKey, TrustedKeys } from './keys.ts';
import { badField, encodeJson, isFields, matches, orNull, parseJson, text, type Check } from '../json-message.ts';
import type { Signed } from '../protocol.ts';

/** What a signature is for: a signature of one kind is none of another. */
export type Purpose = 'order' | 'beat';

/** The largest body of a signed message. */
export const SEALED_MAX_BYTES = 256 * 1024;
/** Base64 takes 4 bytes for 3; the rest is what is around the body. */
const ENVELOPE_MAX_BYTES = Math.ceil((SEALED_MAX_BYTES * 4) / 3) + 1024;

const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

/** A message that was opened, and the fingerprint of the key that signed it; null where no signature was asked for. */
export interface Unsealed {
  readonly value: unknown;
  readonly key: string | null;
}

/** Why a message was not opened, for the log. */
export interface Unopened {
  readonly why: string;
  /** Whether it is a message that could not be read, rather than one that is not trusted. */
  readonly isMalformed: boolean;
}

/** Returns the bytes of a message, signed where there is a key. Throws a RangeError where it is too large to be opened. */
export function seal(value: object, purpose: Purpose, key: SigningKey | null): Uint8Array {
  const body = Buffer.from(JSON.stringify(value));
  if (body.length > SEALED_MAX_BYTES) {
    throw new RangeError(`a message of ${body.length} bytes, and at most ${SEALED_MAX_BYTES} can be sent`);
  }
  const signed: Signed = {
    body: body.toString('base64'),
    key: key?.fingerprint ?? null,
    signature: key === null ? null : sign(null, signedBytes(purpose, body), key.privateKey).toString('base64'),
  };
  return encodeJson(signed);
}

/** Opens a message. Without `trusted` keys no signature is looked at. Never throws. */
export function unseal(data: Uint8Array, purpose: Purpose, trusted: TrustedKeys): Unsealed | Unopened {
  if (data.length > ENVELOPE_MAX_BYTES) return malformed(`a message of ${data.length} bytes`);
  const signed = parseJson(data);
  if (!isSigned(signed)) return malformed('a message that is not of a controller');
  const body = Buffer.from(signed.body, 'base64');
  if (trusted.size > 0) {
    const { key, signature } = signed;
    if (key === null || signature === null) return untrusted('it has no signature');
    const publicKey = trusted.get(key);
    if (publicKey === undefined) return untrusted('its key is not one of --trust');
    const isGood = verify(null, signedBytes(purpose, body), publicKey, Buffer.from(signature, 'base64'));
    if (!isGood) return untrusted('its signature is wrong');
  }
  const value = parseJson(body);
  if (value === undefined) return malformed('a message whose body is no JSON');
  return { value, key: trusted.size > 0 ? signed.key : null };
}

function signedBytes(purpose: Purpose, body: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from(`conngen fleet ${purpose}\0`), body]);
}

const SIGNED: Readonly<Record<string, Check>> = {
  body: matches(BASE64),
  key: orNull(text(100)),
  signature: orNull((value) => text(100)(value) && matches(BASE64)(value)),
};

function isSigned(value: unknown): value is Signed {
  return isFields(value) && badField(value, SIGNED) === null;
}

function malformed(why: string): Unopened {
  return { why, isMalformed: true };
}

function untrusted(why: string): Unopened {
  return { why, isMalformed: false };
}
