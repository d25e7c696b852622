import { join } from 'node:path';
import t from 'tap';
import { CLIENT_OPTIONS, TABLES, envName, parseFinish, type OptionTable } from '../../src/cli/options.ts';
import { readOptions, type RawInput } from '../../src/cli/read-options.ts';
import { formatProblem } from '../../src/plan/problem.ts';
import { rawInput, type Typed } from '../support/plans.ts';

function read(typed: Typed, env: RawInput['env'] = {}) {
  const { input, problems, warnings } = readOptions(CLIENT_OPTIONS, rawInput(typed, env), Object.values(TABLES));
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
      'wrong: port: got "[1]", expected one value, not a list',
      'wrong: rate: got "[]", expected at least one value',
      'wrong: hold: got "null", expected a text or a number',
      'wrong: config: got "x", expected an option of conngen client',
      'wrong: source: got "[a, {}]", expected a list of texts and numbers',
      'wrong: duration: got "0", expected a duration of at least 1ms',
    ],
  );
  t.match(read(file('twice')).problems, [
    /twice: max_in_flight: got "8", expected it once; .*twice: max-in-flight is there too$/,
  ]);
  t.match(read(file('list')).problems, [/^--config: got ".*", expected a file that holds one JSON object/]);
  t.match(read(file('broken')).problems, [/^--config: got ".*", expected a file of JSON \(/]);
  t.match(read(file('missing')).problems, [/^--config: got ".*", expected a file that can be read \(ENOENT\)/]);
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
  t.same(read({ raet: '5', z: '' }).problems, [
    '--raet: got "5", expected an option of conngen client; did you mean --rate?',
    '-z: got "-z", expected an option of conngen client; did you mean -r?',
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
