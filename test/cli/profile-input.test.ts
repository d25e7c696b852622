import { join } from 'node:path';
import t from 'tap';
import type { Io } from '../../src/cli/io.ts';
import { readSearchOptions } from '../../src/cli/profile-input.ts';
import { searchCommand } from '../../src/cli/search.ts';
import type { SearchResult } from '../../src/measure/limit-result.ts';
import { NS_PER_SEC } from '../../src/plan/quantity.ts';
import { PLAIN } from '../../src/report/layout.ts';
import { PROFILES } from '../../src/search/profiles.ts';
import { rawInput, type Typed } from '../support/plans.ts';
import { simulated } from '../support/trials.ts';

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
  const code = await searchCommand(raw, io, simulated({ limitPerSec: () => 1000 }));
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
  t.match(input['source-ports']?.value, { kind: 'range', first: 1024, last: 65_535 });
  t.equal(input.duration.origin, 'default', 'so that problems blame what the user gave');
  const given = readSearchOptions(rawInput({ profile: 'rfc9411-cps', duration: '30s' }, { CONNGEN_WARMUP: '7s' }));
  t.equal(given.input.duration.value, 30 * NS_PER_SEC);
  t.equal(given.input.warmup.value, 7 * NS_PER_SEC);
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
  t.notMatch(deviations({ profile: 'rfc9411-cps', duration: '10m', warmup: '1m' }).join(), /instead of (300|5) s/);
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
  t.match(result.config, { duration_sec: 10, warmup_sec: 5, min_rate_per_sec: 200, source_ports: '1024-65535' });
  t.equal(result.trials[0]?.rate_per_sec, 200);
  const text = (await search(typed)).stdout;
  t.match(text, /\nprofile rfc9411-cps: TCP\/HTTP connections per second, after RFC 9411 section\s+7\.2/);
  t.match(text, /\n {2}not conformant: sustain 10 s instead of 300 s\n/);
  for (const line of text.split('\n')) t.ok(line.length <= 80, line);
  const markdown = (await search({ ...typed, markdown: '-' })).stdout;
  t.match(markdown, /\nFollowed: profile rfc9411-cps: /);
  t.match(markdown, /\n- not conformant: sustain 10 s instead of 300 s\n/);
});

t.test('every profile finds an answer; others are refused by name', async (t) => {
  for (const profile of PROFILES) {
    const ran = await search({ profile, 'max-rate': '2k', json: '-' });
    t.equal(ran.code, 0, ran.stderr);
    t.match(JSON.parse(ran.stdout), { profile, goals: [{ status: 'found' }] });
  }
  const unknown = await search({ profile: 'rfc9693-nat' });
  t.equal(unknown.code, 2);
  t.match(unknown.stderr, /--profile: got "rfc9693-nat", expected quick, rfc3511-rate or rfc9411-cps/);
});
