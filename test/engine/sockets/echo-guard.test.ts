import t from 'tap';
import {
  ANSWER,
  DROP_ECHO_PORT,
  DROP_OVER_RATE,
  DROP_REPLY,
  EchoGuard,
} from '../../../src/engine/sockets/echo-guard.ts';
import { ManualClock } from '../../support/manual-clock.ts';

const OWN_PORT = 2345;
const CLIENT_PORT = 40_000;

function ping(): Uint8Array {
  return Buffer.from('12345678conngen?and what follows');
}

t.test('a ping is answered as a reply, and the reply is not answered', (t) => {
  const guard = new EchoGuard(OWN_PORT, 1, new ManualClock());
  const message = ping();
  t.equal(guard.judge(message, message.length, CLIENT_PORT, 0), ANSWER);
  t.equal(Buffer.from(message).toString(), '12345678conngen!and what follows');
  t.equal(guard.judge(message, message.length, CLIENT_PORT, 0), DROP_REPLY);
  t.end();
});

t.test('pings are answered at any rate, other datagrams up to one', (t) => {
  const clock = new ManualClock();
  const guard = new EchoGuard(OWN_PORT, 1000, clock);
  for (let i = 0; i < 50_000; i++) if (guard.judge(ping(), 32, CLIENT_PORT, 0) !== ANSWER) t.fail('a ping was dropped');
  const other = Buffer.from('something else');
  const answered = (count: number): number =>
    Array.from({ length: count }).filter(() => guard.judge(other, other.length, CLIENT_PORT, 7) === ANSWER).length;
  t.equal(answered(5000), 1000, 'what a second allows comes at once');
  t.equal(guard.judge(other, other.length, CLIENT_PORT, 8), ANSWER, 'each peer has its own rate');
  clock.atNs += 10e6;
  t.equal(answered(5000), 10, 'then so many a second');
  t.equal(guard.judge(other, other.length, CLIENT_PORT, 7), DROP_OVER_RATE);
  t.end();
});

t.test('datagrams from ports on which servers send are dropped', (t) => {
  const guard = new EchoGuard(OWN_PORT, 'max', new ManualClock());
  const other = Buffer.from('something else');
  for (const port of [7, 13, 17, 19, 37, OWN_PORT]) {
    t.equal(guard.judge(other, other.length, port, 0), DROP_ECHO_PORT, `port ${port}`);
  }
  for (let i = 0; i < 5000; i++)
    if (guard.judge(other, other.length, CLIENT_PORT, 0) !== ANSWER) t.fail('without a rate');
  t.end();
});

t.test('the place of a peer follows from its address and port', (t) => {
  const guard = new EchoGuard(OWN_PORT, 1000, new ManualClock());
  const address = Buffer.from([10, 0, 0, 1]);
  const place = guard.placeOf(address, 0, 4, CLIENT_PORT);
  t.equal(guard.placeOf(Buffer.from([10, 0, 0, 1]), 0, 4, CLIENT_PORT), place);
  const others = Array.from({ length: 100 }, (_, i) => guard.placeOf(address, 0, 4, CLIENT_PORT + 1 + i));
  t.ok(new Set(others).size > 90, 'ports of one address spread');
  t.end();
});
