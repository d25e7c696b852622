import t from 'tap';
import { isPortConflict, outcomeOf } from '../../src/client/classify.ts';
import { errnoNumber } from '../../src/kernel/errno.ts';
import { OUTCOMES } from '../../src/document/outcome.ts';
import type { OutcomeName } from '../../src/document/outcome.ts';

const table: readonly [errno: string, connecting: OutcomeName, established: OutcomeName][] = [
  ['ECONNREFUSED', 'refused', 'refused'],
  ['ECONNRESET', 'reset', 'reset'],
  ['ECONNABORTED', 'reset', 'reset'],
  ['EPIPE', 'reset', 'reset'],
  ['EHOSTUNREACH', 'unreachable', 'unreachable'],
  ['ENETUNREACH', 'unreachable', 'unreachable'],
  ['EHOSTDOWN', 'unreachable', 'unreachable'],
  ['ENETDOWN', 'unreachable', 'unreachable'],
  ['ETIMEDOUT', 'connect_timeout', 'exchange_timeout'],
  ['EADDRNOTAVAIL', 'source_exhausted', 'source_exhausted'],
  ['EADDRINUSE', 'source_exhausted', 'source_exhausted'],
  ['EMFILE', 'fd_exhausted', 'fd_exhausted'],
  ['ENFILE', 'fd_exhausted', 'fd_exhausted'],
  ['EACCES', 'other', 'other'],
  ['EPERM', 'other', 'other'],
  ['ENOBUFS', 'other', 'other'],
  ['EIO', 'other', 'other'],
];

for (const [name, connecting, established] of table) {
  t.test(`${name} is ${connecting === established ? connecting : `${connecting} or ${established}`}`, async (t) => {
    const errno = errnoNumber(name);
    t.equal(OUTCOMES[outcomeOf(errno, false)], connecting, 'before it was established');
    t.equal(OUTCOMES[outcomeOf(errno, true)], established, 'after it was established');
  });
}

t.test('every number has an outcome, and no failure is ok', async (t) => {
  for (let errno = 1; errno < 256; errno++) {
    for (const established of [false, true]) {
      const name = OUTCOMES[outcomeOf(errno, established)];
      if (name === undefined || name === 'ok') t.fail(`errno ${errno}: ${name}`);
    }
  }
  t.pass('255 numbers');
});

t.test('only a port that is taken or in TIME_WAIT is worth another port', async (t) => {
  const conflicts = Array.from({ length: 256 }, (_, errno) => errno).filter(isPortConflict);
  t.same(conflicts, [errnoNumber('EADDRINUSE'), errnoNumber('EADDRNOTAVAIL')]);
});
