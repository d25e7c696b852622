import fc from 'fast-check';
import t from 'tap';
import {
  choosePorts,
  countPorts,
  expandPorts,
  formatSourcePorts,
  leftToOthers,
  parseSourcePorts,
  sourcePortsLine,
  type PortChoice,
  type PortMachine,
} from '../../../src/plan/ports/source-ports.ts';
import { MACHINE, planClient, type Typed } from '../../support/plans.ts';

const DEFAULT: PortMachine = { localPorts: { first: 32_768, last: 60_999 } };
const SYSTEMS = 28_232;
const OUTSIDE = 36_280;
const ENOUGH = { least: 1, most: 1 };

function choose(choice?: PortChoice, needed = ENOUGH, machine = DEFAULT, ownPort: number | null = null): string {
  return formatSourcePorts(choosePorts(choice, machine, needed, ownPort));
}

t.test('what --source-ports takes, and how it is written back', (t) => {
  for (const text of ['1024-65535', 'kernel', '5000', '1024-2000,3000,4000-5000']) {
    const parsed = parseSourcePorts(text);
    t.equal(parsed.ok ? choose(parsed.value) : parsed.expected, text);
  }
  t.same(parseSourcePorts(' 9-10 , 5 '), {
    ok: true,
    value: {
      kind: 'ranges',
      ranges: [
        { first: 5, last: 5 },
        { first: 9, last: 10 },
      ],
    },
  });
  t.same(parseSourcePorts('System'), { ok: true, value: { kind: 'system' } });
  t.same(parseSourcePorts('5-9,9'), { ok: false, expected: 'each port once' });
  for (const text of ['0-5', '1-65536', '20-10', 'abc', '-5', '1-', '', '5,', ',']) {
    t.equal(parseSourcePorts(text).ok, false, `refuses "${text}"`);
  }
  fc.assert(fc.property(fc.string(), (text) => typeof parseSourcePorts(text).ok === 'boolean'));
  t.end();
});

t.test("the default takes none of the system's range where the other ports are enough", (t) => {
  t.equal(choose(), '10000-32767,61000-65535', 'few: above the ports of most services');
  t.equal(choose(undefined, { least: 100, most: 30_000 }), '1024-32767,61000-65535', 'more, if the target is slow');
  t.equal(choose(undefined, { least: OUTSIDE, most: 1e6 }), '1024-32767,61000-65535');
  t.end();
});

t.test('where they are too few it takes eighths of the range, as many as it needs and never the last', (t) => {
  t.equal(choose(undefined, { least: OUTSIDE + 1, most: 1e6 }), '1024-32767,57471-65535', 'one eighth, from the end');
  t.equal(choose(undefined, { least: 1e6, most: 1e6 }), '1024-32767,36297-65535', 'seven');
  t.equal(choose({ kind: 'most' }), '1024-32767,36297-65535', 'as many without need');
  const range = fc.tuple(fc.integer({ min: 1, max: 65_535 }), fc.integer({ min: 1, max: 65_535 }));
  fc.assert(
    fc.property(range, fc.integer({ min: 0, max: 70_000 }), fc.nat(65_535), ([a, b], least, hole) => {
      const machine = {
        localPorts: { first: Math.min(a, b), last: Math.max(a, b) },
        reservedPorts: new Set([hole]),
        listeningPorts: new Set([hole + 1]),
      };
      const ports = choosePorts(undefined, machine, { least, most: 70_000 }, hole + 2);
      const { left, of } = leftToOthers(ports, machine);
      const taken = ports.kind === 'own' ? expandPorts(ports.ranges) : [];
      const takesNoMore = taken.length < least + of / 8 + 1 || left === of;
      return left >= of / 8 && takesNoMore && ![hole, hole + 1, hole + 2].some((port) => taken.includes(port));
    }),
  );
  t.end();
});

t.test('reserved ports, ports of listeners and privileged ports are left out', (t) => {
  const machine = { ...DEFAULT, reservedPorts: new Set([20_000]), listeningPorts: new Set([20_001, 40_000]) };
  t.equal(choose(undefined, ENOUGH, machine), '10000-19999,20002-32767,61000-65535');
  const fewer = { least: 20_000, most: 30_000 };
  t.equal(choose(undefined, fewer, { ...DEFAULT, lowestPort: 5000 }), '5000-32767,61000-65535');
  t.equal(choose({ kind: 'system' }, ENOUGH, machine), '32768-60999', 'the former default tries them and goes on');
  t.equal(choose({ kind: 'ranges', ranges: [{ first: 19_999, last: 20_001 }] }, ENOUGH, machine), '19999,20001');
  t.end();
});

