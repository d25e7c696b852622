import path from 'node:path';
import t from 'tap';
import { fleetKeygen } from '../../src/cli/fleet-keygen.ts';
import type { Io } from '../../src/cli/process/io.ts';
import { loadSigningKey, loadTrustedKeys } from '../../src/fleet/trust/keys.ts';
import type { Given } from '../../src/units/problem.ts';

const given = (text: string, origin: Given<string>['origin']): Given<string> => ({
  value: text,
  text,
  label: '--out',
  origin,
});

async function run(
  out: string,
  origin: Given<string>['origin'] = 'flag',
): Promise<{ code: number; stdout: string; stderr: string }> {
  let [stdout, stderr] = ['', ''];
  const io: Io = {
    print: (text) => Promise.resolve((stdout += text)),
    stderr: { write: (text) => (stderr += text) },
    style: { columns: 80, colours: false },
    colourLogs: false,
  };
  return { code: await fleetKeygen(given(out, origin), io), stdout, stderr };
}

t.test('a pair is made, and where it goes is said', async (t) => {
  const dir = t.testdir({});
  const { code, stdout, stderr } = await run(dir);
  t.equal(code, 0);
  t.equal(stderr, '');
  const signing = await loadSigningKey(path.join(dir, 'conngen-fleet.key'));
  if (!signing.ok) return t.fail(signing.expected);
  t.ok(stdout.includes(`fingerprint   ${signing.value.fingerprint}\n`));
  const trust = /^each agent: .* --trust (\S+)$/m.exec(stdout)?.[1];
  const key = /^controller: .* --fleet-key (\S+)$/m.exec(stdout)?.[1];
  t.equal(key, path.join(dir, 'conngen-fleet.key'));
  t.match(await loadTrustedKeys(trust!), { ok: true });
  t.notMatch(stdout, /BEGIN/, 'no key is printed');
});

t.test('a key that is there is left alone', async (t) => {
  const dir = t.testdir({});
  await run(dir);
  const { code, stdout, stderr } = await run(dir);
  t.equal(code, 2);
  t.match(
    (await run(dir, 'default')).stderr,
    /^--out: got nothing, expected another place: .*conngen-fleet\.pub is there already/,
    'a default was not typed',
  );
  t.equal(stdout, '');
  t.match(
    stderr,
    /^--out: got ".*", expected another place: .*conngen-fleet\.pub is there already, and a key is never overwritten\n/,
  );
  t.match(stderr, /See conngen fleet keygen --help\.\n$/);
});
