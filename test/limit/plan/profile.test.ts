// tier: kernel
import { join } from 'node:path';
import t from 'tap';
import type { Io } from '../../../src/cli/process/io.ts';
import { readSearchOptions } from '../../../src/limit/plan/profile.ts';
import type { SearchResult } from '../../../src/document/limit.ts';
import { NS_PER_SEC } from '../../../src/units/quantity.ts';
import { PLAIN } from '../../../src/view/layout.ts';
import { PROFILES } from '../../../src/plan/profiles.ts';
import { searchBy } from '../../support/commands.ts';
import { rawInput, type Typed } from '../../support/plans.ts';
import { simulated } from '../../support/trials.ts';

async function search(typed: Typed): Promise<{ code: number; stdout: string; stderr: string }> {
  let stdout = '';
  let stderr = '';
  const io: Io = {
    print: async (text) => void (stdout += text),
    stderr: { write: (text: string) => (stderr += text) },
    style: PLAIN,
    colourLogs: false,
  };
  const raw = rawInput({ host: '127.0.0.1', ...typed }, {}, 'conngen search');
  const code = await searchBy(simulated({ limitPerSec: () => 1000, connections: 7000, teardownPerSec: 2700 }))(raw, io);
  return { code, stdout, stderr };
}

function deviations(typed: Typed, env: Record<string, string> = {}): readonly string[] {
  const { input, problems } = readSearchOptions(rawInput(typed, env, 'conngen search'));
  t.same(problems, []);
  return input.followed?.deviations ?? [];
}

t.test('a profile gives every option that the user does not', async (t) => {
  const { input } = readSearchOptions(rawInput({ profile: 'rfc9411-cps', 'max-rate': '5k' }));
  t.same(
    input.goal.map(({ value }) => value.expression),
    ['loss<0.001%'],
  );
  t.equal(input.duration.value, 300 * NS_PER_SEC);
  t.equal(input['min-rate'].value, 500, 'a tenth of the target rate');
  t.match(input['source-ports']?.value, { kind: 'most' });
  t.equal(input.duration.origin, 'default', 'so that problems blame what the user gave');
  const given = readSearchOptions(rawInput({ profile: 'rfc9411-cps', duration: '30s' }, { CONNGEN_RAMP_UP: '7s' }));
  t.equal(given.input.duration.value, 30 * NS_PER_SEC);
  t.equal(given.input['ramp-up'].value, 7 * NS_PER_SEC);
  t.same(deviations({ profile: 'rfc9411-cps', 'ramp-up': '7s', payload: ['1k', '2k', '4k', '16k', '64k'] }), [
    'not conformant: ramp-up 7 s instead of 10 s',
    'not conformant: rates between the initial one and the target are tried before the target',
    'not conformant: trials that look for the limit sustain 10 s; only those that confirm it sustain the whole time',
  ]);
  t.equal(readSearchOptions(rawInput({})).input.followed, null);
});

t.test('a profile can come from a file', async (t) => {
  const options = JSON.stringify({ profile: 'quick', duration: '3s' });
  const file = join(t.testdir({ 'options.json': options }), 'options.json');
  t.same(deviations({ config: file }), ['not as the profile has it: full-length trials of 3 s instead of 5 s']);
});

t.test('what differs is said, and what does not differ is not', async (t) => {
  t.same(deviations({ profile: 'quick' }), []);
  t.same(deviations({ profile: 'quick', duration: '5000ms', precision: '5.0%', goal: 'loss <= 0.1%' }), []);
  const shortened = deviations({ profile: 'rfc9411-cps', duration: '30s', close: 'rst', payload: 'get.req' });
  t.same(shortened.slice(0, 2), [
    'not conformant: sustain 30 s instead of 300 s',
    'not conformant: close rst instead of fin',
  ]);
  t.equal(shortened.length, 5, 'and what no run can do');
  t.notMatch(deviations({ profile: 'rfc9411-cps', duration: '10m', cooldown: '1m' }).join(), /instead of (300|5) s/);
  t.match(
    deviations({ profile: 'rfc9411-cps', 'max-rate': '1k', 'min-rate': '50' })[0],
    /initial rate 50 instead of 100/,
  );
  t.match(deviations({ profile: 'rfc9411-cps' }).join(), /without a request instead of HTTP/);
  t.match(deviations({ profile: 'rfc3511-rate', goal: 'loss<=1%' })[0], /criterion loss<=1% instead of loss<=0$/);
  t.notMatch(deviations({ profile: 'rfc3511-rate', goal: ['loss<=0', 'p99(total)<=1s'] }).join(), /criterion/);
  t.match(deviations({ profile: 'rfc3511-rate' }).join(), /ageing time/);
  t.notMatch(deviations({ profile: 'rfc3511-rate', cooldown: '10s' }).join(), /ageing time/);
});

t.test('profile and deviations in JSON, text and Markdown', async (t) => {
  const typed = { profile: 'rfc9411-cps', 'max-rate': '2k', duration: '10s' };
  const json = await search({ ...typed, json: '-' });
  t.equal(json.code, 0, json.stderr);
  const result = JSON.parse(json.stdout) as SearchResult;
  t.equal(result.profile, 'rfc9411-cps');
  t.equal(result.deviations[0], 'not conformant: sustain 10 s instead of 300 s');
  t.match(result.config, {
    duration_sec: 10,
    ramp_up_sec: 10,
    ramp_down_sec: 10,
    min_rate_per_sec: 200,
    source_ports: String,
  });
  t.equal(result.trials[0]?.rate_per_sec, 200);
  const text = (await search(typed)).stdout;
  t.match(text, /\nprofile rfc9411-cps: TCP\/HTTP connections per second, after RFC 9411 section\s+7\.2/);
  t.match(text, /\n {2}not conformant: sustain 10 s instead of 300 s\n/);
  for (const line of text.split('\n')) t.ok(line.length <= 80, line);
  const markdown = (await search({ ...typed, markdown: '-' })).stdout;
  t.match(markdown, /\nFollowed: profile rfc9411-cps: /);
  t.match(markdown, /\n- not conformant: sustain 10 s instead of 300 s\n/);
});

