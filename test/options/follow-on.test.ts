import t from 'tap';
import { withoutFollowOn } from '../../src/options/follow-on.ts';
import { fleetProblems } from '../../src/plan/fleet/fleet-choice.ts';
import { readOptions, type RawInput } from '../../src/options/read.ts';
import { FLEET_OPTIONS } from '../../src/options/tables/fleet.ts';
import { formatProblem } from '../../src/units/problem.ts';

/** The places of the problems that are told where these are given. */
function toldOf(flags: Record<string, string>, env: Record<string, string> = {}): string[] {
  const given = new Map(Object.entries(flags).map(([name, text]): [string, string[]] => [name, [text]]));
  const raw: RawInput = { command: 'conngen client', flags: given, extra: [], env };
  const { input, problems } = readOptions(FLEET_OPTIONS, raw);
  const told = [...problems, ...withoutFollowOn(fleetProblems(input), problems)];
  return told.map((problem) => formatProblem(problem).replace(/:.*/s, ''));
}

t.test('what could not be read is not said to be missing', (t) => {
  t.same(toldOf({ fleet: 'http://h', agents: '3', 'fleet-creds': 'f' }), ['--fleet']);
  t.same(toldOf({ fleet: 'h', agents: '0' }), ['--agents']);
  t.same(toldOf({ fleet: 'h', agents: 'a,a' }), ['--agents']);
  t.same(toldOf({ agents: '3' }, { CONNGEN_FLEET: 'http://h' }), ['CONNGEN_FLEET']);
  t.same(toldOf({ fleet: 'http://h', agents: '0' }), ['--fleet', '--agents']);
  t.end();
});

t.test('what is missing is said to be', (t) => {
  t.same(toldOf({ agents: '3' }), ['--agents']);
  t.same(toldOf({ fleet: 'h' }), ['--fleet']);
  // Something else that is wrong does not hide it.
  t.same(toldOf({ fleet: 'h', share: 'a=0' }), ['--share', '--fleet']);
  t.same(withoutFollowOn([{ option: 'port', got: null, expected: 'a port' }], []).length, 1);
  const unread = [{ option: 'f.json: fleet', got: 'x', expected: 'y' }];
  t.same(withoutFollowOn([{ option: 'f.json: agents', got: '3', expected: 'z', needs: 'fleet' }], unread), []);
  t.end();
});
