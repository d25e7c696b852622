import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { COMMANDS } from '../../../src/cli/commands.ts';
import { manPages } from '../../../src/cli/pages/man.ts';
import { ROOT } from '../../support/cli.ts';

const pages = manPages(COMMANDS, { version: '0.1.0', date: '2026-11-28' });

t.test('a page for conngen and for each command, and npm installs all of them', (t) => {
  const { man } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { man: string[] };
  t.same([...man].sort(), [...pages.keys()].map((file) => `man/${file}`).sort());
  for (const file of man) t.ok(existsSync(join(ROOT, file)), file);
  t.end();
});

t.test('every option, its words and its environment variable are on the page of its command', (t) => {
  for (const [name, { options }] of Object.entries(COMMANDS)) {
    const page = pages.get(`conngen-${name}.1`) ?? '';
    for (const option of Object.keys(options)) {
      const variable = `CONNGEN_${option.toUpperCase().replaceAll('-', '_')}`;
      t.ok(page.includes(`\\-\\-${option.replaceAll('-', '\\-')}`) || page.includes('\\fI'), `${name} --${option}`);
      if (page.includes(`\\fB\\-\\-${option}\\fR`)) t.ok(page.includes(variable), variable);
    }
  }
  t.end();
});

const skip = spawnSync('mandoc', ['-Tlint'], { input: '' }).error === undefined ? false : 'needs mandoc';

t.test('mandoc has nothing to say about them', { skip }, (t) => {
  for (const [file, text] of pages) {
    const { stdout, stderr } = spawnSync('mandoc', ['-Tlint', '-W', 'warning'], { input: text, encoding: 'utf8' });
    t.equal(stdout + stderr, '', file);
  }
  t.end();
});
