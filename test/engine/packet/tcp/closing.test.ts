import t from 'tap';
import { EADDRINUSE, ECONNRESET } from '../../../../src/kernel/errno.ts';
import {
  CHALLENGES,
  RESET_ESTABLISHED,
  RETRANSMITTED_FIN,
  STRAY,
  TIME_WAIT_ACKS,
} from '../../../../src/engine/packet/packet-counters.ts';
import { ACK, FIN, RST, SYN } from '../packets.ts';
import { TcpPair } from './tcp-pair.ts';

const PAYLOAD = new Uint8Array(64).map((_, i) => i + 1);

function established(options: ConstructorParameters<typeof TcpPair>[0] = {}): TcpPair {
  const pair = new TcpPair({ payload: PAYLOAD, ...options });
  pair.client.tcp.connect(0, 0, 1024);
  pair.run(1);
  return pair;
}

t.test('a closed slot is free while its FIN is lost, and the FIN is sent again', (t) => {
  const pair = new TcpPair({ payload: PAYLOAD }).echo();
  let lost = 0;
  pair.wire.filter = ({ from, packet }) =>
    !(from === 0 && packet.kind === 'tcp' && (packet.flags & FIN) !== 0 && lost++ < 2);
  pair.client.tcp.connect(0, 0, 1024);
  pair.run(50);
  t.equal(pair.client.user.events.at(-1), 'received 0 64');
  t.equal(pair.client.tcp.connectionOf(0), -1, 'the slot has no connection');
  t.equal(pair.client.tcp.rows, 1, 'which goes on');
  t.equal(pair.client.tcp.connect(0, 0, 1024), EADDRINUSE);
  t.equal(pair.client.tcp.connect(0, 0, 1025), 0, 'the slot is free for another');
  pair.run(3000);
  t.equal(pair.client.counters[RETRANSMITTED_FIN], 2);
  t.strictSame([pair.client.tcp.rows, pair.server.tcp.rows], [0, 0]);
  t.end();
});

t.test('a tuple rests for a second after our close', (t) => {
  const pair = new TcpPair({ payload: PAYLOAD }).echo();
  pair.client.tcp.connect(0, 0, 1024);
  pair.run(10);
  t.equal(pair.client.tcp.connect(0, 0, 1024), EADDRINUSE);
  pair.run(900);
  t.equal(pair.client.tcp.connect(0, 0, 1024), EADDRINUSE);
  pair.run(100);
  t.equal(pair.client.tcp.resting, 0);
  t.equal(pair.client.tcp.connect(0, 0, 1024), 0);
  pair.run(10);
  t.equal(pair.client.user.events.filter((event) => event === 'received 0 64').length, 2);
  t.end();
});

t.test('a FIN that comes again in TIME-WAIT is acknowledged again', (t) => {
  const pair = new TcpPair({ payload: PAYLOAD }).echo();
  let lost = 0;
  pair.wire.filter = ({ from, packet }) => {
    const isLastAck = from === 0 && packet.kind === 'tcp' && packet.flags === ACK;
    return !(isLastAck && pair.client.tcp.resting > 0 && lost++ === 0);
  };
  pair.client.tcp.connect(0, 0, 1024);
  pair.run(5);
  t.equal(pair.server.tcp.rows, 1, 'the server waits for it');
  pair.run(600);
  t.equal(pair.server.tcp.rows, 0);
  t.equal(pair.client.counters[TIME_WAIT_ACKS], 1);
  t.end();
});

t.test('RST frees the tuple of both ends', (t) => {
  const pair = new TcpPair({ payload: PAYLOAD }).echo();
  pair.closesWithReset = true;
  pair.client.tcp.connect(0, 0, 1024);
  pair.run(10);
  t.equal(pair.wire.sent.length, 5);
  t.strictSame([pair.client.tcp.rows, pair.server.tcp.rows, pair.client.tcp.resting], [0, 0, 0]);
  t.equal(pair.server.user.events.at(-1), `failed 0 ${ECONNRESET}`);
  t.equal(pair.client.tcp.connect(0, 0, 1024), 0);
  pair.run(10);
  t.equal(pair.client.user.events.filter((event) => event === 'received 0 64').length, 2);
  t.end();
});

t.test('a connection that is reset as soon as it is established has been one to the peer', (t) => {
  const pair = new TcpPair({ payload: PAYLOAD });
  const { tcp, user } = pair.client;
  user.react = (event, slot) => {
    if (event.startsWith('connected')) tcp.close(slot, true);
  };
  tcp.connect(0, 0, 1024);
  pair.run(10);
  const flags = pair.wire.sent.flatMap(({ from, packet }) =>
    from === 0 && packet.kind === 'tcp' ? [packet.flags] : [],
  );
  t.strictSame(flags, [SYN, ACK, RST | ACK]);
  t.strictSame(pair.server.user.events, ['accepted 0', `failed 0 ${ECONNRESET}`]);
  t.strictSame([tcp.rows, pair.server.tcp.rows, tcp.resting], [0, 0, 0]);
  t.end();
});

