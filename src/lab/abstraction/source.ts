/**
 * The code that is measured, as text: call trees in four styles that do the same arithmetic, each in as many variants as are
 * asked for. Written out rather than made of closures, because closures share one function's code and feedback: the compiler
 * would see one tree, and the branch predictor one path.
 */

/** How a layer gives its result to the one above. */
export const STYLES = ['sync', 'callback', 'async', 'boxed'] as const;
export type Style = (typeof STYLES)[number];

/** Calls from the top of a tree to its leaf. */
export const DEPTH = 5;

/** Trees called by one pass, whatever the number of variants. */
export const OPERATIONS_PER_PASS = 512;

/** What the text evaluates to. */
export interface Tree {
  /** Calls all trees in a fixed, mixed-up order, `passes` times, each with the result of the one before; the last result. */
  readonly run: (passes: number) => number | Promise<number>;
}

/** Evaluates to a function that takes nothing and returns a `Tree`. `variants` divides `OPERATIONS_PER_PASS`. */
export function treeSource(style: Style, variants: number): string {
  const layers: string[] = [];
  for (let variant = 0; variant < variants; variant++) {
    for (let level = DEPTH - 1; level >= 0; level--) layers.push(LAYERS[style](variant, level));
  }
  const tops = Array.from({ length: variants }, (_, variant) => TOPS[style](variant));
  return [
    '(() => {',
    "'use strict';",
    ...layers,
    `const tops = [${tops.join(', ')}];`,
    `const order = [${callOrder(variants).join(', ')}].map((variant) => tops[variant]);`,
    RUNS[style],
    'return { run };',
    '})',
  ].join('\n');
}

/** A layer's arithmetic: different constants in every one, so that no two have the same code. */
function constants(
  variant: number,
  level: number,
): { readonly down: number; readonly times: number; readonly plus: number } {
  const id = variant * DEPTH + level;
  return { down: 3 + id, times: 2 * id + 5, plus: 7 * id + 1 };
}

const downOf = (variant: number, level: number): string => `x + ${constants(variant, level).down} | 0`;
const upOf = (variant: number, level: number): string => {
  const { times, plus } = constants(variant, level);
  return `Math.imul(y, ${times}) + ${plus} | 0`;
};
const isLeaf = (level: number): boolean => level === DEPTH - 1;

type LayerSource = (variant: number, level: number) => string;

/** `id` is the layer, `next` the one below. The leaf is always ready immediately. */
const LAYERS: Readonly<Record<Style, LayerSource>> = {
  sync: (variant, level) => {
    const y = isLeaf(level) ? downOf(variant, level) : `f${variant}_${level + 1}(${downOf(variant, level)})`;
    return `function f${variant}_${level}(x) { const y = ${y}; return ${upOf(variant, level)}; }`;
  },
  callback: (variant, level) => {
    const body = isLeaf(level)
      ? `const y = ${downOf(variant, level)}; done(${upOf(variant, level)});`
      : `f${variant}_${level + 1}(${downOf(variant, level)}, (y) => done(${upOf(variant, level)}));`;
    return `function f${variant}_${level}(x, done) { ${body} }`;
  },
  async: (variant, level) => {
    const y = isLeaf(level) ? downOf(variant, level) : `await f${variant}_${level + 1}(${downOf(variant, level)})`;
    return `async function f${variant}_${level}(x) { const y = ${y}; return ${upOf(variant, level)}; }`;
  },
  // The layer below is known as something with a `run` only, and each result travels in a promise of its own making.
  boxed: (variant, level) => {
    const body = isLeaf(level)
      ? `const y = ${downOf(variant, level)}; resolve(${upOf(variant, level)});`
      : `this.next.run(${downOf(variant, level)}).then((y) => resolve(${upOf(variant, level)}), reject);`;
    return (
      `class F${variant}_${level} { constructor(next) { this.next = next; } ` +
      `run(x) { return new Promise((resolve, reject) => { ${body} }); } }`
    );
  },
};

const named = (variant: number): string => `f${variant}_0`;

const TOPS: Readonly<Record<Style, (variant: number) => string>> = {
  sync: named,
  callback: named,
  async: named,
  boxed: (variant) => {
    const levels = Array.from({ length: DEPTH }, (_, level) => DEPTH - 1 - level);
    return levels.reduce((next, level) => `new F${variant}_${level}(${next})`, 'null');
  },
};

const RUNS: Readonly<Record<Style, string>> = {
  sync: `function run(passes) {
    let sum = 0;
    for (let pass = 0; pass < passes; pass++)
      for (let at = 0; at < order.length; at++) sum = sum + order[at](sum) | 0;
    return sum;
  }`,
  callback: `function run(passes) {
    let sum = 0;
    const done = (y) => { sum = sum + y | 0; };
    for (let pass = 0; pass < passes; pass++)
      for (let at = 0; at < order.length; at++) order[at](sum, done);
    return sum;
  }`,
  async: `async function run(passes) {
    let sum = 0;
    for (let pass = 0; pass < passes; pass++)
      for (let at = 0; at < order.length; at++) sum = sum + await order[at](sum) | 0;
    return sum;
  }`,
  boxed: `async function run(passes) {
    let sum = 0;
    for (let pass = 0; pass < passes; pass++)
      for (let at = 0; at < order.length; at++) sum = sum + await order[at].run(sum) | 0;
    return sum;
  }`,
};

/** The same in every run and style. An odd step through a power of two meets every place once, and not in order. */
const STEP = 197;

/** Which variant each operation of a pass calls. */
export function callOrder(variants: number): number[] {
  return Array.from(
    { length: OPERATIONS_PER_PASS },
    (_, operation) => ((operation * STEP + 31) % OPERATIONS_PER_PASS) % variants,
  );
}

/** What `run(passes)` of every style has to give. */
export function expectedResult(passes: number, variants: number): number {
  let sum = 0;
  const order = callOrder(variants);
  for (let pass = 0; pass < passes; pass++) {
    for (const variant of order) sum = (sum + callTree(variant, sum)) | 0;
  }
  return sum;
}

function callTree(variant: number, argument: number): number {
  let y = argument;
  for (let level = 0; level < DEPTH; level++) y = (y + constants(variant, level).down) | 0;
  for (let level = DEPTH - 1; level >= 0; level--) {
    const { times, plus } = constants(variant, level);
    y = (Math.imul(y, times) + plus) | 0;
  }
  return y;
}
