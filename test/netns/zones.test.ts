// tier: netns
/** Link-local addresses with their device, by name and by number, from one end of a veth pair to the other. */
import { SOCKET_ENGINE_NAMES } from '../../src/plan/engines.ts';
import { troubleOf } from '../../src/engine/registry.ts';
import t from 'tap';
import type { RttResult } from '../../src/document/rtt.ts';
import { clientResult, runCli, startServer } from '../support/cli.ts';
import { inTime } from '../support/in-time.ts';
import { checkIdentities } from '../support/identities.ts';
import { Lab, noLab } from './lab.ts';

const skip = noLab();
const TARGET = '[fe80::1%eth0]:2345';

/** The router is the server's end. What is on the link is there at once: no duplicate address detection. */
function linkLocal(lab: Lab): void {
  lab.router.ip('address', 'add', 'fe80::1/64', 'dev', 'inside', 'nodad');
  lab.client.ip('address', 'add', 'fe80::2/64', 'dev', 'eth0', 'nodad');
}

for (const engine of SOCKET_ENGINE_NAMES) {
  const why = skip || ((await troubleOf(engine))?.reason ?? false);
  void t.test(`${engine}: a link-local target, source and host`, { skip: why }, async (t) => {
    const lab = Lab.forTest(t);
    linkLocal(lab);
    const { prefix } = lab.client;
    const listen = ['--host', 'fe80::1%inside', '--port', '2345', '--listeners', '1', '--protocol', 'both'];
    const server = await startServer([...listen, '--engine', engine], { prefix: lab.router.prefix });
    const number = lab.client.exec('cat', '/sys/class/net/eth0/ifindex').trim();
    const load = [
      '--rate',
      'max',
      '--max-in-flight',
      '5',
      '--count',
      '20',
      '--payload-size',
      '64',
      '--finish',
      'echo',
      '--engine',
      engine,
    ];
    for (const where of [[TARGET], [`[fe80::1%${number}]:2345`, '--source', `fe80::2%${number}`]]) {
      const run = await runCli(['client', ...where, ...load, '--json', '-', '--quiet'], { prefix });
      const result = clientResult(run);
      checkIdentities(t, result);
      t.equal(result.rounds[0]!.outcomes.ok, 20, where.join(' '));
    }
    const pings = ['--rate', '100', '--duration', '200ms', '--source', 'fe80::2%eth0', '--engine', engine];
    let overTcp = 0;
    for (const protocol of ['tcp', 'udp']) {
      const args = ['rtt', TARGET, ...pings, '--protocol', protocol, '--json', '-', '--quiet'];
      const { rounds } = await inTime(async () => {
        if (protocol === 'tcp') overTcp++;
        return JSON.parse((await runCli(args, { prefix })).stdout) as RttResult;
      });
      t.match(rounds, [{ sent: 20, received: 20 }], protocol);
    }
    t.equal((await server.stop()).accepted, 40 + overTcp);
  });
}

t.test('the doctor finds the way, and what cannot work is refused with the device', { skip }, async (t) => {
  const lab = Lab.forTest(t);
  linkLocal(lab);
  const { prefix } = lab.client;
  const found = await runCli(['doctor', TARGET, '--rate', '100', '--source', 'fe80::2%eth0', '--json', '-'], {
    prefix,
  });
  const { checks } = JSON.parse(found.stdout) as { checks: { id: string; status: string; fix: string | null }[] };
  for (const id of ['route', 'source_addresses'])
    t.match(
      checks.find((check) => check.id === id)!,
      { status: 'ok' },
    );
  const missing = await runCli(['doctor', TARGET, '--rate', '100', '--source', 'fe80::9%eth0', '--json', '-'], {
    prefix,
  });
  t.match(missing.stdout, 'ip addr add fe80::9/64 dev eth0');
  for (const [args, option, device] of [
    [['client', '[fe80::1%nosuch]:1'], 'target', 'nosuch'],
    [['client', TARGET, '--source', 'fe80::2%nosuch'], '--source', 'nosuch'],
    [['client', 'fe80::1'], 'target', 'fe80::1%eth0'],
    [['rtt', '[fe80::1%nosuch]:1'], 'target', 'nosuch'],
    [['doctor', '[fe80::1%nosuch]:1'], 'target', 'nosuch'],
    [['server', '--host', 'fe80::1%nosuch'], '--host', 'nosuch'],
  ] as const) {
    const { code, stderr } = await runCli(args, { prefix });
    t.equal(code, 2, args.join(' '));
    t.match(stderr, `${option}: got`);
    t.match(stderr, device);
    t.match(stderr, 'here: eth0');
  }
});
