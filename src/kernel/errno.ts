import { constants } from 'node:os';

/** Linux error numbers that decide an outcome, by name. */
export const EPERM = 1;
export const EINTR = 4;
export const EIO = 5;
export const ENXIO = 6;
export const EAGAIN = 11;
export const ENOMEM = 12;
export const EACCES = 13;
export const EBUSY = 16;
export const EEXIST = 17;
export const EINVAL = 22;
export const ENFILE = 23;
export const EMFILE = 24;
export const EPIPE = 32;
export const ENOSYS = 38;
export const ETIME = 62;
export const ENONET = 64;
export const EPROTO = 71;
export const EMSGSIZE = 90;
export const ENOPROTOOPT = 92;
export const EOPNOTSUPP = 95;
export const EAFNOSUPPORT = 97;
export const EADDRINUSE = 98;
export const EADDRNOTAVAIL = 99;
export const ENETDOWN = 100;
export const ENETUNREACH = 101;
export const ECONNABORTED = 103;
export const ECONNRESET = 104;
export const ENOBUFS = 105;
export const ENOTCONN = 107;
export const ETIMEDOUT = 110;
export const ECONNREFUSED = 111;
export const EHOSTDOWN = 112;
export const EHOSTUNREACH = 113;
export const EINPROGRESS = 115;
export const ECANCELED = 125;

/** Linux numbers by name: what every engine reports, also where the system counts differently. */
const LINUX_NUMBERS: ReadonlyMap<string, number> = new Map([
  ['EPERM', EPERM],
  ['EACCES', EACCES],
  ['ENOMEM', ENOMEM],
  ['EINVAL', EINVAL],
  ['ENFILE', ENFILE],
  ['EMFILE', EMFILE],
  ['EPIPE', EPIPE],
  ['EADDRINUSE', EADDRINUSE],
  ['EADDRNOTAVAIL', EADDRNOTAVAIL],
  ['ENETDOWN', ENETDOWN],
  ['ENONET', ENONET],
  ['ENOPROTOOPT', ENOPROTOOPT],
  ['ENETUNREACH', ENETUNREACH],
  ['ECONNABORTED', ECONNABORTED],
  ['ECONNRESET', ECONNRESET],
  ['ENOBUFS', ENOBUFS],
  ['ETIMEDOUT', ETIMEDOUT],
  ['ECONNREFUSED', ECONNREFUSED],
  ['EHOSTDOWN', EHOSTDOWN],
  ['EHOSTUNREACH', EHOSTUNREACH],
  ['ECANCELED', ECANCELED],
]);

const NAMES: ReadonlyMap<number, string> = new Map([
  ...Object.entries(constants.errno).map(([name, number]): [number, string] => [number, name]),
  ...[...LINUX_NUMBERS].map(([name, number]): [number, string] => [number, name]),
  [EAGAIN, 'EAGAIN'],
  [EOPNOTSUPP, 'EOPNOTSUPP'],
]);

/** `ECONNREFUSED` for 111; `errno 200` for a number without a name. */
export function errnoName(errno: number): string {
  return NAMES.get(errno) ?? `errno ${errno}`;
}

/** 111 for `ECONNREFUSED`; `EIO` for a name that decides nothing here. */
export function errnoNumber(name: string): number {
  return LINUX_NUMBERS.get(name) ?? (constants.errno as Record<string, number>)[name] ?? EIO;
}
