/** Two TCPs over a bad wire: both ends get the same bytes, each connection ends once, nothing is left, and each packet is one that RFC 9293 allows. */
import fc from 'fast-check';
import t from 'tap';
import { CHECKSUM_ERRORS, MALFORMED } from '../../../../src/engine/packet/packet-counters.ts';
import { holds } from '../../../support/property.ts';
import type { Scenario, Script, Seat } from './scenario.ts';
import { Pair } from './two-tcps.ts';

/** Beyond what any scenario takes: 16 tries of data, 120 s apart, and more of them after each other. */
const ENOUGH_SECONDS = 20_000;
const RUNS = Number(process.env['PACKET_RUNS'] ?? 100);
const SEED = process.env['PACKET_SEED'] === undefined ? 20_261_129 : Number(process.env['PACKET_SEED']);

t.setTimeout(Math.max(120_000, RUNS * 400));

const sizes = (most: number): fc.Arbitrary<number> =>
  fc.oneof(
    { weight: 4, arbitrary: fc.integer({ min: 0, max: Math.min(most, 100) }) },
    { weight: 3, arbitrary: fc.integer({ min: 0, max: Math.min(most, 5000) }) },
    { weight: 1, arbitrary: fc.integer({ min: 0, max: Math.min(most, 256 * 1024) }) },
    { weight: 1, arbitrary: fc.constantFrom(0, 1, Math.min(most, 1448), Math.min(most, 256 * 1024)) },
  );

const script = (most: number, finishes: readonly Script['finish'][]): fc.Arbitrary<Script> =>
  fc.record({
    bytes: sizes(most),
    pieceBytes: fc.constantFrom(1e9, 1e9, 100, 1448, 10_000),
    finish: fc.constantFrom(...finishes),
    resetAfter: fc.integer({ min: 0, max: 3000 }),
    holdAfter: fc.integer({ min: 1, max: 3000 }),
    holdMs: fc.constantFrom(0, 0, 0, 1, 1500, 30_000),
  });

const faults = fc.oneof(
  fc.constant({}),
  fc.record({
    seed: fc.nat(),
    loss: fc.constantFrom(0, 0.01, 0.1, 0.3),
    duplicate: fc.constantFrom(0, 0.1, 0.3),
    reorder: fc.constantFrom(0, 0.1, 0.3),
    corrupt: fc.constantFrom(0, 0, 0.05),
  }),
);

/** Sequence numbers just below 2^31 and 2^32, so that a connection crosses them. */
const nearBorder = fc
  .tuple(fc.constantFrom(2 ** 31, 2 ** 32), fc.integer({ min: 0, max: 5000 }))
  .map(([border, before]) => (border - before) % 2 ** 32);

const scenario: fc.Arbitrary<Scenario> = fc
  .record({
    family: fc.constantFrom(4 as const, 6 as const),
    vlan: fc.constantFrom(null, null, 42),
    mtu: fc.constantFrom(1500, 1500, 1280, 1999),
    faults,
    delayMs: fc.constantFrom(0, 1, 20, 150),
    mostWindow: fc.constantFrom(Infinity, Infinity, 1, 7, 536, 3000),
    firstSequences: fc.option(fc.tuple(nearBorder, nearBorder)),
  })
  .chain((common) => {
    const most = Math.min(256 * 1024, common.mostWindow * 200);
    const connection = fc.record({
      client: script(most, ['shutdown', 'close', 'wait', 'reset']),
      server: script(most, ['shutdown', 'close', 'wait', 'reset']),
    });
    // Two users that both wait for the other's end would wait for good.
    const ends = connection.map(({ client, server }) =>
      (client.finish === 'wait' || client.finish === 'reset') && (server.finish === 'wait' || server.finish === 'reset')
        ? { client, server: { ...server, finish: 'shutdown' as const } }
        : { client, server },
    );
    return fc.array(ends, { minLength: 1, maxLength: 4 }).map((connections) => ({ ...common, connections }));
  });

const isLossy = ({ loss = 0, corrupt = 0 }: Scenario['faults']): boolean => loss > 0 || corrupt > 0;
const isGraceful = ({ finish }: Script): boolean => finish === 'shutdown' || finish === 'wait';

