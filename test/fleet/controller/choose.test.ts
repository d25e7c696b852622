import t from 'tap';
import { chooseAgents, natNotices, type Wanted } from '../../../src/fleet/controller/choose.ts';
import { PROTOCOL, type Description } from '../../../src/fleet/protocol.ts';
import { partOf } from '../../../src/plan/fleet/share.ts';

const WANTED: Wanted = {
  agents: { kind: 'count', count: 2 },
  weights: new Map(),
  target: { address: '10.0.0.9', port: 80 },
  engine: 'uring',
};

function agent(name: string, changes: Partial<Description> = {}): Description {
  return {
    protocol: PROTOCOL,
    conngen: '0.1.0',
    name,
    instance: `${name}-1`,
    system: { kernel: '6.1', node: 'v20', cpus: 2 },
    engines: ['uring', 'epoll'],
    sources: [],
    interface: null,
    machine: `machine of ${name}`,
    host: `host of ${name}`,
    seenFrom: null,
    limits: { targets: ['10.0.0.0/8:80'], maxRatePerSec: null, maxDurationNs: 3600e9 },
    trusts: [],
    busy: null,
    ...changes,
  };
}

const BUSY = { run: 'r', controller: 'ann@desk', command: 'client', target: '10.0.0.1:80' };

function namesOf(there: readonly Description[], wanted: Partial<Wanted> = {}): readonly string[] | null {
  const choice = chooseAgents(there, { ...WANTED, ...wanted });
  return 'members' in choice ? choice.members.map(({ name }) => name) : null;
}

t.test('so many agents are taken by name, of those that nothing speaks against', async (t) => {
  const there = [
    agent('d'),
    agent('b', { busy: BUSY }),
    agent('e'),
    agent('a', { engines: ['epoll'] }),
    agent('c', { protocol: PROTOCOL + 1 }),
    agent('f', { limits: { targets: ['127.0.0.0/8'], maxRatePerSec: null, maxDurationNs: 1e9 } }),
  ];
  t.same(namesOf(there), ['d', 'e']);
  t.same(namesOf(there, { engine: 'auto', agents: { kind: 'count', count: 3 } }), ['a', 'd', 'e']);
});

t.test('too few: who is there, and why each is not taken', async (t) => {
  const there = [
    agent('a', { busy: BUSY }),
    agent('b', { engines: ['node'], busy: BUSY }),
    agent('c', { protocol: PROTOCOL + 1 }),
    agent('d'),
  ];
  const choice = chooseAgents(there, WANTED);
  t.match(choice, { tooFew: '2 agents are asked for, and 1 of the 4 that answer can run this: d' });
  t.same('lines' in choice && choice.lines, [
    'a: runs client against 10.0.0.1:80 for ann@desk',
    `c: speaks protocol ${PROTOCOL + 1} (conngen 0.1.0), and this conngen ${PROTOCOL}`,
    'b: runs client against 10.0.0.1:80 for ann@desk; has no engine uring, but node',
  ]);
  t.match(
    'hint' in choice && choice.hint,
    /^wait for those that are busy; install the same version of conngen everywhere; take an --engine that all agents have; start more agents/,
  );
  t.match(chooseAgents([agent('d')], WANTED), { tooFew: '2 agents are asked for, and 1 answers: d', lines: [] });
  const far = {
    ...WANTED,
    target: { address: '192.0.2.9', port: 80 },
    agents: { kind: 'names', names: ['d'] },
  } as const;
  t.match(chooseAgents([agent('d')], far), {
    lines: ['d: may aim at 10.0.0.0/8:80, not at 192.0.2.9:80 (--allow-target of the agent)'],
    hint: 'start agents that may aim there: conngen agent --allow-target 192.0.2.9:80',
  });
  t.match(chooseAgents([agent('d')], { ...WANTED, engine: 'packet' }), {
    lines: ['d: was started without --interface, on which the engine packet works'],
    hint: /^start agents with an interface: conngen agent --interface IF; /,
  });
  t.match(chooseAgents([], WANTED), { tooFew: '2 agents are asked for, and no agent answers', lines: [] });
});

t.test('named agents are taken in the order of their names, or none', async (t) => {
  const there = [agent('a'), agent('b'), agent('c', { busy: BUSY })];
  t.same(namesOf(there, { agents: { kind: 'names', names: ['b', 'a'] } }), ['b', 'a']);
  const choice = chooseAgents(there, { ...WANTED, agents: { kind: 'names', names: ['b', 'c', 'x'] } });
  t.match(choice, { tooFew: 'x, c cannot be used' });
  t.same('lines' in choice && choice.lines, [
    'x: is not there',
    'c: runs client against 10.0.0.1:80 for ann@desk',
    'free and not named: a',
  ]);
  t.match('hint' in choice && choice.hint, /^wait for those that are busy; start the agents that are not there/);
});

