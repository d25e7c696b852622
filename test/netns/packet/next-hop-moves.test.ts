// tier: netns
/** A client of the packet engine follows its next hop to another hardware address, as the kernel's sockets do. */
import t, { type Test } from 'tap';
import type { RoundResult } from '../../../src/document/client.ts';
import { clientResult, runCli, startServer } from '../../support/cli.ts';
import { checkIdentities } from '../../support/identities.ts';
import { noLab } from '../lab.ts';
import { DEVICE, FAR, VethPair, untilUnderWay } from '../veth-pair.ts';
import { checkAllOk, PACKET_SOURCES, PORT, type Family } from './ends.ts';

t.setTimeout(280_000);
const skip = noLab();
const CONNECTIONS = 300;
/** Of some tens of these connections. */
const FIRST_PACKETS = 200;

/** A round of 3 s, in which something happens after the first connections. */
async function roundWith(
  t: Test,
  { near, far }: Pick<VethPair, 'near' | 'far'>,
  { family, timeout }: { family: Family; timeout: string },
  event: () => void,
): Promise<RoundResult> {
  const host = family === 4 ? FAR[4] : `[${FAR[6]}]`;
  const run = runCli(
    [
      ...['client', `${host}:${PORT}`, '--engine', 'packet', '--interface', DEVICE],
      ...['--source', PACKET_SOURCES[family], '--rate', '100', '--count', String(CONNECTIONS), '--timeout', timeout],
      // What a machine that is held up has not started at the end of the round, it starts then.
      ...['--ramp-down', '1s'],
      ...['--json', '-', '--quiet'],
    ],
    { prefix: near.prefix },
  );
  await untilUnderWay({ near, far }, FIRST_PACKETS, run);
  event();
  const result = clientResult(await run);
  checkIdentities(t, result);
  return result.rounds[0]!;
}

const found = ({ findings }: RoundResult): string[] => findings.map(({ code }) => code);

for (const family of [4, 6] as const) {
  for (const isTold of [true, false]) {
    const how = isTold ? 'it says so' : 'it is asked';
    t.test(`IPv${family}: the next hop is at another hardware address, and ${how}`, { skip }, async (t) => {
      const { near, far } = VethPair.forTest(t);
      const notify = family === 4 ? 'ipv4.conf.eth0.arp_notify' : 'ipv6.conf.eth0.ndisc_notify';
      far.sysctl(`net.${notify}`, isTold ? 1 : 0);
      const server = await startServer(['--port', String(PORT), '--host', FAR[family], '--quiet'], {
        prefix: far.prefix,
      });
      t.teardown(() => server.stop('SIGKILL').catch(() => undefined));
      const round = await roundWith(t, { near, far }, { family, timeout: '20s' }, () =>
        far.ip('link', 'set', DEVICE, 'address', '02:00:00:00:00:78'),
      );
      checkAllOk(t, round, CONNECTIONS);
      t.equal(round.packet?.next_hop_changes, 1);
      t.ok(found(round).includes('next_hop_changed'));
    });
  }
}

t.test('a next hop that is gone is named', { skip }, async (t) => {
  const { near, far } = VethPair.forTest(t);
  const server = await startServer(['--port', String(PORT), '--host', FAR[4], '--quiet'], { prefix: far.prefix });
  t.teardown(() => server.stop('SIGKILL').catch(() => undefined));
  const round = await roundWith(t, { near, far }, { family: 4, timeout: '3s' }, () =>
    far.ip('address', 'flush', 'dev', DEVICE),
  );
  t.ok(round.outcomes.ok < CONNECTIONS);
  t.ok(found(round).includes('next_hop_silent'), JSON.stringify(round.packet));
});
