/** How long an engine goes on after a run, for connections that its driver has closed. */
import t from 'tap';
import { linger } from '../../../src/engine/packet/linger.ts';
import { FIN } from './packets.ts';
import { TcpPair } from './tcp/tcp-pair.ts';

const MS = 1e6;

/** A connection that the client has closed, and the time in ms that the client goes on for it. `passes` says which of its FINs arrive, by number. */
function lingerMs(passes: (fin: number) => boolean, options: { readonly chatters?: boolean } = {}): [number, TcpPair] {
  const pair = new TcpPair({ payload: new Uint8Array(64) });
  pair.server.user.react = (event, slot) => {
    if (event.startsWith('ended')) pair.server.tcp.close(slot, false);
  };
  for (const slot of [0, 1]) pair.client.tcp.connect(slot, 0, 1024 + slot);
  pair.run(1);
  let fins = 0;
  pair.wire.filter = ({ from, packet }) => {
    if (from !== 0 || packet.kind !== 'tcp' || (packet.flags & FIN) === 0) return true;
    return passes(++fins);
  };
  pair.client.tcp.close(0, false);
  const startNs = pair.clock.atNs;
  const { tcp, port, sorter } = pair.client;
  port.onWait = () => {
    pair.clock.advance(MS);
    pair.clock.tick();
    const elapsedMs = Math.round((pair.clock.atNs - startNs) / MS);
    // The other connection, which stays open: the peer sends on it, and is there.
    if (options.chatters === true && elapsedMs % 500 === 0) pair.server.tcp.queue(1, 1);
    pair.server.port.receive(pair.server.sorter);
    pair.server.tcp.turn();
    pair.server.port.flush();
  };
  linger({ tcp, port, receiver: sorter, clock: pair.clock });
  return [Math.round((pair.clock.atNs - startNs) / MS), pair];
}

t.test('a peer that answers nothing is waited for for 2 s', (t) => {
  const [ms] = lingerMs(() => false);
  t.ok(ms >= 2000 && ms < 2020, `${ms} ms`);
  t.end();
});

t.test('a FIN that is lost three times arrives with the fourth', (t) => {
  const [, pair] = lingerMs((fin) => fin > 3);
  t.ok(pair.server.user.events.includes('ended 0'));
  t.end();
});

t.test('a peer that is heard of is waited for for longer, and for 5 s at most', (t) => {
  const [ms] = lingerMs(() => false, { chatters: true });
  t.ok(ms >= 5000 && ms < 5020, `${ms} ms`);
  const [, pair] = lingerMs((fin) => fin > 4, { chatters: true });
  t.ok(pair.server.user.events.includes('ended 0'), 'the fifth FIN, 3 s after the first');
  t.end();
});
