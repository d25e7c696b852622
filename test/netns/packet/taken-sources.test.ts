// tier: netns
/** The packet engine takes no address from another machine: it asks who has its sources before it answers for them. */
import t from 'tap';
import { runCli } from '../../support/cli.ts';
import { noLab, type Namespace } from '../lab.ts';
import { DEVICE, FAR, VethPair } from '../veth-pair.ts';
import { PORT } from './ends.ts';

const skip = noLab();
const MAC = '02:00:00:00:00:99';

async function refused(end: Namespace, args: readonly string[]): Promise<string> {
  const interfaceArgs = ['--engine', 'packet', '--interface', DEVICE, '--quiet'];
  const { code, stderr } = await runCli([...args, ...interfaceArgs], { prefix: end.prefix });
  return `${String(code)} ${stderr}`;
}

t.test('addresses of another machine and of the next hop are refused with who has them', { skip }, async (t) => {
  const { near, far } = VethPair.forTest(t);
  far.ip('link', 'set', DEVICE, 'address', MAC);
  far.ip('address', 'add', '198.18.1.20/16', 'dev', DEVICE);
  far.ip('address', 'add', '2001:2::120/64', 'dev', DEVICE);
  // Among more sources than are asked for one by one: as a neighbour that the kernel knows.
  near.ip('neigh', 'add', '198.18.7.77', 'lladdr', MAC, 'dev', DEVICE, 'nud', 'stale');
  far.ip('address', 'add', '198.18.7.77/16', 'dev', DEVICE);
  const client = (target: string, source: string): string[] => [
    ...['client', `${target}:${String(PORT)}`, '--source', source, '--rate', '10', '--count', '10'],
  ];
  const who = new RegExp(`the machine at ${MAC} on ${DEVICE} has it`);
  const four = await refused(near, client(FAR[4], '198.18.1.16/28'));
  t.match(four, /^1 [^]*198\.18\.1\.20 of --source is not free/);
  t.match(four, who);
  const many = await refused(near, client(FAR[4], '198.18.4.0/22'));
  t.match(many, /^1 [^]*198\.18\.7\.77 of --source is not free/);
  const six = await refused(near, client(`[${FAR[6]}]`, '2001:2::100/121'));
  t.match(six, /^1 [^]*2001:2::120 of --source is not free/);
  t.match(six, who);
  near.ip('route', 'add', '203.0.113.0/24', 'via', FAR[4]);
  const hop = await refused(near, client('203.0.113.1', '198.18.0.2-198.18.0.9'));
  t.match(hop, /^1 [^]*198\.18\.0\.2 of --source is not free: the next hop has it/);
  const server = await refused(near, ['server', '--port', String(PORT), '--host', '198.18.1.20']);
  t.match(server, /^1 [^]*198\.18\.1\.20 of --host is not free/);
});