t.test('a search for connections answers in connections, one for tear-downs in tear-downs', async (t) => {
  const { goals, trials, config } = JSON.parse(
    (await search({ profile: 'rfc9693-nat', 'max-rate': '5k', connections: '200', json: '-' })).stdout,
  ) as SearchResult;
  t.same(
    goals.map(({ quantity }) => quantity),
    ['rate', 'connections', 'teardown'],
  );
  const [rate, connections, teardown] = goals;
  t.ok(rate!.rate_per_sec! > 970 && rate!.rate_per_sec! <= 1000 && rate!.connections === null);
  t.match(connections, { rate_per_sec: null, lower_per_sec: null, trial_rate_per_sec: null, kpi: null });
  t.ok(connections!.connections! > 6860 && connections!.connections! <= 7000);
  t.ok(connections!.upper_connections! > 7000 && connections!.upper_connections! < 7140);
  t.ok(teardown!.rate_per_sec! > 2640 && teardown!.rate_per_sec! <= 2700 && teardown!.connections === null);
  for (const trial of trials) {
    const { quantity, connections: count, rate_per_sec: opened, exchange_rate_per_sec: exchanged } = trial;
    t.equal(count, trial.result.attempts.scheduled);
    if (quantity === 'connections') t.same([opened, exchanged, Number.isInteger(count)], [1000, 1000, true]);
    else t.equal(count, 200);
    if (quantity === 'rate') t.equal(exchanged, 1000);
    if (quantity === 'teardown') t.equal(opened, 1000);
  }
  t.match(config, { quantities: ['rate', 'connections', 'teardown'], attempt_rate_per_sec: 1000, connections: 200 });
  const text = (await search({ profile: 'rfc9693-nat', 'max-rate': '5k', connections: '200' })).stdout;
  t.match(
    text,
    /loss<=0, open at the same time\n +\S+ connections, confirmed by 2 of 2 confirming trials;\s+\S+\s+connections\s+fail/,
  );
  for (const line of text.split('\n')) t.ok(line.length <= 80, line);
});

t.test('a payload is a search, and so is each of several', async (t) => {
  const dir = t.testdir({ a: 'GET a', b: 'GET bb' });
  const payload = [join(dir, 'a'), join(dir, 'b')];
  const ran = await search({ payload, 'max-rate': '2k', json: '-', 'fail-if': 'p99(total)>1h' });
  const result = JSON.parse(ran.stdout) as SearchResult;
  t.equal(ran.code, 0, ran.stderr);
  t.same(
    result.goals.map(({ payload_file: file, status }) => [file, status]),
    payload.map((file) => [file, 'found']),
  );
  t.same(result.config.payload_files, payload);
  t.equal(result.thresholds_met, true);
  const missing = await search({ payload: [join(dir, 'a'), join(dir, 'none')] });
  t.equal(missing.code, 2);
  t.equal(missing.stderr.match(/--payload: got/g)?.length, 1);
});

t.test('what trials in stages cannot have is refused, all at once', async (t) => {
  const typed = { quantity: 'connections', warmup: '1s', 'ramp-up': '1s', 'first-byte-timeout': '1s' };
  const ran = await search({ ...typed, 'min-connections': '20', 'max-connections': '10' });
  t.equal(ran.code, 2);
  for (const option of ['warmup', 'ramp-up', 'first-byte-timeout', 'precision', 'min-connections'])
    t.match(ran.stderr, `--${option}: got `, option);
});

t.test('KPI of RFC 9411, and what they say of the run', async (t) => {
  const result = JSON.parse(
    (await search({ profile: 'rfc9411-cps', 'max-rate': '2k', json: '-' })).stdout,
  ) as SearchResult;
  t.match(result.goals[0]?.kpi, {
    connections_per_sec: Number,
    rate_deviation_percent: 0,
    concurrency_deviation_percent: null,
  });
  t.match(result.deviations.at(-1), /open connections deviated by less than 10 % cannot be told/);
  const text = (await search({ profile: 'rfc9411-cps', 'max-rate': '2k' })).stdout;
  t.match(text, /on average;\s+throughput\s+\S+\s+kbit\/s/);
});

t.test('every profile finds an answer; others are refused by name', async (t) => {
  for (const profile of PROFILES) {
    const ran = await search({ profile, 'max-rate': '5k', json: '-' });
    t.equal(ran.code, 0, ran.stderr);
    const { goals, ...result } = JSON.parse(ran.stdout) as SearchResult;
    t.equal(result.profile, profile);
    for (const goal of goals) t.equal(goal.status, 'found', `${profile}, ${goal.quantity}`);
  }
  const unknown = await search({ profile: 'rfc2544' });
  t.equal(unknown.code, 2);
  t.match(unknown.stderr, /--profile: got "rfc2544", expected quick, rfc3511-rate, .* or rfc9411-cps/);
});