t.test('shares follow the weights, and add up', async (t) => {
  const choice = chooseAgents([agent('a'), agent('b')], { ...WANTED, weights: new Map([['a', 3]]) });
  t.same('members' in choice && choice.members.map(({ share }) => partOf(share)), [0.75, 0.25]);
});

t.test('agents that may connect from one address divide its ports', async (t) => {
  const one = { host: 'h' };
  const partsOf = (there: readonly Description[]): unknown => {
    const choice = chooseAgents(there, { ...WANTED, agents: { kind: 'count', count: there.length } });
    return 'members' in choice && choice.members.map(({ portsPart: { index, of } }) => `${index}/${of}`);
  };
  t.same(partsOf([agent('a', one), agent('b', one), agent('c')]), ['0/2', '1/2', '0/1']);
  t.same(
    partsOf([agent('a', { ...one, sources: ['10.0.0.1'] }), agent('b', { ...one, sources: ['10.0.0.2-10.0.0.9'] })]),
    ['0/1', '0/1'],
  );
  t.same(
    partsOf([agent('a', { ...one, sources: ['10.0.0.5'] }), agent('b', { ...one, sources: ['10.0.0.2-10.0.0.9'] })]),
    ['0/2', '1/2'],
  );
  t.same(
    partsOf([
      agent('a', { ...one, sources: ['10.0.0.5'] }),
      agent('b', { ...one, sources: ['10.0.0.6'] }),
      agent('c', { ...one, sources: ['10.0.0.5', '10.0.0.6'] }),
    ]),
    ['0/3', '1/3', '2/3'],
    'one that has addresses of two others',
  );
});

t.test('agents on different hosts behind one address are told of', async (t) => {
  const choice = chooseAgents(
    [
      agent('a', { seenFrom: '192.0.2.1' }),
      agent('b', { seenFrom: '192.0.2.1' }),
      agent('c', { seenFrom: '192.0.2.2' }),
    ],
    { ...WANTED, agents: { kind: 'count', count: 3 } },
  );
  t.match('members' in choice && natNotices(choice.members), [/sees a, b at one address, 192\.0\.2\.1/]);
});

t.test('one agent at a time works on an interface', async (t) => {
  const on = (name: string, host: string, device: string): Description =>
    agent(name, { host, engines: ['uring', 'packet'], interface: device });
  const there = [on('a', 'one', 'eth0'), on('b', 'one', 'eth0'), on('c', 'one', 'eth1'), on('d', 'two', 'eth0')];
  const packet = { engine: 'packet', agents: { kind: 'count', count: 3 } } as const;
  t.same(namesOf(there, packet), ['a', 'c', 'd'], 'b would share that of a');
  t.same(namesOf(there, { ...packet, engine: 'uring' }), ['a', 'b', 'c'], 'sockets do not');
  t.match(chooseAgents(there, { ...WANTED, ...packet, agents: { kind: 'count', count: 4 } }), {
    tooFew: '4 agents are asked for, and 3 of the 4 that answer can run this: a, c, d',
    lines: ['b: has the --interface eth0 of the agent a on the same host, and one agent at a time can work on it'],
  });
  t.same(namesOf(there, { ...packet, agents: { kind: 'names', names: ['d', 'b'] } }), ['d', 'b']);
  t.match(chooseAgents(there, { ...WANTED, ...packet, agents: { kind: 'names', names: ['b', 'a'] } }), {
    tooFew: 'a cannot be used',
    lines: [
      'a: has the --interface eth0 of the agent b on the same host, and one agent at a time can work on it',
      'free and not named: c, d',
    ],
  });
});

t.test('of many agents those with the same reason share a line', (t) => {
  const there = Array.from({ length: 30 }, (_, at) => agent(`a${at}`, at < 10 ? {} : { engines: ['node'] }));
  const choice = chooseAgents(there, { ...WANTED, agents: { kind: 'count', count: 25 }, engine: 'uring' });
  t.match(choice, {
    tooFew: '25 agents are asked for, and 10 of the 30 that answer can run this: a0, a1, a2, a3 and 6 more',
  });
  t.same('lines' in choice && choice.lines, ['a10, a11, a12, a13 and 16 more: has no engine uring, but node']);
  t.end();
});