/** What is wrong with how a connection went; null if nothing is. */
function troubleOf(given: Scenario, client: Seat, server: Seat | undefined): string | null {
  for (const seat of [client, server]) {
    if (seat === undefined) continue;
    const name = `${seat === client ? 'client' : 'server'} ${seat.index}`;
    if (seat.wrong > 0) return `${name}: ${seat.wrong} wrong bytes`;
    if (!seat.isClosed) return `${name}: never ended (${seat.events.join(' ')})`;
    const closesEarly = seat.script.finish === 'close' || seat.script.finish === 'reset';
    const missed = seat.model.received.length - seat.received;
    if (closesEarly ? missed < 0 : missed !== 0)
      return `${name}: received ${seat.received}, the model ${seat.model.received.length}`;
    const ends = seat.events.filter((event) => event === 'ended' || event === 'failed').length;
    const mostEnds = seat.events.includes('failed') ? 2 : 1;
    if (ends > mostEnds) return `${name}: ended ${ends} times`;
  }
  // Where packets are lost, a handshake or a segment may be lost too often.
  if (isLossy(given.faults)) return null;
  const { client: ofClient, server: ofServer } = given.connections[client.index]!;
  // A client that resets immediately does so in place of the handshake's last packet.
  if (server === undefined) return ofClient.finish === 'reset' && ofClient.resetAfter === 0 ? null : 'no handshake';
  if (!isGraceful(ofClient) || !isGraceful(ofServer)) return null;
  if (server.received !== ofClient.bytes || client.received !== ofServer.bytes)
    return `received ${server.received} of ${ofClient.bytes}, ${client.received} of ${ofServer.bytes}`;
  return client.errno === 0 && server.errno === 0 ? null : `errno ${client.errno}, ${server.errno}`;
}

function describe(seats: readonly Seat[]): string {
  const open = seats.filter(({ isClosed }) => !isClosed);
  return JSON.stringify(
    open.map(({ model, ...seat }) => ({ ...seat, state: model.state, last: model.history.slice(-10) })),
  );
}

function check(given: Scenario): void {
  const pair = new Pair(given);
  const [client, server] = pair.ends;
  given.connections.forEach((_, index) => {
    if (client.connect(index) !== 0) throw new Error('connect failed');
  });
  let isQuiet = pair.run(ENOUGH_SECONDS);
  if (!isQuiet && isLossy(given.faults)) {
    // An end that has sent all in vain gives up in silence; the other one waits until its user does.
    for (const end of pair.ends) end.giveUp();
    isQuiet = pair.run(ENOUGH_SECONDS);
  }
  const faultsOfModels = [...client.models, ...server.models].flatMap((model) => model.faults);
  if (faultsOfModels.length > 0) throw new Error(faultsOfModels.slice(0, 3).join('\n'));
  if (!isQuiet)
    throw new Error(
      `not quiet: ${client.tcp.rows} and ${server.tcp.rows} rows, ${describe([...client.seats, ...server.seats])}`,
    );
  for (const seat of client.seats) {
    const trouble = troubleOf(
      given,
      seat,
      server.seats.find(({ index }) => index === seat.index),
    );
    if (trouble !== null) throw new Error(trouble);
  }
  // TIME-WAIT lasts a second.
  pair.clock.advance(2e9);
  pair.run(1);
  for (const [index, end] of pair.ends.entries()) {
    const left = {
      rows: end.tcp.rows,
      resting: end.tcp.resting,
      slots: end.openSlots,
      sources: end.sourceConnections,
      frames: end.port.takenFrames,
    };
    if (Object.values(left).some((count) => count > 0)) throw new Error(`end ${index} keeps ${JSON.stringify(left)}`);
  }
  checkCounters(pair);
}

function checkCounters(pair: Pair): void {
  for (const from of [0, 1] as const) {
    const receiver = pair.ends[1 - from]!.counters;
    const { damagedFrames } = pair.wire;
    // A turned bit in a field that no checksum covers (a flow label, a hop limit) damages nothing.
    const unsound = receiver[CHECKSUM_ERRORS]! + receiver[MALFORMED]!;
    if (unsound > damagedFrames[from]) throw new Error(`${unsound} frames unsound, ${damagedFrames[from]} damaged`);
    if (damagedFrames[from] === 0 && receiver[MALFORMED]! > 0) throw new Error('malformed frames of our own');
  }
}

t.test('any scripts, over any wire', (t) => {
  holds(t, fc.property(scenario, check), {
    numRuns: RUNS,
    seed: SEED,
    endOnFailure: process.env['PACKET_SHRINK'] === undefined,
  });
  t.end();
});
