import { constants } from 'node:os';
import t from 'tap';
import * as errno from '../../src/kernel/errno.ts';
import { EIO, errnoName, errnoNumber } from '../../src/kernel/errno.ts';

const isLinux = process.platform === 'linux';

/** asm-generic/errno.h: the same on x86-64 and arm64. */
const LINUX: Readonly<Record<string, number>> = {
  EPERM: 1,
  ENOMEM: 12,
  EACCES: 13,
  EINVAL: 22,
  ENFILE: 23,
  EMFILE: 24,
  EPIPE: 32,
  EADDRINUSE: 98,
  EADDRNOTAVAIL: 99,
  ENETDOWN: 100,
  ENETUNREACH: 101,
  ECONNABORTED: 103,
  ECONNRESET: 104,
  ENOBUFS: 105,
  ETIMEDOUT: 110,
  ECONNREFUSED: 111,
  EHOSTDOWN: 112,
  EHOSTUNREACH: 113,
  ECANCELED: 125,
};

for (const [name, number] of Object.entries(LINUX)) {
  t.test(`${name} is ${number} on every system`, async (t) => {
    t.equal(errnoNumber(name), number);
    t.equal(errnoName(number), name);
  });
}

t.test('the exported constants are those of this machine', { skip: isLinux ? false : 'needs Linux' }, async (t) => {
  const system: Readonly<Record<string, number>> = constants.errno;
  let compared = 0;
  for (const [name, number] of Object.entries(errno)) {
    if (typeof number !== 'number' || system[name] === undefined) continue;
    t.equal(number, system[name], name);
    compared++;
  }
  t.ok(compared >= 20, `${compared} compared`);
});

t.test(
  'every number of this machine has a name that leads back to it',
  { skip: isLinux ? false : 'needs Linux' },
  async (t) => {
    for (const number of new Set(Object.values(constants.errno))) {
      if (errnoNumber(errnoName(number)) !== number) t.equal(errnoNumber(errnoName(number)), number, errnoName(number));
    }
    t.pass(`${Object.keys(constants.errno).length} names`);
  },
);

t.test('of two names for one number the usual one is told', async (t) => {
  t.equal(errnoName(11), 'EAGAIN');
  t.equal(errnoName(95), 'EOPNOTSUPP');
  t.equal(errnoNumber('EAGAIN'), 11);
  t.equal(errnoNumber('EWOULDBLOCK'), 11);
});

t.test('a number without a name is told as a number', async (t) => {
  t.equal(errnoName(200), 'errno 200');
  t.equal(errnoName(0), 'errno 0');
});

t.test('a name without a number is an I/O error', async (t) => {
  t.equal(errnoNumber('ERR_SOCKET_CLOSED'), EIO);
  t.equal(errnoNumber(''), EIO);
});
