#!/usr/bin/env node
// Writes the payloads of this folder: node examples/make-payloads.js [FOLDER]. The same bytes every time.
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const folder = process.argv[2] ?? import.meta.dirname;

const u8 = (value) => Buffer.of(value);
const u16 = (value) => Buffer.of(value >> 8, value & 0xff);
const u24 = (value) => Buffer.of(value >> 16, (value >> 8) & 0xff, value & 0xff);
const list16 = (values) => Buffer.concat(values.map(u16));

/** A vector of TLS: its length in bytes, then the bytes (RFC 8446, section 3.4). */
const vector8 = (...parts) => withLength(u8, parts);
const vector16 = (...parts) => withLength(u16, parts);
const vector24 = (...parts) => withLength(u24, parts);
function withLength(encode, parts) {
  const body = Buffer.concat(parts);
  return Buffer.concat([encode(body.length), body]);
}

const extension = (type, ...parts) => Buffer.concat([u16(type), vector16(...parts)]);

/** What a current client offers: TLS 1.3, with TLS 1.2 to fall back on (RFC 8446, section 4.1.2). */
function clientHello(serverName) {
  // A client draws these anew. A target does not mind, and a measurement should send the same bytes each time.
  const random = Buffer.from('conngen: 32 bytes, not at random');
  const sessionId = Buffer.from('conngen: a session id, 32 bytes.');
  // The public key of Alice in RFC 7748, section 6.1: a valid point.
  const x25519Key = Buffer.from('8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a', 'hex');
  const ciphers = list16([0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8]);
  const x25519 = 0x001d;
  const protocols = ['h2', 'http/1.1'].map((name) => vector8(Buffer.from(name)));
  const hello = vector24(
    u16(0x0303),
    random,
    vector8(sessionId),
    vector16(ciphers),
    vector8(u8(0)),
    vector16(
      extension(0, vector16(u8(0), vector16(Buffer.from(serverName)))), // server_name
      extension(23), // extended_master_secret
      extension(0xff01, vector8()), // renegotiation_info
      extension(10, vector16(list16([x25519, 0x0017, 0x0018]))), // supported_groups
      extension(11, vector8(u8(0))), // ec_point_formats
      extension(16, vector16(...protocols)), // application_layer_protocol_negotiation
      extension(13, vector16(list16([0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601]))), // signature_algorithms
      extension(43, vector8(list16([0x0304, 0x0303]))), // supported_versions
      extension(45, vector8(u8(1))), // psk_key_exchange_modes
      extension(51, vector16(u16(x25519), vector16(x25519Key))), // key_share
    ),
  );
  const handshake = Buffer.concat([u8(1), hello]);
  return Buffer.concat([u8(22), u16(0x0301), vector16(handshake)]);
}

const request = [
  'GET / HTTP/1.1',
  'Host: localhost',
  'User-Agent: conngen',
  'Accept: */*',
  'Connection: close',
  '',
  '',
];
const line = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-';

const payloads = {
  'http-get.req': Buffer.from(request.join('\r\n')),
  'tls-client-hello.bin': clientHello('example.test'),
  '1KiB.bin': Buffer.alloc(1024, line),
  '64KiB.bin': Buffer.alloc(65536, line),
  'empty.bin': Buffer.alloc(0),
};

mkdirSync(folder, { recursive: true });
for (const [name, bytes] of Object.entries(payloads)) writeFileSync(path.join(folder, name), bytes);
