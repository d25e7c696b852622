import t from 'tap';
import { formatProblem } from '../../src/units/problem.ts';
import { readOptions, type RawInput } from '../../src/options/read.ts';
import { secretFlag, shownAddress, shownHeader, shownUnknown } from '../../src/options/secrets.ts';
import { CLIENT_OPTIONS } from '../../src/options/tables/client.ts';
import { LAB_OPTIONS } from '../../src/options/tables/lab.ts';

t.test('of a header the name', (t) => {
  const cases: [text: string, shown: string][] = [
    ['Authorization=Bearer s3cret', 'Authorization=…'],
    ['Authorization: Bearer s3cret', 'Authorization:…'],
    [' X-Key : s3cret', 'X-Key:…'],
    ['s3cret', '…'],
    ['Bearer s3cret', '…'],
    // A token with its padding is no name.
    ['czNjcmV0czNjcmV0==', '…'],
    ['secretsecret=', '…'],
    ['eyJhbGciOiJ.s3cret=x', '…'],
    ['{"Authorization":"Bearer s3cret"}', '…'],
    ['', '…'],
  ];
  for (const [text, shown] of cases) t.equal(shownHeader(text), shown, text);
  t.end();
});

t.test('of a URL what says where it is', (t) => {
  const cases: [text: string, shown: string][] = [
    ['http://127.0.0.1:0', 'http://127.0.0.1:0'],
    ['https://me:s3cret@h:1/p', 'https://…@h:1/p'],
    ['https://me:s3/c?r#e@t@h/p', 'https://…@h/p'],
    ['me:s3cret@h:1', '…@h:1'],
    ['http://h/p?key=s3cret', 'http://h/p?…'],
    ['http://h/p#s3cret', 'http://h/p#…'],
  ];
  for (const [text, shown] of cases) t.equal(shownAddress(text), shown, text);
  t.end();
});

t.test('of an option that does not exist the value, unless it may be a secret', (t) => {
  const shown: [name: string, text: string][] = [
    ['raet', '5'],
    ['csv', 'x'],
    ['x', '10.0.0.1:80'],
    ['ramp', '10..500/6s'],
  ];
  for (const [name, text] of shown) t.equal(shownUnknown(name, text), text, `--${name} ${text}`);
  const hidden: [name: string, text: string][] = [
    ['H', 'x'],
    ['otlp-headers', 'x'],
    ['token', 'x'],
    ['u', 'me:x'],
    ['foo', 'Authorization: x'],
    ['foo', 'Bearer x'],
    ['foo', 'X-Api: abcdefgh'],
    ['otpl', 'http://me:x@h'],
  ];
  for (const [name, text] of hidden) t.equal(shownUnknown(name, text), '…', `--${name} ${text}`);
  t.end();
});

t.test('a value that the shell has split', (t) => {
  const flag = (name: string, text: string): unknown => secretFlag(new Map([[name, [text]]]));
  t.same(flag('otlp-header', 'Authorization=Bearer'), { flag: '--otlp-header', isCut: true });
  t.same(flag('otlp-header', 'Authorization:'), { flag: '--otlp-header', isCut: true });
  t.same(flag('H', 'X=abc'), { flag: '-H', isCut: false });
  t.equal(flag('otlp', 'http://h'), undefined);
  t.end();
});

const SECRET = 's3cretS3CRET';
type Given = Pick<Partial<RawInput>, 'flags' | 'env' | 'extra' | 'config' | 'values'>;

function problemsOf(given: Given, table: typeof CLIENT_OPTIONS | typeof LAB_OPTIONS = CLIENT_OPTIONS): string[] {
  const raw = { command: 'conngen x', flags: new Map(), extra: [], env: {}, others: [CLIENT_OPTIONS], ...given };
  const { problems, input } = readOptions(table, raw);
  const texts = JSON.stringify(
    Object.values(input)
      .flat()
      .map((each) => (each as { text?: string } | undefined)?.text),
  );
  return [...problems.map(formatProblem), texts];
}

