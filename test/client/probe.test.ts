// tier: kernel
/** A load with a probe beside it, against peers that echo and peers that do not. */
import { once } from 'node:events';
import t from 'tap';
import { runClient } from '../support/runs.ts';
import type { IntervalResult } from '../../src/document/client.ts';
import type { ClientPlan } from '../../src/plan/plan.ts';
import type { PingPeerPorts } from '../engine/conformance/ping-peers.ts';
import { startThread } from '../../src/runtime/thread.ts';
import { moduleUrl } from '../support/modules.ts';
import { inTime } from '../support/in-time.ts';
import { checkIdentities } from '../support/identities.ts';
import { onSecond } from '../support/events.ts';
import { planClient } from '../support/plans.ts';

const peers = startThread(moduleUrl('test/engine/conformance/ping-peers.ts'), {});
t.teardown(() => peers.terminate());
const [ports] = (await once(peers, 'message')) as [PingPeerPorts];

async function planOf(port: number, timeout = '2s'): Promise<ClientPlan> {
  const typed = {
    target: `127.0.0.1:${port}`,
    finish: 'echo',
    'payload-size': '64',
    engine: 'epoll',
    // Longer than this machine pauses: a ping that takes longer is lost.
    timeout,
  };
  const { plan, problems } = await planClient({ ...typed, rate: '100', duration: '2s', probe: '50/s' });
  if (plan === null) throw new Error(problems.join('\n'));
  return plan;
}

t.test('an established connection is pinged while others are opened', async (t) => {
  const plan = await planOf(ports.tcp.echo);
  let told: IntervalResult[] = [];
  const result = await inTime(() => {
    told = [];
    return runClient(plan, { emit: onSecond(({ of, counts }) => of === 'connections' && told.push(counts)) });
  });
  checkIdentities(t, result);
  const [round] = result.rounds;
  t.match(round, { attempts: { started: 200 }, probe: { sent: 100, received: 100, lost: 0, rtt_ns: { count: 100 } } });
  // In which second one falls is decided when it is sent, and that can be late.
  const sum = (intervals: readonly IntervalResult[], key: 'sent' | 'received'): number =>
    intervals.reduce((total, { probe }) => total + (probe?.[key] ?? 0), 0);
  t.equal(sum(round!.intervals, 'sent'), 100);
  t.equal(sum(told, 'received'), 100, 'the live view is told too');
});

t.test('a target that does not echo is refused before the load', async (t) => {
  // Some seconds of silence are more than the thread has banks to count them in.
  for (const [peer, timeout] of [
    ['silent', '6s'],
    ['ends', '2s'],
  ] as const) {
    await t.rejects(
      planOf(ports.tcp[peer], timeout).then((plan) => runClient(plan)),
      {
        code: 'probe_no_echo',
        message: /it needs a target that sends back/,
      },
    );
  }
});
