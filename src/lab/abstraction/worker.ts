/** A thread with a heap and compiled code of its own, for one cell: no cell is affected by an earlier one. */
import { parentPort, workerData } from 'node:worker_threads';
import { runInThisContext } from 'node:vm';
import { expectedResult, treeSource, type Style, type Tree } from './source.ts';
import { timeTree, type Timing, type TimingPlan } from './timing.ts';

export interface AbstractionInit extends TimingPlan {
  readonly style: Style;
  readonly variants: number;
}

export type FromAbstraction =
  | { readonly type: 'timing'; readonly timing: Timing }
  /** It computed something else than the other styles: what it took means nothing. */
  | { readonly type: 'wrong'; readonly got: number; readonly expected: number };

const PROOF_PASSES = 3;

async function main({ style, variants, ...plan }: AbstractionInit): Promise<FromAbstraction> {
  const make = runInThisContext(treeSource(style, variants), { filename: `abstraction-${style}.js` }) as () => Tree;
  const tree = make();
  const timing = await timeTree(tree, plan, () => performance.now());
  // Behind the measurement, so that it is the code as compiled that is proved.
  const got = await tree.run(PROOF_PASSES);
  const expected = expectedResult(PROOF_PASSES, variants);
  return got === expected ? { type: 'timing', timing } : { type: 'wrong', got, expected };
}

parentPort?.postMessage(await main(workerData as AbstractionInit));
