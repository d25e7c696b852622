import fc from 'fast-check';
import t from 'tap';
import { holds } from '../../support/property.ts';
import { AgentClock, moveOf } from '../../../src/fleet/controller/clock.ts';

/** Two clocks, and messages between them. */
interface World {
  readonly offsetNs: number;
  /** The agent's clock runs faster by so many parts. */
  readonly drift: number;
  /** How long a message takes to the agent and back, for each reading. */
  readonly trips: readonly (readonly [number, number])[];
  readonly everyNs: number;
}

const delayNs = fc.oneof(
  fc.integer({ min: 1000, max: 200_000 }),
  fc.integer({ min: 1000, max: 20_000_000 }),
  fc.constantFrom(0, 1, 50_000, 100_000_000),
);
const world: fc.Arbitrary<World> = fc.record({
  offsetNs: fc.integer({ min: -(10 ** 15), max: 10 ** 15 }),
  drift: fc.double({ min: -50e-6, max: 50e-6, noNaN: true }),
  trips: fc.array(fc.tuple(delayNs, delayNs), { minLength: 1, maxLength: 120 }),
  everyNs: fc.constantFrom(1e6, 10e6, 250e6, 1e9),
});

/** Tells what the agent's clock shows at a time of the controller's. */
function remoteAt({ offsetNs, drift }: World, atNs: number): bigint {
  return BigInt(offsetNs) + BigInt(atNs) + BigInt(Math.round(drift * atNs));
}

function readAll(each: World): { clock: AgentClock; endNs: number } {
  const clock = new AgentClock();
  let sentNs = 0;
  let endNs = 0;
  for (const [thereNs, backNs] of each.trips) {
    const receivedNs = sentNs + thereNs + backNs;
    clock.add({ sentNs: BigInt(sentNs), remoteNs: remoteAt(each, sentNs + thereNs), receivedNs: BigInt(receivedNs) });
    endNs = receivedNs;
    sentNs = receivedNs + each.everyNs;
  }
  return { clock, endNs };
}

t.test('the true offset is within the bound, whatever the delays', async (t) => {
  holds(
    t,
    fc.property(world, fc.integer({ min: 0, max: 3_000_000_000 }), (each, laterNs) => {
      const { clock, endNs } = readAll(each);
      const atNs = endNs + laterNs;
      const found = clock.at(BigInt(atNs));
      if (found === null) return false;
      const trueNs = remoteAt(each, atNs) - BigInt(atNs);
      // Each reading of the agent's clock is rounded to 1 ns.
      return Math.abs(Number(found.offsetNs - trueNs)) <= found.errorNs + 2;
    }),
  );
});

t.test('the bound is half of the smallest round trip, and what the clocks may drift apart', async (t) => {
  const clock = new AgentClock();
  t.equal(clock.at(0n), null, 'nothing is known before the first reading');
  t.equal(clock.smallestTripNs, Infinity);
  for (const [index, tripNs] of [400_000, 100_000, 300_000].entries()) {
    const sentNs = BigInt(index) * 1_000_000n;
    clock.add({ sentNs, remoteNs: sentNs + 5_000_000_000n + BigInt(tripNs / 2), receivedNs: sentNs + BigInt(tripNs) });
  }
  const found = clock.at(2_300_000n)!;
  t.equal(clock.smallestTripNs, 100_000);
  t.ok(Math.abs(Number(found.offsetNs) - 5_000_000_000) <= 50_000);
  t.ok(found.errorNs >= 50_000 && found.errorNs < 51_000, `${found.errorNs} ns`);
});

t.test('the drift is followed: it moves the offset, and not the bound', async (t) => {
  const trips = Array.from({ length: 120 }, (_, index) => [40_000 + (index % 7) * 9000, 60_000 + (index % 5) * 7000]);
  const each = { offsetNs: 7_000_000, drift: 30e-6, trips: trips as [number, number][], everyNs: 250e6 };
  const { clock, endNs } = readAll(each);
  const last = clock.at(BigInt(endNs))!;
  t.equal(last.isFollowed, true);
  const trueNs = Number(remoteAt(each, endNs) - BigInt(endNs));
  t.ok(Math.abs(Number(last.offsetNs) - trueNs) < 20_000, 'half of a round trip is 50 µs and more');
  t.ok(Number(last.offsetNs) - each.offsetNs > 500_000, 'the clocks moved apart by 900 µs in 30 s');
  t.ok(last.errorNs < 120_000, `${last.errorNs} ns`);
});

t.test('a clock that contradicts its readings is read anew', async (t) => {
  const clock = new AgentClock();
  const read = (atMs: number, offsetMs: number): void => {
    const sentNs = BigInt(atMs) * 1_000_000n;
    clock.add({ sentNs, remoteNs: sentNs + BigInt(offsetMs) * 1_000_000n + 50_000n, receivedNs: sentNs + 100_000n });
  };
  for (let at = 0; at < 10; at++) read(at * 100, 20);
  read(1000, 80);
  const found = clock.at(1_000_100_000n)!;
  t.ok(Math.abs(Number(found.offsetNs) - 80_000_000) <= 50_001);
  t.equal(found.isFollowed, false);
  clock.add({ sentNs: 10n, remoteNs: 0n, receivedNs: 5n });
  t.same(clock.at(1_000_100_000n), found, 'a reading that was back before it was sent is none');
});

