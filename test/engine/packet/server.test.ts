import t, { type Test } from 'tap';
import { ECONNRESET } from '../../../src/kernel/errno.ts';
import { pattern } from '../conformance/pattern.ts';
import { MACS } from './links.ts';
import { ACK, FIN, RST, SYN } from './packets.ts';
import { Bench, FIRST, MS, Peer } from './server-bench.ts';

/** Nothing is left of any connection. */
function checkEmpty(t: Test, bench: Bench): void {
  t.equal(bench.engine.connections, 0, 'no connection is left');
  t.equal(bench.engine.usedChunks, 0, 'no byte is kept');
  t.equal(bench.wire.ports[1].takenFrames, 0, 'no frame is left');
}

t.test('an echo, in four packets of the server, to the address that the question came from', (t) => {
  const bench = new Bench();
  bench.reactions = { received: (slot) => bench.engine.echo(slot), ended: (slot) => bench.engine.close(slot, false) };
  const peer = new Peer(bench);
  bench.serve(function* () {
    peer.send(SYN);
    yield;
    t.strictSame(peer.hear(), ['SYN ACK+0']);
    peer.send(ACK, 64);
    yield;
    const [answer] = bench.wire.sent.slice(-1);
    t.match(answer?.packet, { payload: pattern(4096).slice(0, 64), destinationMac: MACS[0], source: '198.18.9.2' });
    t.strictSame(peer.hear(), ['ACK+64']);
    peer.send(ACK | FIN);
    yield;
    t.strictSame(peer.hear(), ['FIN ACK+0']);
    peer.send(ACK);
    yield;
  });
  t.strictSame(bench.events, ['accepted 0', 'received 0 64', 'sent 0 64', 'flushed 0', 'ended 0', 'released 0']);
  checkEmpty(t, bench);
  t.end();
});

t.test('a SYN that comes again is answered again, and is still one connection', (t) => {
  const bench = new Bench();
  const peer = new Peer(bench);
  bench.serve(function* () {
    peer.send(SYN);
    yield;
    const [first] = bench.answers();
    peer.send(SYN, 0, { sequence: FIRST });
    yield;
    const [again] = bench.answers();
    t.equal(again?.sequence, first?.sequence);
    peer.acknowledgement = first!.sequence + 1;
    peer.send(ACK);
    yield;
    t.strictSame(bench.events, ['accepted 0']);
    bench.engine.close(0, true);
    yield;
    t.strictSame(peer.hear(), ['RST ACK+0']);
  });
  checkEmpty(t, bench);
  t.end();
});

t.test('the backlog bounds handshakes, and those beyond it are dropped', (t) => {
  const bench = new Bench({ backlog: 2 });
  const peers = [0, 1, 2].map((i) => new Peer(bench, 2000 + i));
  bench.serve(function* () {
    for (const peer of peers) peer.send(SYN);
    yield;
    const answers = bench.answers();
    t.strictSame(
      answers.map(({ destinationPort }) => destinationPort),
      [2000, 2001],
    );
    peers[0]!.acknowledgement = answers[0]!.sequence + 1;
    peers[0]!.send(ACK);
    yield;
    peers[2]!.send(SYN, 0, { sequence: FIRST });
    yield;
    t.strictSame(peers[2]!.hear(), ['SYN ACK+0'], 'the first is through, so there is room again');
    for (const peer of peers) peer.send(RST, 0, { sequence: FIRST + 1 });
    yield;
  });
  t.strictSame(bench.events, ['accepted 0', `failed 0 ${ECONNRESET}`]);
  t.end();
});

t.test('connections that are not admitted, or have no slot, are closed without a report', (t) => {
  const bench = new Bench({ capacity: 1 });
  let admits = true;
  bench.reactions = { admits: () => admits };
  const peers = [0, 1, 2].map((i) => new Peer(bench, 2000 + i));
  bench.serve(function* () {
    yield* peers[0]!.connect(t);
    yield* peers[1]!.connect(t);
    t.strictSame(peers[1]!.hear(), ['FIN ACK+0'], 'no slot');
    admits = false;
    bench.engine.close(0, true);
    yield* peers[2]!.connect(t);
    t.strictSame(peers[2]!.hear(), ['FIN ACK+0'], 'not admitted');
  });
  t.strictSame(bench.events, ['accepted 0', 'released 0']);
  t.end();
});

t.test('stopListening: SYNs are reset, and what is open goes on', (t) => {
  const bench = new Bench();
  bench.reactions = { received: (slot) => bench.engine.echo(slot) };
  const [open, late] = [new Peer(bench, 2000), new Peer(bench, 2001)];
  bench.serve(function* () {
    yield* open.connect(t);
    bench.engine.stopListening();
    late.send(SYN);
    yield;
    t.strictSame(late.hear(), ['RST ACK+0']);
    open.send(ACK, 10);
    yield;
    t.strictSame(open.hear(), ['ACK+10']);
    bench.engine.close(0, true);
    yield;
  });
  t.end();
});