t.test('both ends may close at the same time', (t) => {
  const pair = established();
  pair.client.tcp.close(0, false);
  pair.server.tcp.close(0, false);
  pair.run(100);
  t.strictSame([pair.client.tcp.rows, pair.server.tcp.rows], [0, 0]);
  t.strictSame([pair.client.tcp.resting, pair.server.tcp.resting], [1, 1]);
  t.end();
});

t.test('after a half-close bytes still come', (t) => {
  const pair = established();
  pair.client.tcp.send(0, 64, true);
  pair.run(10);
  t.strictSame(pair.server.user.events, ['accepted 0', 'received 0 64', 'ended 0']);
  pair.server.tcp.queue(0, 64);
  pair.run(10);
  pair.server.tcp.close(0, false);
  pair.run(10);
  t.strictSame(pair.client.user.events, ['connected 0', 'sent 0 64', 'received 0 64', 'ended 0']);
  pair.client.tcp.close(0, false);
  t.strictSame([pair.client.tcp.rows, pair.server.tcp.rows, pair.client.tcp.resting], [0, 0, 1]);
  t.end();
});

t.test('bytes that no one reads any more are answered with RST', (t) => {
  const pair = established();
  pair.client.tcp.close(0, false);
  pair.run(1);
  pair.server.tcp.queue(0, 64);
  pair.run(10);
  t.equal(pair.lastOf(0).flags & RST, RST);
  t.equal(pair.server.user.events.at(-1), `failed 0 ${ECONNRESET}`);
  t.strictSame([pair.client.tcp.rows, pair.server.tcp.rows], [0, 0]);
  t.end();
});

t.test('a peer that never closes is given up after a minute', (t) => {
  const pair = established();
  pair.client.tcp.close(0, false);
  pair.run(59_000);
  t.equal(pair.client.tcp.halfClosed, 1);
  pair.run(2000);
  t.strictSame([pair.client.tcp.rows, pair.client.tcp.halfClosed], [0, 0]);
  t.end();
});

t.test('a reset counts only at exactly the next sequence number', (t) => {
  const pair = established();
  const { sequence } = pair.lastOf(1);
  const next = (sequence + 1) >>> 0;
  const challenge = pair.toClient({ flags: RST, sequence: (next + 100) >>> 0 });
  t.match(challenge, [{ flags: ACK, acknowledgement: next }], 'in the window: a challenge');
  t.strictSame(pair.toClient({ flags: RST, sequence: (next + 100_000) >>> 0 }), [], 'beyond it: nothing');
  t.strictSame(pair.toClient({ flags: RST, sequence: (next - 1) >>> 0 }), [], 'before it: nothing');
  t.match(pair.toClient({ flags: SYN, sequence: next }), [{ flags: ACK, acknowledgement: next }], 'a SYN: a challenge');
  t.equal(pair.client.counters[CHALLENGES], 2);
  t.strictSame(pair.client.user.events, ['connected 0']);
  t.strictSame(pair.toClient({ flags: RST, sequence: next }), []);
  t.strictSame(pair.client.user.events, ['connected 0', `failed 0 ${ECONNRESET}`]);
  t.equal(pair.client.counters[RESET_ESTABLISHED], 1);
  t.equal(pair.client.tcp.rows, 0);
  t.end();
});

t.test('segments of no connection are answered with RST for our addresses alone', (t) => {
  const pair = established();
  const like = { flags: ACK, sequence: 9, acknowledgement: 1234, destinationPort: 5 };
  t.match(pair.toClient(like), [{ flags: RST, sequence: 1234 }]);
  t.match(pair.toClient({ ...like, flags: FIN }), [{ flags: RST | ACK, sequence: 0, acknowledgement: 10 }]);
  t.strictSame(pair.toClient({ ...like, flags: RST }), []);
  t.strictSame(pair.toClient({ ...like, destination: '198.18.1.1' }), []);
  t.equal(pair.client.counters[STRAY], 4);
  t.end();
});

t.test('a client resets no connection of a program that has its address too', (t) => {
  const pair = established({ isKernels: true });
  const like = { flags: ACK, sequence: 9, acknowledgement: 1234, destinationPort: 5 };
  t.strictSame(pair.toClient(like), []);
  t.strictSame(pair.toClient({ ...like, flags: FIN | ACK }), []);
  t.match(
    pair.toClient({ ...like, flags: SYN | ACK }),
    [{ flags: RST, sequence: 1234 }],
    'of a connection that was not',
  );
  t.equal(pair.client.counters[STRAY], 3);
  t.end();
});

t.test('challenges are bounded', (t) => {
  const pair = established();
  const next = (pair.lastOf(1).sequence + 1) >>> 0;
  let answers = 0;
  for (let i = 0; i < 3000; i++) answers += pair.toClient({ flags: RST, sequence: (next + 100) >>> 0 }).length;
  t.equal(answers, 1000, 'in one second');
  t.end();
});
