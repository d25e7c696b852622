/**
 * How often a comparison is right, over thousands of simulated ones. docs/explanation/comparing.md has these figures. Seeded: the same
 * figures every time.
 */
import t from 'tap';
import { blockLength, drawBlocks, varianceOf } from '../../src/compare/bootstrap.ts';
import { overRuns, overSeconds, type Spread } from '../../src/compare/estimate.ts';
import { judged, runsNeeded, type Unjudged } from '../../src/compare/verdict.ts';
import type { CompareVerdict } from '../../src/document/compare.ts';

/** Mulberry32, and the normal distribution by Box and Muller. */
function normalDraws(seed: number): () => number {
  let state = seed >>> 0;
  const uniform = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
}

const RULES = { margin: 0.02, confidence: 0.95 };
/** As many as are tested of a round of a client. */
const FIGURES = 5;

interface Side {
  readonly runs: number;
  /** What each figure is multiplied by. */
  readonly factor: number;
}

/** The verdicts of one comparison. Figures of a run hang together: a slow run is slow in all of them. */
function verdictsOf(draw: () => number, base: Side, next: Side, noise: number): CompareVerdict[] {
  const logsOf = ({ runs, factor }: Side): number[][] =>
    Array.from({ length: runs }, () => {
      const common = draw();
      return Array.from({ length: FIGURES }, () => Math.log(factor) + noise * (0.6 * common + 0.8 * draw()));
    });
  const [ours, theirs] = [logsOf(base), logsOf(next)];
  const figures = Array.from({ length: FIGURES }, (_, index): Unjudged => {
    const column = (side: number[][]): number[] => side.map((run) => run[index]!);
    const { change, low, high, method, p } = overRuns(column(ours), column(theirs), RULES.confidence);
    const value = {
      base: 1,
      new: 1,
      base_values: [],
      new_values: [],
      change: 'ratio',
      confidence_percent: 95,
    } as const;
    const interval = { ratio: Math.exp(change!), low: Math.exp(low!), high: Math.exp(high!) };
    return { name: `${index}`, round: 0, unit: 'ns', better: 'lower', tested: true, ...value, ...interval, method, p };
  });
  return judged(figures, RULES).map(({ verdict }) => verdict);
}

const isDifferent = (verdict: CompareVerdict): boolean => verdict === 'faster' || verdict === 'slower';

function shareOf(tries: number, holds: () => boolean): number {
  let count = 0;
  for (let each = 0; each < tries; each++) if (holds()) count++;
  return (count / tries) * 100;
}

t.test('equal sides are told apart in at most 5 % of comparisons', async (t) => {
  for (const runs of [5, 7, 12]) {
    const draw = normalDraws(runs);
    const side = { runs, factor: 1 };
    const wrong = shareOf(2000, () => verdictsOf(draw, side, side, 0.03).some(isDifferent));
    t.comment(`${runs} runs a side: ${wrong.toFixed(1)} %`);
    t.ok(wrong <= 5, `${runs} runs a side`);
  }
});

t.test('a change of 8 % is found with 7 runs a side and a noise of 3 %', async (t) => {
  const draw = normalDraws(8);
  let found = 0;
  const tries = 500;
  for (let each = 0; each < tries; each++) {
    const verdicts = verdictsOf(draw, { runs: 7, factor: 1 }, { runs: 7, factor: 1.08 }, 0.03);
    t.notOk(verdicts.includes('faster') && each < 1, 'in the right direction');
    found += verdicts.filter((verdict) => verdict === 'slower').length / FIGURES;
  }
  t.comment(`found: ${((found / tries) * 100).toFixed(1)} %`);
  t.ok(found / tries >= 0.8);
});

t.test('one figure of five that changes is found as well', async (t) => {
  const draw = normalDraws(9);
  const found = shareOf(500, () => {
    const logs = (factor: number): number[] => Array.from({ length: 7 }, () => Math.log(factor) + 0.03 * draw());
    // The other four do not change: Holm asks the smallest p-value to be a fifth of 5 %.
    return overRuns(logs(1), logs(1.08), RULES.confidence).p! * FIGURES <= 0.05;
  });
  t.comment(`found: ${found.toFixed(1)} %`);
  t.ok(found >= 80);
});

t.test('sides within the margin are the same, and one at its edge is hardly ever said to be', async (t) => {
  const draw = normalDraws(10);
  const side = { runs: 9, factor: 1 };
  const same = shareOf(300, () => verdictsOf(draw, side, side, 0.005).every((verdict) => verdict === 'same'));
  const edge = shareOf(1000, () => verdictsOf(draw, side, { runs: 9, factor: 1.02 }, 0.01)[0] === 'same');
  t.comment(`same: ${same.toFixed(1)} %, at the edge: ${edge.toFixed(1)} %`);
  t.ok(same >= 95);
  t.ok(edge <= 2.5 + 1.5, 'two one-sided tests at 2.5 %');
});

t.test('the runs that are needed', async (t) => {
  t.equal(runsNeeded(5, 0.95), 5);
  t.equal(runsNeeded(6, 0.95), 5);
  t.equal(runsNeeded(7, 0.95), 6);
  t.equal(runsNeeded(10, 0.95), 6);
  t.equal(runsNeeded(5, 0.99), 7);
});

/** The share of intervals from the seconds of two equal runs that hold no change, where neighbours correlate by `phi`. */
function coverage(seconds: number, phi: number, seed: number): number {
  const draw = normalDraws(seed);
  const run = (): number[] => {
    let state = draw() / Math.sqrt(1 - phi * phi);
    return Array.from({ length: seconds }, () => 1000 * Math.exp(0.05 * (state = phi * state + draw())));
  };
  const spreadOf = (values: readonly number[], block: number): Spread => {
    const drawn = drawBlocks(values.length, block);
    const mean = (weights: ArrayLike<number>): number =>
      Math.log(values.reduce((sum, value, at) => sum + value * weights[at]!, 0) / values.length);
    return { value: mean(values.map(() => 1)), variance: varianceOf(drawn, mean), blocks: drawn.blocks };
  };
  return shareOf(200, () => {
    const [base, next] = [run(), run()];
    const block = Math.max(...[base, next].map((values) => blockLength(values.map(Math.log), 1) ?? 1));
    const { low, high } = overSeconds(spreadOf(base, block), spreadOf(next, block), 0.95);
    return low! <= 0 && high! >= 0;
  });
}

t.test('intervals from the seconds of one run', async (t) => {
  const expected: readonly (readonly [seconds: number, phi: number, least: number])[] = [
    [30, 0, 92],
    [30, 0.6, 86],
    [60, 0, 92],
    [60, 0.6, 86],
  ];
  for (const [seconds, phi, least] of expected) {
    const found = coverage(seconds, phi, seconds + phi * 10);
    t.comment(`${seconds} s, correlation ${phi}: ${found.toFixed(1)} %`);
    t.ok(found >= least, `${seconds} s, correlation ${phi}: ${found} %`);
  }
});
