import fc from 'fast-check';
import t from 'tap';
import { ChunkChains } from '../../../src/client/body/chunk-chains.ts';
import { ChunkPool } from '../../../src/client/body/chunk-pool.ts';
import { CHUNK_BYTES, ChunkTable, NO_CHUNK } from '../../../src/client/body/chunk-table.ts';
import { holds } from '../../support/property.ts';

function chainsOf(limitBytes: number, capacity: number) {
  const table = new ChunkTable(ChunkTable.createMemory(limitBytes));
  const pool = new ChunkPool(undefined, table);
  return { table, pool, chains: new ChunkChains(pool, table, capacity) };
}

function drain(pool: ChunkPool, chains: ChunkChains, slot: number): Buffer {
  const parts: Buffer[] = [];
  for (;;) {
    const chunk = chains.firstOf(slot);
    if (chunk === NO_CHUNK || chains.lengthOf(chunk) === 0) return Buffer.concat(parts);
    parts.push(Buffer.from(pool.viewOf(chunk).subarray(0, chains.lengthOf(chunk))));
    pool.give(chains.detachFirst(slot));
  }
}

t.test('what came in pieces on several slots is what comes out, in order, and memory is used again', async (t) => {
  const pieces = fc.array(fc.tuple(fc.nat(2), fc.integer({ min: 1, max: CHUNK_BYTES })), { maxLength: 40 });
  const { pool, chains } = chainsOf(64 * 2 ** 20, 3);
  holds(
    t,
    fc.property(pieces, (all) => {
      const expected: Buffer[][] = [[], [], []];
      for (const [index, [slot, wanted]] of all.entries()) {
        const view = chains.viewOf(slot);
        if (view.length !== chains.roomOf(slot)) return false;
        const bytes = Math.min(wanted, view.length);
        view.fill(index, 0, bytes);
        expected[slot]!.push(Buffer.alloc(bytes, index));
        chains.add(slot, bytes);
      }
      return expected.every((parts, slot) => drain(pool, chains, slot).equals(Buffer.concat(parts)));
    }),
    { numRuns: 30 },
  );
});

t.test('without memory bytes go to waste, and are said to', async (t) => {
  // The least there can be is a batch of 16, of which one is for the waste.
  const { table, chains } = chainsOf(0, 2);
  for (let i = 0; i < table.most - 1; i++) {
    t.equal(chains.roomOf(0), CHUNK_BYTES);
    chains.add(0, CHUNK_BYTES);
    t.notOk(chains.isWasting(0));
  }
  t.ok(chains.roomOf(0) > 0, 'there is room all the same');
  t.ok(chains.isWasting(0));
  t.ok(chains.roomOf(1) > 0);
  t.ok(chains.isWasting(1));
  chains.clear(0);
  t.equal(chains.roomOf(1), CHUNK_BYTES);
  t.notOk(chains.isWasting(1), 'what was given back serves others');
});
