// tier: netns
/** What a run of the packet engine tells of a way that a router spoils: its counts, its findings, and the doctor before it. */
import type { ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { troubleOf } from '../../src/engine/registry.ts';
import type { RoundResult } from '../../src/document/client.ts';
import type { DoctorResult } from '../../src/document/doctor.ts';
import type { ServerResult } from '../../src/document/server.ts';
import { PACKET_ROWS } from '../../src/document/packet-table.ts';
import { packetValue } from '../../src/judge/packet-evidence.ts';
import { clientResult, runCli, startServer } from '../support/cli.ts';
import { checkIdentities } from '../support/identities.ts';
import { Lab, noLab } from './lab.ts';

const skip = noLab() || ((await troubleOf('packet'))?.reason ?? false);
const TARGET = '198.18.2.2:2345';
/** Addresses that no kernel has, in the network between client and router. */
const PACKET = ['--engine', 'packet', '--interface', 'eth0', '--source', '198.18.1.64/27'];
const COUNT = 200;

/** As fast as both ends can, if left out: a busy machine misses none. */
const CLOSED_LOOP = ['--rate', 'max', '--max-in-flight', '50'];

async function roundOf(t: Test, lab: Lab, rate = CLOSED_LOOP, count = COUNT): Promise<RoundResult> {
  const load = [...rate, '--count', String(count), '--payload-size', '64', '--finish', 'echo'];
  const run = await lab.load([...PACKET, ...load, '--timeout', '9s']);
  const result = clientResult(run);
  checkIdentities(t, result);
  const [round] = result.rounds;
  const { packet } = round!;
  for (const path of PACKET_ROWS.keys()) {
    const sum = packet!.intervals.reduce((total, { added }) => total + (added[path] ?? 0), 0);
    t.equal(sum, packetValue(packet!, path), `the seconds add up: ${path}`);
  }
  return round!;
}

/** Without what is so of a machine on which much else runs. */
const codes = ({ findings }: RoundResult): string[] =>
  findings.map(({ code }) => code).filter((code) => code !== 'cores_busy');

t.test('a clean way has packets and no finding; a spoilt one says how', { skip }, async (t) => {
  const lab = Lab.forTest(t);
  const server = await lab.serve();
  const clean = await roundOf(t, lab);
  t.same(clean.outcomes.ok, COUNT);
  t.match(clean.packet, { retransmits: { syn: 0, fin: 0 }, checksum_errors: 0, icmp: {}, syn_acks: COUNT });
  t.ok(clean.packet!.sent >= 4 * COUNT, 'SYN, data, FIN, ACK');
  t.same(codes(clean), []);
  t.same(
    Object.keys(clean.kernel!).filter((key) => !['softnet', 'cgroup', 'cpu', 'intervals'].includes(key)),
    [],
  );

  lab.forward('tcp flags & (syn | ack) == syn numgen inc mod 8 == 0 drop');
  const lossy = await roundOf(t, lab);
  t.equal(lossy.outcomes.ok, COUNT, 'SYNs are sent again');
  t.ok(lossy.packet!.retransmits.syn >= COUNT / 8, String(lossy.packet!.retransmits.syn));
  t.same(codes(lossy), ['syns_lost']);

  lab.forward('tcp flags & (syn | ack) == syn numgen inc mod 4 == 0 reject with icmp type admin-prohibited');
  const rejected = await roundOf(t, lab);
  // The router's kernel sends so many ICMP errors a second and no more (net.ipv4.icmp_msgs_per_sec).
  t.ok(rejected.packet!.icmp.prohibited! > 0, JSON.stringify(rejected.packet!.icmp));
  t.ok(codes(rejected).includes('icmp_errors'));

  lab.forward('tcp flags & (syn | ack) == syn numgen inc mod 4 == 0 reject with tcp reset');
  const reset = await roundOf(t, lab);
  t.equal(reset.packet!.resets.syn_sent, COUNT / 4);
  t.equal(reset.outcomes.refused, COUNT / 4);
  t.same(codes(reset), ['peer_resets']);
  await server.stop();
});

t.test(
  'an MSS that is lowered, no timestamps; a server of the packet engine tells its packets',
  { skip },
  async (t) => {
    const lab = Lab.forTest(t);
    lab.server.sysctl('net.ipv4.tcp_timestamps', 0);
    const plain = await lab.serve();
    lab.forward('tcp flags & (syn | ack) == (syn | ack) tcp option maxseg size set 1000');
    const changed = await roundOf(t, lab);
    t.match(changed.packet, { syn_acks: COUNT, syn_acks_low_mss: COUNT, syn_acks_without_timestamps: COUNT });
    t.same(codes(changed), ['mss_lowered', 'timestamps_missing']);
    await plain.stop();

    const options = ['--host', '198.18.2.9', '--port', '2345', '--engine', 'packet', '--interface', 'eth0'];
    const server = await startServer([...options, '--listeners', '1'], { prefix: lab.server.prefix });
    const run = await runCli(
      ['client', '198.18.2.9:2345', ...PACKET, ...CLOSED_LOOP, '--count', '200', '--json', '-', '--quiet'],
      { prefix: lab.client.prefix },
    );
    t.equal(clientResult(run).rounds[0]!.outcomes.ok, 200);
    const result: ServerResult = await server.stop();
    t.equal(result.accepted, 200);
    t.match(result.packet, { retransmits: { syn: 0 }, ring: { rx_dropped: 0, rx_ring_full: 0 } });
    t.ok(result.packet!.received >= 3 * 200);
    t.same(result.findings, []);
  },
);

t.test('the doctor sees the way, and a program that is on the interface', { skip }, async (t) => {
  const lab = Lab.forTest(t);
  const doctor = async (): Promise<{ code: number | null; result: DoctorResult }> => {
    const args = ['doctor', TARGET, ...PACKET, '--json', '-', '--quiet'];
    const { code, stdout } = await runCli(args, { prefix: lab.client.prefix });
    return { code, result: JSON.parse(stdout) as DoctorResult };
  };
  const find = ({ checks }: DoctorResult, id: string): unknown => checks.find((check) => check.id === id);
  const free = await doctor();
  t.equal(free.code, 0);
  t.match(find(free.result, 'native_xdp'), { value: 'native, copied' });
  t.match(find(free.result, 'next_hop'), { status: 'ok', value: '198.18.1.1' });
  t.match(find(free.result, 'way_back'), { status: 'ok', value: 'on the link' });
  const server = await lab.serve();
  let child!: ChildProcess;
  const endless = [...PACKET, '--rate', '100', '--duration', '100s', '--payload-size', '64', '--finish', 'echo'];
  const load = lab.load(endless, { onSpawn: (started) => (child = started) });
  // The program of the run is there as soon as its first connection is.
  while (child.exitCode === null && !lab.client.ip('link', 'show', 'eth0').includes('xdp')) await sleep(50);
  const taken = await doctor();
  child.kill('SIGINT');
  t.equal(taken.code, 1);
  t.match(find(taken.result, 'xdp_program'), { status: 'problem', fix: /ip link set eth0 xdp off/ });
  checkIdentities(t, clientResult(await load));
  await server.stop();
});
