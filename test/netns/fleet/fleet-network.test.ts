// tier: netns
/** The network that the tests of a fleet's faults are made in: who connects is seen, and NATS is reached from everywhere. */
import t from 'tap';
import { LineProgram } from '../../support/line-program.ts';
import { startNats } from '../../support/nats.ts';
import { FleetNetwork, HUB, TARGET, TARGET_PORT, noFleetNetwork } from './fleet-network.ts';

const skip = noFleetNetwork();

t.test('hosts on a bridge', { skip }, async (t) => {
  const network = FleetNetwork.forTest(t);
  const log = await network.accepts(t);
  for (const host of network.agents.values()) {
    const dial = `exec 3<>/dev/tcp/${TARGET}/${TARGET_PORT}; echo there >&3; head -n 1 <&3`;
    t.equal(host.exec('bash', '-c', dial), 'there\n', 'the target echoes');
  }
  const accepted = await log.until(3);
  t.strictSame(
    accepted.map(({ address }) => network.agentOf(address)),
    ['a', 'b', 'c'],
  );
  const nats = await startNats({ host: HUB, port: 4222, prefix: network.hub.prefix });
  t.teardown(() => nats.stop());
  const asker = await LineProgram.start('test/support/fleet-asker.ts', [nats.url], network.control.prefix);
  t.teardown(() => asker.stop());
  t.equal(await asker.ask('who'), '[]', 'nobody is there');
});
