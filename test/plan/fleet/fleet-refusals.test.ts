import t from 'tap';
import { fleetRefusals } from '../../../src/plan/fleet/fleet-refusals.ts';
import { readSearchOptions } from '../../../src/limit/plan/profile.ts';
import { readOptions, type RawInput } from '../../../src/options/read.ts';
import { CLIENT_OPTIONS } from '../../../src/options/tables/client.ts';
import { RTT_OPTIONS } from '../../../src/options/tables/rtt.ts';

function rawOf(flags: Readonly<Record<string, string>>): RawInput {
  const given = Object.entries(flags).map(([name, text]): [string, string[]] => [name, [text]]);
  return { command: 'conngen', flags: new Map(given), extra: [], env: {} };
}

const FLEET = { fleet: 'nats://127.0.0.1', agents: '2' };

t.test('what each agent has of its own, and files of its disk, are refused all at once', async (t) => {
  const own = {
    source: '127.0.0.1',
    'source-ports': '2000-3000',
    freebind: 'true',
    interface: 'eth0',
    gateway: '10.0.0.1',
    vlan: '7',
    sink: 'file:/tmp',
    'spill-dir': '/tmp',
  };
  const names = Object.keys(own).map((name) => `--${name}`);
  const { input } = readOptions(CLIENT_OPTIONS, rawOf({ ...FLEET, ...own }));
  t.same(
    fleetRefusals(input)
      .map(({ option }) => option)
      .toSorted(),
    names.toSorted(),
  );
  t.same(fleetRefusals(readOptions(CLIENT_OPTIONS, rawOf(own)).input), [], 'this machine can have them');
  t.same(fleetRefusals(readOptions(CLIENT_OPTIONS, rawOf(FLEET)).input), [], 'defaults are not asked for');
});

t.test('single round trips, and a limit that only agents know', async (t) => {
  const { input } = readOptions(RTT_OPTIONS, rawOf({ ...FLEET, samples: '100' }));
  t.match(fleetRefusals(input), [{ option: '--samples', got: '100' }]);
  const searched = (more: Readonly<Record<string, string>>) =>
    fleetRefusals(readSearchOptions(rawOf({ ...FLEET, goal: 'ok>=99%', quantity: 'connections', ...more })).input);
  t.match(searched({}), [{ option: '--quantity', got: 'connections', expected: /^--max-connections N beside it/ }]);
  t.same(searched({ 'max-connections': '5000' }), []);
});
