// tier: kernel
/** The result of a fleet is the sum of what its agents counted, exactly. Closed loops, probes, connections that stay, and failures. */
import t from 'tap';
import { Fleet } from '../support/fleet.ts';
import { noNats } from '../support/nats.ts';
import { ECHO, runCases } from './exact-cases.ts';

t.test('outcomes', { skip: noNats, timeout: 180_000 }, async (t) => {
  const fleet = await Fleet.forTest(t);
  await runCases(
    t,
    fleet,
    [],
    [
      { name: 'as fast as it goes', load: ['--rate', 'max', '--max-in-flight', '6', '--duration', '1s', ...ECHO] },
      {
        name: 'as fast as it goes, a number of attempts',
        load: ['--rate', 'max', '--max-in-flight', '6', '--count', '1000', ...ECHO],
        scheduled: [334, 333, 333],
      },
      { name: 'a probe', load: ['--rate', '300', '--duration', '1500ms', '--probe', '90', ...ECHO] },
      {
        name: 'connections that stay open beyond the round',
        load: ['--rate', '300', '--duration', '1s', '--hold', '300ms', ...ECHO],
        scheduled: [100, 100, 100],
      },
    ],
  );
  await runCases(
    t,
    fleet,
    ['--response', 'bench/response.http', '--respond-on', 'data'],
    [
      {
        name: 'responses by status',
        load: ['--rate', '300', '--duration', '1s', '--payload', 'examples/http-get.req', '--finish', 'eof'],
        check: (t, { rounds }) => t.strictSame(rounds[0]!.responses, { 200: rounds[0]!.attempts.started }),
      },
    ],
  );
  await runCases(
    t,
    fleet,
    ['--mode', 'reset'],
    [
      {
        name: 'resets',
        load: ['--rate', '300', '--duration', '1s', ...ECHO],
        check: (t, { rounds }) => t.strictSame(rounds[0]!.errno, { ECONNRESET: rounds[0]!.attempts.started }),
      },
    ],
  );
});
