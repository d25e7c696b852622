import fc from 'fast-check';
import t from 'tap';
import { holds } from '../../support/property.ts';
import { AgentClock } from '../../../src/fleet/controller/clock.ts';

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