t.test('an echo to a peer that takes nothing: no more than 64 KiB are taken, and the end is told behind them', (t) => {
  const bench = new Bench();
  let kept = 0;
  bench.reactions = {
    received: (slot, bytes) => {
      kept += bytes;
      bench.engine.echo(slot);
    },
    ended: (slot) => bench.engine.close(slot, false),
  };
  const peer = new Peer(bench);
  peer.window = 0;
  bench.serve(function* () {
    yield* peer.connect(t);
    for (let i = 0; i < 60; i++) {
      peer.send(ACK, 1400);
      if (i % 10 === 9) yield;
    }
    const edge = Math.max(...bench.answers().map(({ acknowledgement, window }) => acknowledgement + window));
    t.ok(kept > 1400 && kept <= 64 * 1024, `${kept} bytes were taken`);
    t.equal(edge, FIRST + 1 + kept, 'the window is closed');
    peer.next = FIRST + 1 + kept;
    peer.send(ACK | FIN);
    yield;
    t.notOk(bench.events.includes('ended 0'));
    peer.window = 65_535;
    for (let i = 0; i < 400 && !bench.events.includes('released 0'); i++) {
      bench.clock.advance(250 * MS);
      peer.hear();
      peer.send(ACK);
      yield;
    }
    for (let i = 0; i < 3; i++) {
      peer.hear();
      peer.send(ACK);
      yield;
    }
  });
  t.strictSame(bench.events.slice(-3), ['flushed 0', 'ended 0', 'released 0']);
  checkEmpty(t, bench);
  t.end();
});

t.test('respond and half-close: the payload, then FIN, and the peer can still send', (t) => {
  const bench = new Bench({ payload: pattern(100) });
  bench.reactions = {
    accepted: (slot) => bench.engine.respond(slot),
    flushed: (slot) => bench.engine.halfClose(slot),
    ended: (slot) => bench.engine.close(slot, false),
  };
  const peer = new Peer(bench);
  bench.serve(function* () {
    yield* peer.connect(t);
    const answers = peer.hear();
    t.ok(answers.join() === 'FIN ACK+100' || answers.join() === 'ACK+100,FIN ACK+0', answers.join());
    peer.send(ACK, 5);
    yield;
    peer.send(ACK | FIN);
    yield;
  });
  t.strictSame(bench.events, ['accepted 0', 'sent 0 100', 'flushed 0', 'received 0 5', 'ended 0', 'released 0']);
  checkEmpty(t, bench);
  t.end();
});

t.test('respond with nothing is flushed immediately', (t) => {
  const bench = new Bench();
  bench.reactions = {
    accepted: (slot) => bench.engine.respond(slot),
    flushed: (slot) => bench.engine.close(slot, false),
  };
  const peer = new Peer(bench);
  bench.serve(function* () {
    yield* peer.connect(t);
    t.strictSame(peer.hear(), ['FIN ACK+0']);
    peer.send(ACK | FIN);
    yield;
  });
  t.strictSame(bench.events, ['accepted 0', 'flushed 0', 'released 0']);
  t.end();
});

t.test('respond to a peer that has reset after its end', (t) => {
  const bench = new Bench({ payload: pattern(100) });
  bench.reactions = { failed: (slot) => bench.engine.close(slot, false) };
  const peer = new Peer(bench);
  bench.serve(function* () {
    yield* peer.connect(t);
    peer.send(ACK | FIN);
    yield;
    peer.send(RST | ACK);
    yield;
    t.strictSame(bench.events, ['accepted 0', 'ended 0'], 'it takes nothing away yet');
    bench.engine.respond(0);
  });
  t.strictSame(bench.events, ['accepted 0', 'ended 0', `failed 0 ${ECONNRESET}`, 'released 0']);
  checkEmpty(t, bench);
  t.end();
});

t.test('hold: bytes are not reported, the window is not moved on, and a close with unread bytes resets', (t) => {
  const bench = new Bench({ reads: false });
  const peer = new Peer(bench);
  bench.serve(function* () {
    yield* peer.connect(t);
    peer.send(ACK, 1000);
    yield;
    const [first] = bench.answers();
    peer.send(ACK, 1000);
    yield;
    const [second] = bench.answers();
    t.equal(second!.window, first!.window - 1000);
    bench.engine.close(0, false);
    yield;
    t.strictSame(peer.hear(), ['RST ACK+0']);
  });
  t.strictSame(bench.events, ['accepted 0', 'released 0']);
  checkEmpty(t, bench);
  t.end();
});

t.test('hold: the end of a peer, then its reset', (t) => {
  const bench = new Bench({ reads: false });
  bench.reactions = { failed: (slot) => bench.engine.close(slot, false) };
  const peer = new Peer(bench);
  bench.serve(function* () {
    yield* peer.connect(t);
    peer.send(ACK | FIN);
    yield;
    peer.send(RST | ACK);
    yield;
  });
  t.strictSame(bench.events, ['accepted 0', 'ended 0', `failed 0 ${ECONNRESET}`, 'released 0']);
  checkEmpty(t, bench);
  t.end();
});

t.test('port 0 takes a port', (t) => {
  const bench = new Bench({ port: 0 });
  t.ok(bench.engine.port >= 49_152 && bench.engine.port < 65_536, String(bench.engine.port));
  t.end();
});

t.test('what the driver has closed still ends when its run is over', (t) => {
  const bench = new Bench();
  bench.reactions = { received: (slot) => bench.engine.echo(slot), flushed: (slot) => bench.engine.close(slot, false) };
  const peer = new Peer(bench);
  bench.serve(function* () {
    yield* peer.connect(t);
    peer.hear();
    peer.send(ACK, 10);
    yield;
    // The run is over here: what follows comes while the server lingers.
    const [echo] = bench.answers();
    t.equal(echo?.payload.length, 10);
    peer.acknowledgement = echo!.sequence + 10 + 1;
    peer.send(ACK | FIN);
  });
  t.strictSame(bench.events.slice(-1), ['released 0']);
  checkEmpty(t, bench);
  bench.engine.dispose();
  t.end();
});