t.test('one line says which ports a run takes and what is left for other programs', (t) => {
  t.equal(
    sourcePortsLine(choosePorts(undefined, DEFAULT, ENOUGH, null), DEFAULT),
    'source ports: 27,304 for each source address (10000-32767,61000-65535); other programs keep all 28,232 of theirs (32768-60999)',
  );
  t.match(
    sourcePortsLine(choosePorts({ kind: 'most' }, DEFAULT, ENOUGH, null), DEFAULT),
    /; other programs keep 3,529 of their 28,232 \(32768-60999\)$/,
  );
  t.equal(
    sourcePortsLine({ kind: 'kernel', mayMeetItself: false }, DEFAULT),
    'source ports: the kernel chooses them (32768-60999)',
  );
  const ragged = Array.from({ length: 9 }, (_, index) => ({ first: 2000 + 2 * index, last: 2000 + 2 * index }));
  t.match(
    sourcePortsLine({ kind: 'own', ranges: ragged }, DEFAULT),
    /: 9 for each source address \(9 ranges from 2000 to 2016\);/,
  );
  t.end();
});

/** How many ports a plan has for each source, and how many of them the kernel would give to others. */
async function planned(typed: Typed, machine = MACHINE): Promise<{ own: number; systems: number }> {
  const { plan, problems } = await planClient({ port: '2345', ...typed }, machine);
  if (plan?.sourcePorts.kind !== 'own') throw new Error(problems.join());
  const { left, of } = leftToOthers(plan.sourcePorts, machine);
  return { own: countPorts(plan.sourcePorts.ranges), systems: of - left };
}

t.test('a plan takes what its rate, its time and TIME_WAIT ask for', async (t) => {
  const remote = { host: '192.0.2.1' };
  t.match(await planned({ ...remote, rate: '550', duration: '1h' }), { own: OUTSIDE, systems: 0 });
  t.match(await planned({ ...remote, rate: '700', duration: '1h' }), { systems: Math.floor((SYSTEMS * 3) / 8) });
  t.match(await planned({ ...remote, rate: '25000', duration: '10s' }), { systems: Math.floor((SYSTEMS * 7) / 8) });
  t.match(await planned({ ...remote, rate: '25000', duration: '10s', finish: 'eof' }), { systems: 0 });
  const reuse = { ...MACHINE, reuseDelayNs: () => 1e9 };
  t.match(await planned({ ...remote, rate: '25000', duration: '10s' }, reuse), { own: OUTSIDE, systems: 0 });
  t.match(await planned({ ...remote, rate: 'max' }, reuse), { own: OUTSIDE, systems: 0 }, 'a rate that is not known');
  const four = { rate: '2000', duration: '60s', source: '127.0.0.1-127.0.0.4' };
  t.match(await planned(four), { own: OUTSIDE - 1, systems: 0 }, 'each source has these ports');
});

t.test('no connection can be one to itself: the port of a target on this machine is left out', async (t) => {
  const ports = async (typed: Typed) => (await planned({ rate: '10', 'source-ports': '2344-2346', ...typed })).own;
  t.equal(await ports({}), 2);
  t.equal(await ports({ host: '::1' }), 2);
  t.equal(await ports({ host: '127.0.0.9' }), 2, 'all of 127.0.0.0/8');
  t.equal(await ports({ source: '127.0.0.1-127.0.0.2' }), 2);
  t.equal(await ports({ source: '127.0.0.2' }), 3, 'from another address it is an ordinary port');
  t.equal(await ports({ host: '192.0.2.1' }), 3, 'and so it is towards another machine');
  const { problems } = await planClient({ port: '2345', 'source-ports': '2345' });
  t.same(problems, [
    '--source-ports: got "2345", expected a port that is not reserved (ip_local_reserved_ports) or the target\'s own (2345), ' +
      'from which a connection would be one to itself',
  ]);
});
