import { join } from 'node:path';
import t from 'tap';
import { parseFinish } from '../../src/plan/exchange/finish.ts';
import { TABLES } from '../../src/cli/commands.ts';
import { CLIENT_OPTIONS } from '../../src/options/tables/client.ts';
import { envName } from '../../src/options/names.ts';
import type { OptionTable } from '../../src/units/option.ts';
import { readOptions, type RawInput } from '../../src/options/read.ts';
import { formatProblem } from '../../src/units/problem.ts';
import { rawInput, type Typed } from '../support/plans.ts';

function read(typed: Typed, env: RawInput['env'] = {}) {
  const { input, problems, warnings } = readOptions(CLIENT_OPTIONS, {
    ...rawInput(typed, env),
    others: Object.values(TABLES),
  });
  return { input, problems: problems.map(formatProblem), warnings };
}

t.test('a flag beats the environment, the environment the file, the file the default', (t) => {
  const directory = t.testdir({
    'conf.json': JSON.stringify({ rate: 3, timeout: '3s', 'max-in-flight': 3, hold: '3s' }),
  });
  const config = join(directory, 'conf.json');
  const { input, problems } = read(
    { config, rate: '1' },
    { CONNGEN_RATE: '2', CONNGEN_TIMEOUT: '2s', CONNGEN_DURATION: '2s' },
  );
  t.same(problems, []);
  t.match(input.rate, [{ value: 1, origin: 'flag', label: '--rate' }]);
  t.match(input.timeout, { value: 2e9, origin: 'environment', label: 'CONNGEN_TIMEOUT' });
  t.match(input['max-in-flight'], { value: 3, origin: 'file', label: `${config}: max-in-flight` });
  t.match(input.warmup, { value: 0, origin: 'default' });
  t.end();
});

t.test('lists', (t) => {
  const config = join(t.testdir({ c: JSON.stringify({ rate: [5, '1k', 'max'] }) }), 'c');
  t.same(
    read({ config }).input.rate.map(({ value }) => value),
    [5, 1000, 'max'],
  );
  t.same(
    read({}, { CONNGEN_RATE: '5,1k,max' }).input.rate.map(({ value }) => value),
    [5, 1000, 'max'],
  );
  t.same(
    read({ rate: ['5', '6'] }).input.rate.map(({ value }) => value),
    [5, 6],
  );
  t.same(read({ duration: ['5s', '6s'] }).problems, ['--duration: got "5s, 6s", expected it once']);
  t.end();
});

t.test('the environment', (t) => {
  t.equal(envName('max-in-flight'), 'CONNGEN_MAX_IN_FLIGHT');
  t.same(read({}, { CONNGEN_RATE: '0' }).problems, ['CONNGEN_RATE: got "0", expected more than 0 connections/s']);
  t.same(read({ rate: '1' }, { CONNGEN_RATE: '0' }).problems, [], 'beaten, so never looked at');
  t.same(read({}, { CONNGEN_RATE: '' }).input.rate[0]?.value, 1000, 'empty is not set');
  const { warnings, problems } = read({}, { CONNGEN_RAET: '5', CONNGEN_LISTENERS: '2', HOME: '/' });
  t.same(problems, []);
  t.same(warnings, ['CONNGEN_RAET is no option and has no effect; did you mean CONNGEN_RATE?']);
  const unlike = read({}, { CONNGEN_FOO: '5' }).warnings;
  t.same(unlike, ['CONNGEN_FOO is no option and has no effect'], 'the prefix is no likeness');
  t.match(read({}, { CONNGEN_QUIET: '1' }).input.quiet, { value: true });
  t.end();
});

t.test('service links of an orchestrator are ignored with one remark', (t) => {
  const links = {
    CONNGEN_PORT: 'tcp://10.96.12.7:2345',
    CONNGEN_PORT_2345_TCP: 'tcp://10.96.12.7:2345',
    CONNGEN_PORT_2345_TCP_ADDR: '10.96.12.7',
    CONNGEN_PORT_2345_TCP_PORT: '2345',
    CONNGEN_PORT_2345_TCP_PROTO: 'tcp',
    CONNGEN_SERVICE_HOST: '10.96.12.7',
    CONNGEN_SERVICE_PORT: '2345',
    CONNGEN_SERVICE_PORT_HTTP_ALT: '2345',
    CONNGEN_TARGET_SERVICE_HOST: '10.96.12.8',
    CONNGEN_TARGET_PORT: 'udp://10.96.12.8:53',
  };
  const { input, problems, warnings } = read({}, { ...links, CONNGEN_RATE: '5' });
  t.same(problems, []);
  t.same(warnings, [
    'CONNGEN_PORT, CONNGEN_PORT_2345_TCP and 8 more: service links of an orchestrator, not options; ignored',
  ]);
  t.match(input, { port: { value: 2345, origin: 'default' }, rate: [{ value: 5 }] });
  t.match(read({}, { CONNGEN_PORT: '99' }).input.port, { value: 99 }, 'a port is a port');
  t.match(read({}, { CONNGEN_PORT: 'x' }).problems, [/^CONNGEN_PORT: got "x"/]);
  t.end();
});

