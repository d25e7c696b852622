/** The frames that ask who has an address, byte by byte, and which frames are answers. */
import t from 'tap';
import { linkLocalOf, macInAnswer, questionFrame } from '../../../../src/engine/packet/attach/neighbour-question.ts';

const MAC = Uint8Array.from([2, 0, 0, 0, 0, 0xaa]);
const PEER = '0200000000bb';

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

function frame(...parts: readonly string[]): Uint8Array {
  return Uint8Array.from(Buffer.from(parts.join(''), 'hex'));
}

t.test('an ARP request, with a tag and without', async (t) => {
  const question = { target: '198.18.0.1', sender: '198.18.0.9', mac: MAC, vlan: null };
  const arp = '0806' + '0001080006040001' + '0200000000aac6120009' + '000000000000c6120001';
  t.equal(hex(questionFrame(question)), `ffffffffffff${hex(MAC)}${arp}`);
  t.equal(hex(questionFrame({ ...question, vlan: 7 })), `ffffffffffff${hex(MAC)}81000007${arp}`);
  t.match(hex(questionFrame({ ...question, sender: '0.0.0.0' })), '0200000000aa00000000000000000000c6120001');
});

t.test('a neighbour solicitation, with its checksum', async (t) => {
  const sent = questionFrame({ target: 'fd01::1:2', sender: 'fd01::9', mac: MAC, vlan: null });
  const [sender, target] = ['fd010000000000000000000000000009', 'fd010000000000000000000000010002'];
  const group = 'ff0200000000000000000001ff010002';
  const head = `3333ff010002${hex(MAC)}86dd60000000` + '00203aff' + sender + group;
  const message = hex(sent).slice(head.length);
  t.equal(hex(sent).slice(0, head.length), head);
  t.equal(message.slice(0, 4) + message.slice(8), `870000000000${target}0101${hex(MAC)}`);
  // The sum over the pseudo-header and a message with its checksum is 0xffff (RFC 1071).
  const view = new DataView(sent.buffer);
  let sum = 32 + 58;
  for (let at = 14 + 8; at < sent.length; at += 2) sum += view.getUint16(at);
  t.equal((sum & 0xffff) + (sum >>> 16), 0xffff);
});

t.test('an ARP reply for the address is the answer; another is none', async (t) => {
  const reply = (address: string, operation = '0002'): Uint8Array =>
    frame(hex(MAC), PEER, '0806', '000108000604', operation, PEER, address, hex(MAC), 'c6120009');
  t.equal(hex(macInAnswer(reply('c6120001'), '198.18.0.1')!), PEER);
  t.equal(macInAnswer(reply('c6120002'), '198.18.0.1'), null, 'of another address');
  t.equal(macInAnswer(reply('c6120001', '0001'), '198.18.0.1'), null, 'a request');
  t.equal(macInAnswer(reply('c6120001').subarray(0, 30), '198.18.0.1'), null, 'cut off');
  t.equal(macInAnswer(reply('c6120001'), 'fd01::1'), null, 'the other family');
});

t.test('a neighbour advertisement is the answer, with its option or without', async (t) => {
  const target = 'fd010000000000000000000000000001';
  const advertisement = (option: string, { hopLimit = 'ff', type = '88' } = {}): Uint8Array => {
    const length = (24 + option.length / 2).toString(16).padStart(4, '0');
    const head = `${hex(MAC)}${PEER}86dd60000000${length}3a${hopLimit}${target}${target}`;
    return frame(head, type, '000000', '60000000', target, option);
  };
  t.equal(hex(macInAnswer(advertisement('02010200000000cc'), 'fd01::1')!), '0200000000cc');
  t.equal(hex(macInAnswer(advertisement(''), 'fd01::1')!), PEER, "the sender's");
  t.equal(macInAnswer(advertisement('', { hopLimit: '40' }), 'fd01::1'), null, 'it passed a router');
  t.equal(macInAnswer(advertisement('', { type: '87' }), 'fd01::1'), null, 'a solicitation');
  t.equal(macInAnswer(advertisement(''), 'fd01::2'), null, 'of another address');
});

t.test('the link-local address of an interface', async (t) => {
  t.equal(linkLocalOf(Uint8Array.from([0xae, 0xf6, 0x77, 0x76, 0x70, 0x7a])), 'fe80::acf6:77ff:fe76:707a');
});
