import fc from 'fast-check';
import t from 'tap';
import { OUTCOMES, OUTCOME_TRAITS, countByOwner } from '../../src/document/outcome.ts';
import type { OutcomeName, Owner } from '../../src/document/outcome.ts';
import { outcomes } from '../support/results.ts';
import { holds } from '../support/property.ts';

t.test('whose doing each outcome is', async (t) => {
  const by = (owner: Owner): OutcomeName[] => OUTCOMES.filter((name) => OUTCOME_TRAITS[name].owner === owner);
  t.same(by('generator'), ['source_exhausted', 'fd_exhausted', 'sink_failed']);
  t.same(by('network'), ['connect_timeout', 'unreachable']);
  t.same(by('target'), [
    'exchange_timeout',
    'refused',
    'reset',
    'short_response',
    'too_long',
    'verify_failed',
    'unexpected_response',
  ]);
  t.same(by('nobody'), ['ok', 'aborted', 'other']);
});

t.test('all that was due is ok or has an owner', async (t) => {
  const counts = fc.record(Object.fromEntries(OUTCOMES.map((name) => [name, fc.nat(1e6)])));
  holds(
    t,
    fc.property(counts, fc.nat(1e6), (some, missed) => {
      const all = outcomes(some);
      const { generator, network, target, unattributed } = countByOwner(all, missed);
      const scheduled = OUTCOMES.reduce((sum, name) => sum + all[name], 0) + missed;
      return all.ok + generator + network + target + unattributed === scheduled;
    }),
  );
});
