import t from 'tap';
import { limitedBy } from '../../../src/limit/decide/limiting.ts';
import { roundResult } from '../../support/results.ts';

const limited = { standing: 'generator_limited', code: 'schedule_lag', reason: 'Too late.' } as const;
const plain = roundResult();

t.test('shares are of the time until the last connection had ended', async (t) => {
  const [worker] = plain.workers;
  const round = roundResult({
    duration_sec: 1,
    cpu: { ...plain.cpu, user_usec: 6e5, system_usec: 2e5 },
    workers: [{ ...worker!, elapsed_usec: 4e6 }],
  });
  t.equal(limitedBy(round, limited, [])?.own_percent, 20);
});

t.test('what was used is not known where no agent of a fleet told it', async (t) => {
  const round = roundResult({ cpu: { ...plain.cpu, user_usec: 0, system_usec: 0 } });
  t.equal(limitedBy(round, limited, [])?.own_percent, null);
});

t.test('who uses most is named, at most three', async (t) => {
  const neighbours = [0.9, 0.5, 0.4, 0.3, 0.01].map((share, pid) => ({ pid, name: `p${pid}`, share }));
  t.same(limitedBy(plain, limited, neighbours)?.shared_with, [
    { pid: 0, name: 'p0', percent: 90 },
    { pid: 1, name: 'p1', percent: 50 },
    { pid: 2, name: 'p2', percent: 40 },
  ]);
  t.same(limitedBy(plain, limited, neighbours.slice(4))?.shared_with, [], 'next to nothing');
});

t.test('a trial that says something of the target has no limit here', async (t) => {
  t.equal(limitedBy(plain, { standing: 'valid', code: null, reason: null }, []), null);
});
