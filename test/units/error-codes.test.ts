/** The table of error codes has what is thrown, and nothing else. */
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { BUGS_URL } from '../../src/units/bugs.ts';
import { OWN_ERROR_CODES, SYSTEM_ERROR_CODES } from '../../src/units/error-codes.ts';
import { describeSystemError } from '../../src/units/system-error.ts';
import { ROOT } from '../support/cli.ts';

const SOURCES = path.join(ROOT, 'src');

/** The text of every source file but the table's own. */
function sources(): string[] {
  const names = readdirSync(SOURCES, { recursive: true, encoding: 'utf8' });
  return names
    .filter((name) => name.endsWith('.ts') && !name.endsWith('error-codes.ts'))
    .map((name) => readFileSync(path.join(SOURCES, name), 'utf8'));
}

/** Where an error gets its code: an error that is made, a failure that a thread tells, or one that a result keeps. */
const THROWN =
  /new RunError\(\s*'([a-z_]+)'|\bfail\(\s*'([a-z_]+)'|\bcode: '([a-z_]+)',\s*(?:message[,:](?:\$\{[^}]*\}|[^}])*\bhint\b|message \})/g;

/** The codes of a fleet have names by which they are found, and a session keeps failures in a list. */
const OF_FLEETS = /'(fleet_[a-z_]+)'|\? \[\] : \[\{ code: '([a-z_]+)', message:/g;
/** What agents answer and report has codes of its own (`Refusal` and `Report` in the protocol): they end no command. */
const OF_AGENTS = [
  ...['failed', 'no_connection', 'no_engine', 'not_allowed', 'options', 'over_limit'],
  ...['round_failed'],
];

t.test('own codes are in the table, and the table has no other', async (t) => {
  const texts = sources();
  const thrown = texts.flatMap((text) => [...text.matchAll(THROWN)].map(([, a, b, c]) => a ?? b ?? c ?? ''));
  const ofFleets = texts.flatMap((text) => [...text.matchAll(OF_FLEETS)].map(([, a, b]) => a ?? b ?? ''));
  const found = new Set([...thrown, ...ofFleets]);
  for (const code of OF_AGENTS) found.delete(code);
  t.strictSame([...found].sort(), Object.keys(OWN_ERROR_CODES).sort());
});

t.test('codes of the system get their remedy from the table', async (t) => {
  for (const [code, { remedy }] of Object.entries(SYSTEM_ERROR_CODES)) {
    const error = Object.assign(new Error('it did not work'), { code, syscall: 'open' });
    t.equal(describeSystemError(error)?.hint, remedy, code);
  }
});

t.test('there is one address for reports', async (t) => {
  const others = sources().filter((text) => /please report this(?!: \$\{BUGS_URL\})/.test(text));
  t.equal(others.length, 0);
  const manifest = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8')) as { bugs?: { url?: string } };
  t.equal(manifest.bugs?.url, BUGS_URL);
});
