import t from 'tap';
import { fleetChoice, fleetProblems } from '../../../src/plan/fleet/fleet-choice.ts';
import { parseAgents, parseFleetServers, parseShares } from '../../../src/plan/fleet/fleet-choice.ts';
import { readOptions } from '../../../src/options/read.ts';
import { FLEET_OPTIONS } from '../../../src/options/tables/fleet.ts';
import { formatProblem } from '../../../src/units/problem.ts';
import { rawInput } from '../../support/plans.ts';

const NO_LOGIN = { user: null, password: null, token: null };

t.test('where NATS is, and who we are there', (t) => {
  const cases: [text: string, value: object][] = [
    ['nats://10.0.0.1:4222', { servers: ['nats://10.0.0.1:4222'], ...NO_LOGIN }],
    ['10.0.0.1', { servers: ['nats://10.0.0.1:4222'], ...NO_LOGIN }],
    ['TLS://nats.example.org/', { servers: ['tls://nats.example.org:4222'], ...NO_LOGIN }],
    ['nats://[::1]:5000', { servers: ['nats://[::1]:5000'], ...NO_LOGIN }],
    ['a, tls://b:1', { servers: ['nats://a:4222', 'tls://b:1'], ...NO_LOGIN }],
    ['nats://u:p%40%2Cw@a:1,b:2', { servers: ['nats://a:1', 'nats://b:2'], user: 'u', password: 'p@,w', token: null }],
    ['nats://secret@a', { servers: ['nats://a:4222'], ...NO_LOGIN, token: 'secret' }],
    [
      'nats://u:p@a,nats://u:p@b',
      { servers: ['nats://a:4222', 'nats://b:4222'], user: 'u', password: 'p', token: null },
    ],
  ];
  for (const [text, value] of cases) t.same(parseFleetServers(text), { ok: true, value }, text);
  const refused = [
    '',
    ',',
    'http://a',
    'ws://a',
    'nats://',
    'nats://a:0',
    'nats://a:b',
    'nats://a/x',
    'nats://a?x',
    'a,,b',
  ];
  for (const text of [...refused, 'nats://u:%zz@a', 'nats://u:p@a,nats://v:p@b'])
    t.notOk(parseFleetServers(text).ok, text);
  t.end();
});

t.test('which agents', (t) => {
  t.same(parseAgents('3'), { ok: true, value: { kind: 'count', count: 3 } });
  t.same(parseAgents('a,b-1, C_2'), { ok: true, value: { kind: 'names', names: ['a', 'b-1', 'C_2'] } });
  for (const text of ['0', '-1', '1001', '1.5', '', 'a,', 'a,a', 'a b', 'a.b', 'a,3', 'ä', '*', '>']) {
    t.notOk(parseAgents(text).ok, text);
  }
  t.end();
});

t.test('which shares', (t) => {
  const parsed = parseShares('a=3, b=1000');
  t.same(parsed.ok && [...parsed.value], [
    ['a', 3],
    ['b', 1000],
  ]);
  for (const text of ['', 'a', 'a=', 'a=0', 'a=-1', 'a=1.5', 'a=1001', 'a=1,a=2', 'a=1=2', '=1', 'a.b=1', 'a=1,']) {
    t.notOk(parseShares(text).ok, text);
  }
  t.end();
});

function read(typed: Record<string, string | string[]>): { problems: string[]; texts: string; isChosen: boolean } {
  const { input, problems } = readOptions(FLEET_OPTIONS, rawInput(typed));
  return {
    problems: [...problems, ...fleetProblems(input)].map(formatProblem),
    texts: JSON.stringify(Object.values(input)),
    isChosen: fleetChoice(input) !== null,
  };
}

t.test('what the options of a fleet need beside them', (t) => {
  const cases: [typed: Record<string, string>, problems: RegExp[]][] = [
    [{}, []],
    [{ fleet: 'a', agents: '3' }, []],
    [{ fleet: 'a', agents: 'a,b', share: 'a=3' }, []],
    [{ fleet: 'a', agents: '3', 'fleet-cert': 'c', 'fleet-cert-key': 'k', 'fleet-creds': 'x', 'fleet-key': 'y' }, []],
    [{ fleet: 'a' }, [/^--fleet: .*--agents beside it/]],
    [{ agents: '3' }, [/^--agents: .*--fleet URL beside it/]],
    [{ share: 'a=1', 'fleet-key': 'k', 'fleet-ca': 'c' }, [/^--fleet-ca: /, /^--share: /, /^--fleet-key: /]],
    [{ fleet: 'a', agents: '3', share: 'a=1' }, [/^--share: .*--agents a/]],
    [{ fleet: 'a', agents: 'a,b', share: 'a=1,c=2' }, [/^--share: .*c is not/]],
    [{ fleet: 'a', agents: '3', 'fleet-cert': 'c' }, [/^--fleet-cert: .*--fleet-cert-key beside it/]],
    [{ fleet: 'a', agents: '3', 'fleet-cert-key': 'c' }, [/^--fleet-cert-key: .*--fleet-cert beside it/]],
    [{ fleet: 'u:p@a', agents: '3', 'fleet-creds': 'c' }, [/^--fleet-creds: .*in one place/]],
  ];
  for (const [typed, expected] of cases) {
    const { problems, isChosen } = read(typed);
    t.equal(problems.length, expected.length, JSON.stringify(problems));
    for (const [index, each] of expected.entries()) t.match(problems[index], each);
    t.equal(isChosen, typed['fleet'] !== undefined && expected.length === 0);
  }
  t.end();
});

t.test('credentials are in no message', (t) => {
  const urls = [
    'nats://me:s3cret@h:1',
    'nats://s3cret@h',
    'me:s3cret',
    'nats://me:s3cret',
    'http://me:s3cret@h',
    'me:s3/?#cret@h',
  ];
  for (const fleet of [...urls, 'nats://me:s3cret@h,nats://me:s3crets@h', 'h?s3cret']) {
    const { problems, texts } = read({ fleet });
    t.notMatch(problems.join('\n'), /s3|cret/, fleet);
    t.notMatch(texts.replaceAll(/"(?:password|token)":"[^"]*"/g, ''), /s3|cret/, fleet);
  }
  t.end();
});