/** What two processes on one busy machine see: 40 quick readings, then slow ones, slower on the way there. */
function busyReadings(seconds: number, drift = 0): World {
  const first = Array.from({ length: 40 }, (_, at) => [140e3 + ((at * 37) % 90) * 1e3, 110e3 + ((at * 53) % 70) * 1e3]);
  const later = Array.from({ length: 4 * seconds }, (_, at) => [
    1.2e6 + ((at * 71) % 40) * 100e3,
    0.9e6 + ((at * 29) % 30) * 100e3,
  ]);
  const trips = [...first, ...later].map(([there, back]) => [there!, back!] as const);
  return { offsetNs: 0, drift, trips, everyNs: 250e6 };
}

/** Reads a clock as `readAll`, and moves the offset that the agent works with from the 40th reading on. */
function follow(each: World): { moves: number[]; worstNs: number; isFollowed: boolean } {
  const clock = new AgentClock();
  const moves: number[] = [];
  let [usedNs, worstNs, sentNs] = [0n, 0, 0];
  let isFollowed = false;
  for (const [at, [thereNs, backNs]] of each.trips.entries()) {
    const receivedNs = sentNs + thereNs + backNs;
    clock.add({ sentNs: BigInt(sentNs), remoteNs: remoteAt(each, sentNs + thereNs), receivedNs: BigInt(receivedNs) });
    const now = clock.at(BigInt(receivedNs))!;
    const moveNs = moveOf(usedNs, now);
    if (at === 39) usedNs = now.offsetNs;
    else if (at > 39 && moveNs !== 0) {
      moves.push(moveNs);
      usedNs += BigInt(moveNs);
    }
    const trueNs = Number(remoteAt(each, receivedNs)) - receivedNs;
    if (at >= 39) worstNs = Math.max(worstNs, Math.abs(Number(usedNs) - trueNs));
    isFollowed ||= now.isFollowed;
    sentNs = receivedNs + (at < 39 ? 0 : each.everyNs);
  }
  return { moves, worstNs, isFollowed };
}

t.test('slow readings of clocks that do not drift move nothing', async (t) => {
  const { moves, worstNs, isFollowed } = follow(busyReadings(60));
  t.same(moves, []);
  t.equal(isFollowed, false);
  t.ok(worstNs < 20e3, `the offset is off by ${worstNs} ns, and half of the best round trip is 125 µs`);
});

t.test('a drift among slow readings is followed once it is proven', async (t) => {
  const still = follow({ ...busyReadings(0), drift: 40e-6 });
  t.same(still.moves, []);
  const { moves, worstNs, isFollowed } = follow(busyReadings(120, 40e-6));
  t.equal(isFollowed, true);
  t.ok(moves.length > 0 && moves.length < 200, `${moves.length} moves`);
  t.ok(worstNs < 1.5e6, `${worstNs} ns, and the clocks moved apart by 4.8 ms`);
});

t.test('clocks that do not drift are never followed, and what is moved is within the bound of the truth', async (t) => {
  holds(
    t,
    fc.property(world, (drifting) => {
      const each = { ...drifting, drift: 0 };
      const clock = new AgentClock();
      let sentNs = 0;
      let usedNs: bigint | null = null;
      for (const [thereNs, backNs] of each.trips) {
        const receivedNs = sentNs + thereNs + backNs;
        const remoteNs = remoteAt(each, sentNs + thereNs);
        clock.add({ sentNs: BigInt(sentNs), remoteNs, receivedNs: BigInt(receivedNs) });
        const now = clock.at(BigInt(receivedNs))!;
        if (now.isFollowed) return false;
        usedNs ??= now.offsetNs;
        const moveNs = moveOf(usedNs, now);
        usedNs += BigInt(moveNs);
        if (moveNs !== 0 && Math.abs(Number(usedNs) - each.offsetNs) > now.errorNs + 1) return false;
        sentNs = receivedNs + each.everyNs;
      }
      return true;
    }),
  );
});

t.test('each way is as short as its fastest message says', async (t) => {
  const clock = new AgentClock();
  const read = (sentNs: number, thereNs: number, backNs: number): void =>
    clock.add({
      sentNs: BigInt(sentNs),
      remoteNs: BigInt(sentNs + thereNs),
      receivedNs: BigInt(sentNs + thereNs + backNs),
    });
  read(0, 50_000, 350_000);
  read(400_000, 350_000, 50_000);
  const { offsetNs, errorNs } = clock.at(800_000n)!;
  t.ok(Math.abs(Number(offsetNs)) < 100, 'the true offset is 0');
  t.ok(errorNs < 50_200, `${errorNs} ns: half of the round trips is 200 µs`);
});
