/**
 * What the kernel knows of interfaces, addresses, routes and neighbours: rtnetlink(7) over a socket of its own for each question. Numbers
 * are those of linux/netlink.h, linux/rtnetlink.h, linux/if_link.h, linux/if_addr.h and linux/neighbour.h; structs are in the machine's
 * byte order, which is little-endian on both machines.
 */
import { SOCK_CLOEXEC } from '../constants.ts';
import { EINTR } from '../errno.ts';
import { loadLibc, type Libc, type NativeMemory } from '../libc.ts';

const AF_NETLINK = 16;
const SOCK_RAW = 3;
const NETLINK_ROUTE = 0;
const NLM_F_REQUEST = 0x1;
const NLM_F_DUMP = 0x300;
const NLMSG_ERROR = 2;
const NLMSG_DONE = 3;
/** struct nlmsghdr: length, type, flags, sequence number, port. */
const HEADER_BYTES = 16;
/** struct nlattr: length with this head, type. The value follows, and then bytes up to a multiple of 4. */
const ATTRIBUTE_HEADER_BYTES = 4;
/** A message of a dump is at most 32 KiB (netlink_dump in net/netlink/af_netlink.c). */
const BUFFER_BYTES = 64 * 1024;
/** Of an attribute's type: the two upper bits are flags. */
const TYPE_MASK = 0x3fff;

/** The values of a message's attributes by their types. */
export type Attributes = ReadonlyMap<number, Uint8Array>;

/** An answer: the struct at its beginning, then its attributes. */
export interface NetlinkMessage {
  readonly head: DataView;
  readonly attributes: Attributes;
}

/** A question: the type, the struct that such a message begins with, and attributes. */
export interface NetlinkRequest {
  readonly type: number;
  readonly head: Uint8Array;
  readonly attributes?: readonly (readonly [type: number, value: Uint8Array])[];
  /** Asks for all there are, instead of for one. */
  readonly isDump?: boolean;
  /** NETLINK_ROUTE if left out. */
  readonly protocol?: number;
}

/** Answers, or the error number of the kernel's refusal. */
export type NetlinkAnswer =
  { readonly messages: readonly NetlinkMessage[] } | { readonly messages: null; readonly errno: number };

let buffer: NativeMemory | undefined;

/** Asks the kernel and waits for the answer, which takes it some microseconds. Throws where there is no koffi. */
export function askNetlink(request: NetlinkRequest): NetlinkAnswer {
  const libc = loadLibc();
  const fd = libc.socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, request.protocol ?? NETLINK_ROUTE);
  if (fd < 0) return { messages: null, errno: libc.errno() };
  try {
    buffer ??= libc.alloc(BUFFER_BYTES);
    const message = encode(request);
    buffer.bytes.set(message);
    if (libc.send(fd, buffer.address, message.length, 0) < 0) return { messages: null, errno: libc.errno() };
    return receiveAnswer(libc, fd, buffer, request);
  } finally {
    libc.close(fd);
  }
}

function receiveAnswer(libc: Libc, fd: number, memory: NativeMemory, { head, isDump }: NetlinkRequest): NetlinkAnswer {
  const messages: NetlinkMessage[] = [];
  for (;;) {
    const length = libc.recv(fd, memory.address, BUFFER_BYTES, 0);
    if (length < 0) {
      if (libc.errno() === EINTR) continue;
      return { messages: null, errno: libc.errno() };
    }
    for (const { type, body } of messagesIn(memory.bytes.slice(0, length))) {
      if (type === NLMSG_DONE) return { messages };
      // A refusal: the error number, negative. 0 acknowledges, which is not asked for.
      if (type === NLMSG_ERROR) return { messages: null, errno: -viewOf(body).getInt32(0, true) };
      messages.push({ head: viewOf(body), attributes: readAttributes(body.subarray(head.length)) });
    }
    if (isDump !== true && messages.length > 0) return { messages };
  }
}

function encode({ type, head, attributes = [], isDump = false }: NetlinkRequest): Uint8Array {
  const parts = attributes.map(([kind, value]) => encodeAttribute(kind, value));
  const length = HEADER_BYTES + aligned(head.length) + parts.reduce((sum, part) => sum + part.length, 0);
  const message = new Uint8Array(length);
  const view = viewOf(message);
  view.setUint32(0, length, true);
  view.setUint16(4, type, true);
  view.setUint16(6, NLM_F_REQUEST | (isDump ? NLM_F_DUMP : 0), true);
  view.setUint32(8, 1, true);
  message.set(head, HEADER_BYTES);
  let at = HEADER_BYTES + aligned(head.length);
  for (const part of parts) {
    message.set(part, at);
    at += part.length;
  }
  return message;
}

function encodeAttribute(type: number, value: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(aligned(ATTRIBUTE_HEADER_BYTES + value.length));
  const view = viewOf(bytes);
  view.setUint16(0, ATTRIBUTE_HEADER_BYTES + value.length, true);
  view.setUint16(2, type, true);
  bytes.set(value, ATTRIBUTE_HEADER_BYTES);
  return bytes;
}

/** The messages of what one receive gave. One that is shorter than it says ends the list. */
export function* messagesIn(bytes: Uint8Array): Generator<{ readonly type: number; readonly body: Uint8Array }> {
  const view = viewOf(bytes);
  let at = 0;
  while (at + HEADER_BYTES <= bytes.length) {
    const length = view.getUint32(at, true);
    if (length < HEADER_BYTES || at + length > bytes.length) return;
    yield { type: view.getUint16(at + 4, true), body: bytes.subarray(at + HEADER_BYTES, at + length) };
    at += aligned(length);
  }
}

/** The attributes that lie one after the other in `bytes`, also those in the value of another. */
export function readAttributes(bytes: Uint8Array): Attributes {
  const attributes = new Map<number, Uint8Array>();
  const view = viewOf(bytes);
  let at = 0;
  while (at + ATTRIBUTE_HEADER_BYTES <= bytes.length) {
    const length = view.getUint16(at, true);
    if (length < ATTRIBUTE_HEADER_BYTES || at + length > bytes.length) break;
    const type = view.getUint16(at + 2, true) & TYPE_MASK;
    attributes.set(type, bytes.subarray(at + ATTRIBUTE_HEADER_BYTES, at + length));
    at += aligned(length);
  }
  return attributes;
}

/** The number of 32 bits in an attribute; undefined where it is left out. */
export function numberIn(attributes: Attributes, type: number): number | undefined {
  const value = attributes.get(type);
  return value === undefined || value.length < 4 ? undefined : viewOf(value).getInt32(0, true);
}

/** The text in an attribute, without the 0 at its end; undefined where it is left out. */
export function textIn(attributes: Attributes, type: number): string | undefined {
  const value = attributes.get(type);
  return value === undefined ? undefined : Buffer.from(value).toString('latin1').replace(/\0+$/, '');
}

/** A number of 32 bits as the value of an attribute. */
export function int32Bytes(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  viewOf(bytes).setInt32(0, value, true);
  return bytes;
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function aligned(length: number): number {
  return (length + 3) & ~3;
}
