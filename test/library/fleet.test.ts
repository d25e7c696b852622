// tier: kernel
/** A program runs on a fleet as the command line does. */
import t from 'tap';
import { OptionsError, run } from '../../src/index.ts';
import { startServer } from '../support/cli.ts';
import { Fleet } from '../support/fleet.ts';
import { noNats } from '../support/nats.ts';
import { validated } from '../support/schemas.ts';

t.test('a run on two agents, with its seconds and its result', { skip: noNats }, async (t) => {
  const fleet = await Fleet.forTest(t, { names: ['a', 'b'] });
  const server = await startServer([]);
  t.teardown(() => server.stop());
  const load = run({
    ...{ target: `127.0.0.1:${server.port}`, rate: 200, duration: '1s' },
    ...{ fleet: fleet.url, agents: 'a,b', share: 'a=3' },
  });
  let started = 0;
  for await (const second of load) started += second.started;
  const { rounds, fleet: use, config } = validated(await load.result);
  t.equal(started, 200);
  t.same(
    rounds[0]!.agents!.map(({ name, share, scheduled }) => [name, share, scheduled]),
    [
      ['a', 0.75, 150],
      ['b', 0.25, 50],
    ],
  );
  t.equal(use!.url, fleet.url);
  t.same(config.fleet, { url: fleet.url, agents: ['a', 'b'], share: { a: 3 } });
});

t.test('options that do not fit are refused, without a password in the message', async (t) => {
  const refused = run({ target: '127.0.0.1:1', fleet: 'nats://me:s3cret@h' }).result;
  await t.rejects(refused, OptionsError);
  await t.rejects(refused, { message: /^fleet: got "nats:\/\/…@h", expected --agents beside it/ });
});
