import t from 'tap';
import { PACKET_ROWS } from '../../src/document/packet-table.ts';
import { PacketWatch, packetsLostHere, packetValue, type PacketReading } from '../../src/judge/packet-evidence.ts';
import { packetEvidence } from '../support/packets.ts';

function readingsOf(...readings: readonly Readonly<Record<string, number>>[]): () => PacketReading {
  const left = [...readings];
  return () => new Map(Object.entries(left.shift()!));
}

t.test('a round has what was added from its first reading on, and its intervals add up to it', async (t) => {
  const watch = new PacketWatch(
    readingsOf(
      { sent: 100, received: 90, 'retransmits.syn': 7 },
      { sent: 150, received: 140, 'retransmits.syn': 7, 'icmp.too_big': 2 },
      { sent: 250, received: 240, 'retransmits.syn': 9, 'icmp.too_big': 2, stray: 1 },
    ),
  );
  t.equal(watch.sample(1e9), null, 'nothing before the first reading');
  watch.begin(5e9);
  t.same(watch.sample(6e9), { sent: 50, received: 50, 'icmp.too_big': 2 });
  const evidence = watch.end(6.5e9)!;
  t.match(evidence, {
    sent: 150,
    received: 150,
    retransmits: { syn: 2, data: 0, fin: 0 },
    icmp: { too_big: 2 },
    resets: { syn_sent: 0, syn_received: 0, established: 0, closing: 0 },
    ring: { rx_dropped: 0, rx_ring_full: 0, fill_ring_empty: 0, tx_ring_empty: 0 },
    stray: 1,
  });
  t.same(Object.keys(evidence.icmp), ['too_big'], 'errors that did not come are left out');
  t.notOk('malformed' in evidence, 'so are other counts that are 0');
  t.match(evidence.intervals, [
    { start_sec: 0, length_sec: 1 },
    { start_sec: 1, length_sec: 0.5 },
  ]);
  for (const path of PACKET_ROWS.keys()) {
    const sum = evidence.intervals.reduce((total, { added }) => total + (added[path] ?? 0), 0);
    t.equal(sum, packetValue(evidence, path), path);
  }
});

t.test('a round that was over before it began has no evidence', async (t) => {
  t.equal(new PacketWatch(readingsOf({})).end(1e9), undefined);
});

t.test('a packet without a frame is one lost packet, though the kernel counts it twice', async (t) => {
  t.equal(packetsLostHere(packetEvidence()), 0);
  t.equal(packetsLostHere(packetEvidence({ 'ring.tx_ring_empty': 50 })), 0, 'which is no loss');
  t.equal(packetsLostHere(packetEvidence({ 'ring.rx_dropped': 5, 'ring.fill_ring_empty': 5 })), 5);
  t.equal(packetsLostHere(packetEvidence({ 'ring.rx_ring_full': 2, no_frame: 3 })), 5);
});
