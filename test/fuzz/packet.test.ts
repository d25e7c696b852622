/**
 * Frames of an attacker, made of those that two TCPs exchange, put on the wire between them. `PACKET_FUZZ_SEED=N` sets the first seed and
 * `PACKET_FUZZ_CASES=N` how many follow.
 */
import t from 'tap';
import { random } from '../engine/conformance/random.ts';
import type { Scenario, Script } from '../engine/packet/tcp/scenario.ts';
import { Pair } from '../engine/packet/tcp/two-tcps.ts';
import { Attacker } from './attacker.ts';

const CASES = Number(process.env['PACKET_FUZZ_CASES'] ?? 25);
const FIRST_SEED = Number(process.env['PACKET_FUZZ_SEED'] ?? 1);
/** Enough for all that is sent again to be given up. */
const ENOUGH_SECONDS = 20_000;
/** Frames that may follow one of the attacker's: an answer, and what a window opens for. */
const FRAMES_FOR_ONE = 4;
/** Two ends that a forged segment has set against each other may answer each other until their budgets end. */
const ANSWERS_PER_SECOND = 2000;

t.setTimeout(Math.max(120_000, CASES * 1000));

function scriptOf(chance: () => number): Script {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(chance() * list.length)]!;
  return {
    bytes: pick([0, 1, 64, 64, 1448, 5000, 40_000]),
    pieceBytes: pick([1e9, 1e9, 1000]),
    finish: pick(['shutdown', 'shutdown', 'close', 'reset']),
    resetAfter: pick([0, 64, 2000]),
    holdAfter: 1,
    holdMs: pick([0, 0, 100]),
  };
}

function scenarioOf(seed: number): Scenario {
  const chance = random(seed);
  const count = 1 + Math.floor(chance() * 4);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(chance() * list.length)]!;
  return {
    family: pick([4, 6]),
    vlan: pick([null, null, 42]),
    mtu: pick([1500, 1280]),
    connections: Array.from({ length: count }, () => ({ client: scriptOf(chance), server: scriptOf(chance) })),
    faults: { seed, loss: pick([0, 0, 0.1]), reorder: pick([0, 0.2]) },
    delayMs: pick([0, 1, 20]),
    mostWindow: pick([Infinity, Infinity, 100]),
    firstSequences: pick([null, [2 ** 32 - 100, 2 ** 31 - 100]]),
  };
}

function connectAll(pair: Pair, given: Scenario): void {
  given.connections.forEach((_, index) => pair.ends[0].connect(index));
}

/** Frames that the two ends send each other when no one disturbs them. */
function undisturbedFrames(given: Scenario): number {
  const pair = new Pair(given);
  connectAll(pair, given);
  pair.run(ENOUGH_SECONDS);
  return pair.sentFrames;
}

for (const makesSound of [false, true]) {
  t.test(makesSound ? 'frames with right checksums' : 'damaged frames change nothing', (t) => {
    for (let seed = FIRST_SEED; seed < FIRST_SEED + CASES; seed++) {
      const given = scenarioOf(seed);
      const pair = new Pair(given, { trusts: !makesSound });
      const attacker = new Attacker(pair, { seed, makesSound, share: makesSound ? 0.3 : 0.6 });
      const again = `again: PACKET_FUZZ_SEED=${seed} PACKET_FUZZ_CASES=1`;
      try {
        connectAll(pair, given);
        let isQuiet = pair.run(ENOUGH_SECONDS);
        attacker.stop();
        if (!isQuiet) {
          for (const end of pair.ends) end.giveUp();
          isQuiet = pair.run(ENOUGH_SECONDS);
        }
        const before = pair.sentFrames;
        const seconds = pair.lastFrameNs / 1e9;
        pair.clock.advance(3e9);
        pair.run(10);
        if (!isQuiet || pair.sentFrames !== before) t.fail(`the ends never fall silent; ${again}`);
        checkLeft(pair, (what) => t.fail(`${what}; ${again}`));
        const most = undisturbedFrames(given) + attacker.frames * FRAMES_FOR_ONE + ANSWERS_PER_SECOND * (1 + seconds);
        if (pair.sentFrames > most) t.fail(`${pair.sentFrames} frames sent, at most ${most} expected; ${again}`);
        if (!makesSound)
          for (const end of pair.ends)
            for (const { faults } of end.models) if (faults.length > 0) t.fail(`${faults[0]}; ${again}`);
      } catch (error) {
        t.error(error, again);
      }
    }
    t.pass(`${CASES} cases`);
    t.end();
  });
}

function checkLeft(pair: Pair, fail: (what: string) => void): void {
  for (const [index, end] of pair.ends.entries()) {
    const left = {
      rows: end.tcp.rows,
      resting: end.tcp.resting,
      slots: end.openSlots,
      sources: end.sourceConnections,
      frames: end.port.takenFrames,
    };
    if (Object.values(left).some((count) => count > 0)) fail(`end ${index} keeps ${JSON.stringify(left)}`);
    if (end.counters.some((count) => !(count >= 0))) fail(`end ${index} counts ${[...end.counters].join(' ')}`);
    for (const seat of end.seats) {
      if (seat.sent > seat.queued) fail('more was sent than queued');
      if (!seat.isClosed) fail('a connection never ended');
    }
  }
}
