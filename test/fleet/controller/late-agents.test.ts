/** Which lost agents are waited for, and for how long. */
import t from 'tap';
import { LateAgents } from '../../../src/fleet/controller/late-agents.ts';
import { Member } from '../../../src/fleet/controller/member.ts';
import { TIMES } from '../../../src/fleet/protocol.ts';
import { description } from '../../support/agents.ts';

const CONNECTED_MS = 60_000;

function member(name: string): Member {
  return new Member(description(name), { turns: [0], of: 1 }, { index: 0, of: 1 });
}

/** Agents of whom those in `absent` are not at NATS, and a clock to move. */
function waitFor(names: readonly string[], absent: readonly string[] = []) {
  let nowMs = 1000;
  const late = new LateAgents({ isThere: ({ name }) => Promise.resolve(!absent.includes(name)), nowMs: () => nowMs });
  const members = names.map(member);
  for (const each of members) late.add(each);
  return {
    late,
    members,
    /** Looks four times a second for so long. Returns who is given up, and when. */
    look: async (forMs: number, connectedMs: number | null = CONNECTED_MS): Promise<[string, number][]> => {
      const found: [string, number][] = [];
      for (const endMs = nowMs + forMs; nowMs < endMs;) {
        nowMs += 250;
        for (const each of late.givenUp(connectedMs)) {
          late.delete(each);
          found.push([each.name, nowMs - 1000]);
        }
        await Promise.resolve();
        await Promise.resolve();
      }
      return found;
    },
  };
}

t.test('one that may come back is waited for to the end of the time', async (t) => {
  const { look } = waitFor(['a']);
  t.strictSame(await look(60_000), [['a', TIMES.collectMs + 250]]);
});

t.test('one that is not at NATS any more is not', async (t) => {
  const { look } = waitFor(['a', 'b'], ['b']);
  const [first, second] = await look(60_000);
  t.equal(first![0], 'b');
  t.ok(first![1] < 5000, `given up after ${String(first![1])} ms`);
  t.strictSame(second, ['a', TIMES.collectMs + 250]);
});

t.test('without a connection, and right after it is back, nobody is known to be gone', async (t) => {
  const away = waitFor(['a'], ['a']);
  t.strictSame(await away.look(60_000, null), [['a', TIMES.collectMs + 250]]);
  const back = waitFor(['a'], ['a']);
  t.strictSame(await back.look(60_000, 500), [['a', TIMES.collectMs + 250]]);
});

t.test('one that ends its part is waited for as long as it says so', async (t) => {
  const { late, members, look } = waitFor(['a']);
  for (let second = 0; second < 90; second++) {
    late.heard(members[0]!);
    t.strictSame(await look(1000), []);
  }
  t.ok(late.has(members[0]!));
  t.strictSame(late.members, members);
  t.equal((await look(60_000)).length, 1);
});

t.test('but not without end', async (t) => {
  const { late, members, look } = waitFor(['a']);
  const found: [string, number][] = [];
  for (let second = 0; second < 180; second++) {
    late.heard(members[0]!);
    found.push(...(await look(1000)));
  }
  t.strictSame(found, [['a', 120_250]]);
});
