/** The names that agents have by default. */
import t from 'tap';
import { defaultName } from '../../../src/fleet/agent/description.ts';
import { withOwn } from '../../../src/fleet/agent/own-options.ts';
import { CLIENT_OPTIONS } from '../../../src/options/tables/client.ts';
import { RTT_OPTIONS } from '../../../src/options/tables/rtt.ts';
import { parseAgentName } from '../../../src/plan/fleet/fleet-choice.ts';

t.test('the name of any host is made fit', async (t) => {
  t.equal(defaultName('web-1'), 'web-1');
  t.equal(defaultName('web.example.org'), 'web-example-org');
  t.equal(defaultName('17'), 'agent-17');
  for (const host of ['', '...', 'ä', 'x'.repeat(300), '-', '0']) t.ok(parseAgentName(defaultName(host)).ok, host);
});

t.test('what is an agent’s own goes where the command and the engine have it', async (t) => {
  const own = { source: ['10.0.0.2'], interface: 'eth0', 'source-ports': '2000-3000' };
  const sockets = withOwn({ engine: 'uring', rate: ['1'] }, own, CLIENT_OPTIONS);
  t.strictSame(sockets, { engine: 'uring', rate: ['1'], source: ['10.0.0.2'], 'source-ports': '2000-3000' });
  t.strictSame(withOwn({ engine: 'packet' }, own, CLIENT_OPTIONS), { engine: 'packet', ...own });
  t.strictSame(withOwn({}, own, RTT_OPTIONS), { source: ['10.0.0.2'] });
});