t.test('no message, and no text of a value, has the secret', (t) => {
  const flags = (...entries: [string, string[]][]): Given => ({ flags: new Map(entries) });
  const file = (text: string): Given => ({
    flags: new Map([['config', ['f.json']]]),
    config: { ok: true, value: text },
  });
  const cases: [name: string, given: Given, expected: RegExp][] = [
    [
      'a colon',
      flags(['otlp-header', [`Authorization: Bearer ${SECRET}`]]),
      /--otlp-header: got "Authorization:…", expected NAME=VALUE of a header, with = after the name and not a colon/,
    ],
    [
      'a colon in the environment',
      { env: { CONNGEN_OTLP_HEADER: `Authorization: Bearer ${SECRET}` } },
      /CONNGEN_OTLP_HEADER: got "Authorization:…", expected NAME=VALUE/,
    ],
    ['a comma', { env: { CONNGEN_OTLP_HEADER: `A=${SECRET},${SECRET}` } }, /CONNGEN_OTLP_HEADER: got "…"/],
    ['a header of our own', flags(['otlp-header', [`Host=${SECRET}`]]), /got "Host=…", expected another header/],
    ['a good one', flags(['otlp-header', [`A=${SECRET}`]]), /A=…/],
    ['a URL', flags(['otlp', [`me:${SECRET}@h`]]), /--otlp: got "…@h"/],
    ['two URLs', flags(['otlp', [`http://a:${SECRET}@h`, `http://b:${SECRET}@h`]]), /got "http:\/\/…@h, http:\/\/…@h"/],
    [
      'another name',
      flags(['otlp-headers', [`x${SECRET}`]]),
      /--otlp-headers: got "…", .* did you mean --otlp-header\?/,
    ],
    [
      'no quotes',
      {
        flags: new Map([
          ['target', ['Bearer']],
          ['otlp-header', ['A:']],
        ]),
        extra: [SECRET, 'h:1'],
      },
      /argument: got "…", expected no further argument; the value of --otlp-header needs quotes/,
    ],
    ['no quotes, no target', flags(['target', [SECRET]], ['otlp-header', ['A=Bearer']]), /^\["…"/m],
    ['a file', file(`{"otlp_header": ["A: ${SECRET}"]}`), /f\.json: otlp_header: got "A:…"/],
    ['an object', file(`{"otlp_header": {"A": "${SECRET}"}}`), /f\.json: otlp_header: got "…"/],
    ['a list of lists', file(`{"otlp_header": [["A=${SECRET}"]]}`), /f\.json: otlp_header: got "\[\[A=…\]\]"/],
    ['twice', file(`{"otlp_header": "A=1", "otlp-header": "A: ${SECRET}"}`), /got "A:…", expected it once/],
    ['another key', file(`{"headers": {"A": "${SECRET}"}}`), /f\.json: headers: got "…"/],
    ['no JSON', file(`CONNGEN_OTLP_HEADER=${SECRET}`), /expected a file of JSON \(Unexpected token 'C'\)/],
    ['no JSON inside', file(`{"otlp_header": ${SECRET}}`), /expected a file of JSON \(Unexpected token 's'\)/],
    ['a program', { values: { otlp_header: `A: ${SECRET}` } }, /otlp_header: got "A:…"/],
  ];
  for (const [name, given, expected] of cases) {
    const text = problemsOf(given).join('\n');
    t.match(text, expected, name);
    t.notMatch(text, /s3cr/i, name);
  }
  const lab = problemsOf(flags(['otlp-header', [`A: ${SECRET}`]], ['otlp', [`http://me:${SECRET}@h`]]), LAB_OPTIONS);
  t.match(lab.join('\n'), /--otlp-header: got "A:…", expected an option of conngen x/, 'a command that has no metrics');
  t.notMatch(lab.join('\n'), /s3cr/i);
  t.end();
});
