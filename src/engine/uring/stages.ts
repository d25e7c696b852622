/** In place of a slot, in entries that belong to none. */
export const NO_SLOT = -1;

/**
 * STAGE is what an entry is for, in the tag of the entry. Stages that can be linked stand in the order of their links: of those that are
 * pending, the kernel works on the lowest.
 *
 * An engine takes the numbers that it needs into constants of its own file. V8 folds those, and loads what another module exports at
 * each use, which costs 1 ns (Node 20).
 */
export const STAGE = {
  PREPARE: 0,
  CONNECT: 1,
  SEND: 2,
  RECV: 3,
  POLL: 4,
  CANCEL: 5,
  CLOSE: 6,
  /** The stages from here on belong to entries without a slot, and are never pending. */
  ACCEPT: 8,
  WAKE: 9,
  /** Its completion is ignored. */
  OTHER: 10,
} as const;

/** The stage stands in the low bits of a tag, the generation of the slot in the others. */
const STAGE_BITS = 4;
const STAGE_MASK = (1 << STAGE_BITS) - 1;
/** Generations are counted within what a tag has room for. */
const GENERATION_MASK = -1 >>> (STAGE_BITS + 1);

/** Returns the tag of an entry: a small integer, so that V8 makes no object of it. */
export function tagOf(generation: number, stage: number): number {
  return (generation << STAGE_BITS) | stage;
}

export function stageOf(tag: number): number {
  return tag & STAGE_MASK;
}

export function generationOf(tag: number): number {
  return tag >> STAGE_BITS;
}

export function nextGeneration(generation: number): number {
  return (generation + 1) & GENERATION_MASK;
}
