// tier: kernel
/** `--histograms`: the result holds the histograms that its percentiles are from. */
import { once } from 'node:events';
import t from 'tap';
import { decodeHistogram } from '../../src/count/hdr-decode.ts';
import type { EncodedHistograms, LatencySummary } from '../../src/document/common.ts';
import { startThread } from '../../src/runtime/thread.ts';
import type { PingPeerPorts } from '../engine/conformance/ping-peers.ts';
import { checkIdentities } from '../support/identities.ts';
import { moduleUrl } from '../support/modules.ts';
import { planClient, planRtt } from '../support/plans.ts';
import { runClient, runRtt } from '../support/runs.ts';

const peers = startThread(moduleUrl('test/engine/conformance/ping-peers.ts'), {});
t.teardown(() => peers.terminate());
const [ports] = (await once(peers, 'message')) as [PingPeerPorts];

const countOf = (histograms: EncodedHistograms | undefined, clock: string): number | undefined =>
  decodeHistogram(histograms?.[clock] ?? '')?.total;

t.test('a client has them for every clock, round and interval, and for the probe', async (t) => {
  const typed = { target: `127.0.0.1:${ports.tcp.echo}`, finish: 'echo', 'payload-size': '64', rate: '100' };
  const { plan, problems } = await planClient({ ...typed, duration: '2s', probe: '20/s', histograms: 'true' });
  if (plan === null) throw new Error(problems.join('\n'));
  const result = await runClient(plan);
  checkIdentities(t, result);
  t.equal(result.config.histograms, true);
  const [round] = result.rounds;
  for (const part of [round!, ...round!.intervals]) {
    const summaries: Record<string, LatencySummary> = { ...part.latency_ns };
    if (part.probe !== undefined) summaries['probe'] = part.probe.rtt_ns;
    for (const [clock, { count }] of Object.entries(summaries)) t.equal(countOf(part.histograms, clock), count, clock);
  }
  t.ok(round?.probe);
});

t.test('round trips have them too; without the option there are none', async (t) => {
  const typed = { target: `127.0.0.1:${ports.tcp.echo}`, rate: '100', duration: '1s' };
  const { plan: asked } = await planRtt({ ...typed, histograms: 'true' });
  const [round] = (await runRtt(asked!)).rounds;
  for (const part of [round!, ...round!.intervals]) {
    t.equal(countOf(part.histograms, 'rtt'), part.rtt_ns.count);
    t.equal(countOf(part.histograms, 'corrected_rtt'), part.corrected_rtt_ns.count);
    t.equal(countOf(part.histograms, 'schedule_lag'), part.schedule_lag_ns.count);
  }
  const { plan } = await planRtt(typed);
  const [without] = (await runRtt(plan!)).rounds;
  t.equal(without?.histograms, undefined);
  t.equal(without?.intervals[0]?.histograms, undefined);
});
