import t from 'tap';
import type { SearchResult } from '../../src/document/limit.ts';
import { goalSentence } from '../../src/view/limit-sentences.ts';
import { searchOf } from '../support/compare.ts';

t.test('a search that this machine limited names where, if it was not at what passed before', async (t) => {
  const limitedAt = (generatorLimit: number | null): string => {
    const { document } = searchOf('a.json', 600, null, {
      status: 'generator_limited',
      generator_limit_per_sec: generatorLimit,
      reason: 'One start in ten was late.',
      lower_trials: { passed: 1, of: 1, length: 'exploratory', duration_sec: 1 },
    });
    return goalSentence((document as SearchResult).goals[0]!);
  };
  t.match(limitedAt(700), /this machine was the limit\)\. At 700\/s: One start in ten was late\./);
  t.match(limitedAt(null), /this machine was the limit\)\. One start in ten was late\./);
});
