import t from 'tap';
import { PACKET_ROWS } from '../../../src/document/packet-table.ts';
import { packetTexts } from '../../../src/view/text/packet.ts';
import { clientText } from '../../../src/view/text/client.ts';
import { clientHtml } from '../../../src/view/html/client.ts';
import { clientMarkdown } from '../../../src/view/markdown/run.ts';
import { packetEvidence } from '../../support/packets.ts';
import { clientResult, roundResult } from '../../support/results.ts';

t.test('one line of packets, and a second one of what else was counted', async (t) => {
  t.same(packetTexts(packetEvidence({ syn_acks: 5, 'ring.tx_ring_empty': 3 })), [
    '1,000 sent, 1,000 received; none sent again',
  ]);
  t.same(packetTexts(packetEvidence({ 'retransmits.syn': 12, 'retransmits.fin': 1, duplicates: 4, stray: 2 })), [
    '1,000 sent, 1,000 received; sent again: 12 SYN, 1 FIN',
    '4 segments that came twice, 2 packets of no connection',
  ]);
  t.same(
    packetTexts(packetEvidence({ 'ring.rx_dropped': 5, 'ring.fill_ring_empty': 5 }))[1],
    '5 packets that the kernel dropped because it had no frame that they fit',
  );
});

t.test('what is sent to neighbours is told apart', async (t) => {
  t.same(packetTexts(packetEvidence({ sent: 654, received: 300, neighbour_answers: 254 })), [
    '400 sent and 254 of ARP or neighbour discovery, 300 received; none sent again',
  ]);
});

t.test('one of each is told as one', async (t) => {
  const moved = [...PACKET_ROWS.keys()].map(
    (path) => [path, path === 'sent' || path === 'received' ? 1000 : 1] as const,
  );
  const told = packetTexts(packetEvidence(Object.fromEntries(moved)))[1]!.split(', ');
  t.ok(told.includes('1 FIN acknowledged again in TIME_WAIT'));
  t.ok(told.includes('1 probe of a closed window'));
  for (const words of told)
    t.notMatch(words, /^1 (?!ICMP: )(times|\w*(?<!s)s(?= |$)|[a-z]+ (packets|segments))/, words);
});

t.test('text, Markdown and the page have them, and have none without the packet engine', async (t) => {
  const intervals = [0, 1].map((sec) => ({ start_sec: sec, length_sec: 1, added: { sent: 500, duplicates: 2 } }));
  const packet = { ...packetEvidence({ duplicates: 4 }), intervals };
  const result = clientResult({ rounds: [roundResult({ packet })] });
  for (const text of [clientText(result), clientMarkdown(result)]) {
    t.match(text, /1,000 sent, 1,000 received; none sent again/);
    t.match(text, /4 segments that came twice/);
  }
  const page = clientHtml(result);
  t.match(page, /id="packets"/);
  t.match(page, /What the packet engine counted/);
  t.match(page, /packets-over-time/);
  const without = clientResult({ rounds: [roundResult()] });
  t.notMatch(clientText(without), /packets/);
  t.notMatch(clientHtml(without), /packet engine/);
});