t.test('what the command line overrides is not even read', (t) => {
  const bad = {
    CONNGEN_HOST: '?',
    CONNGEN_PORT: '?',
    CONNGEN_RAMP: '?',
    CONNGEN_STEPS: '?',
    CONNGEN_PAYLOAD_SIZE: '?',
  };
  t.same(read({ target: 'localhost:80', rate: '5', payload: 'x' }, bad).problems, []);
  t.same(read({ target: 'localhost' }, { CONNGEN_PORT: '?' }).problems.length, 1, 'a target without a port takes it');
  const instead = { CONNGEN_RATE: '?', CONNGEN_DURATION: '?', CONNGEN_PAYLOAD: '' };
  t.same(read({ ramp: '1..2/1s', 'payload-size': '1' }, instead).problems, []);
  t.same(read({ source: '127.0.0.1' }, { CONNGEN_SOURCE: '?', CONNGEN_LOCAL_IP: '?' }).problems, []);
  const config = join(t.testdir({ c: JSON.stringify({ port: [1], rate: [], host: '?' }) }), 'c');
  t.same(read({ config, target: 'localhost:80' }, { CONNGEN_RATE: '1' }).problems, []);
  t.same(read({ rate: '5', ramp: '1..2/1s' }).problems, [], 'in one place, the plan refuses it');
  t.match(read({ rate: '5', ramp: '1..2/1s' }).input, { rate: [{ value: 5 }], ramp: { value: { fromPerSec: 1 } } });
  t.end();
});

t.test('a file with a byte-order mark', (t) => {
  const config = join(t.testdir({ c: '\ufeff{"rate": 5}' }), 'c');
  const { input, problems } = read({ config });
  t.same(problems, []);
  t.match(input.rate, [{ value: 5 }]);
  t.end();
});

t.test('a file', (t) => {
  const directory = t.testdir({
    snake: JSON.stringify({ max_in_flight: 7, quiet: true, payload_size: '64KiB' }),
    wrong: JSON.stringify({ raet: 5, duration: '0', port: [1], rate: [], hold: null, config: 'x', source: ['a', {}] }),
    twice: JSON.stringify({ 'max-in-flight': 7, max_in_flight: 8 }),
    list: '[1]',
    broken: '{"rate": ',
  });
  const file = (name: string): Typed => ({ config: join(directory, name) });
  const { input, problems } = read(file('snake'));
  t.same(problems, []);
  t.match(input, { 'max-in-flight': { value: 7 }, quiet: { value: true }, 'payload-size': { value: 65_536 } });
  t.same(
    read(file('wrong')).problems.map((problem) => problem.replace(`${directory}/`, '')),
    [
      'wrong: raet: got "5", expected an option of conngen client; did you mean rate?',
      'wrong: config: got "x", expected an option of conngen client',
      'wrong: port: got "[1]", expected one value, not a list',
      'wrong: rate: got "[]", expected at least one value',
      'wrong: duration: got "0", expected a duration of at least 1ms',
      'wrong: hold: got "null", expected a text or a number',
      'wrong: source: got "[a, {}]", expected a list of texts and numbers',
    ],
  );
  t.match(read(file('twice')).problems, [
    /twice: max_in_flight: got "8", expected it once; .*twice: max-in-flight is there too$/,
  ]);
  t.match(read(file('list')).problems, [/^--config: got ".*", expected a file that holds one JSON object/]);
  t.match(read(file('broken')).problems, [/^--config: got ".*", expected a file of JSON \(/]);
  t.match(read(file('missing')).problems, [/^--config: got ".*", expected a file that exists$/]);
  t.end();
});

t.test('aliases count everywhere', (t) => {
  const sources = (input: ReturnType<typeof read>['input']): unknown =>
    input.source.map(({ text, label }) => [text, label]);
  const fromEnvironment = read({}, { CONNGEN_LOCAL_IP: '127.0.0.1,127.0.0.2' });
  t.same(fromEnvironment.problems, []);
  t.same(fromEnvironment.warnings, []);
  t.same(sources(fromEnvironment.input), [
    ['127.0.0.1', 'CONNGEN_LOCAL_IP'],
    ['127.0.0.2', 'CONNGEN_LOCAL_IP'],
  ]);
  t.same(read({}, { CONNGEN_SOURCE: '127.0.0.1', CONNGEN_LOCAL_IP: '127.0.0.2' }).problems, [
    'CONNGEN_LOCAL_IP: got "127.0.0.2", expected to be left out beside CONNGEN_SOURCE',
  ]);
  for (const name of ['local-ip', 'local_ip']) {
    const config = join(t.testdir({ config: JSON.stringify({ [name]: ['127.0.0.3'] }) }), 'config');
    const fromFile = read({ config });
    t.same(fromFile.problems, []);
    t.same(sources(fromFile.input), [['127.0.0.3', `${config}: ${name}`]]);
  }
  t.end();
});

t.test('unknown flags and words', (t) => {
  t.same(read({ raet: '5', y: '' }).problems, [
    '--raet: got "5", expected an option of conngen client; did you mean --rate?',
    '-y: got "-y", expected an option of conngen client; did you mean -4?',
  ]);
  const extra = readOptions(CLIENT_OPTIONS, { ...rawInput({}), extra: ['more'] });
  t.same(extra.problems.map(formatProblem), ['argument: got "more", expected no further argument']);
  t.same(read({ toString: '1' }).problems.length, 1, 'names of object methods are no options');
  t.end();
});

t.test('the table holds together', (t) => {
  const tables: readonly OptionTable[] = Object.values(TABLES);
  for (const table of tables) {
    for (const [name, spec] of Object.entries(table)) {
      t.ok(spec.help !== '' && spec.group !== '', `${name} has help`);
      if (spec.default !== undefined) t.ok(spec.parse(spec.default).ok, `the default of ${name} fits`);
    }
  }
  t.same(parseFinish('BYTES:1KiB'), { ok: true, value: { kind: 'bytes', bytes: 1024 } });
  t.end();
});
