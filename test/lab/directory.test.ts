/** Where a lab keeps its results. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { keepLab } from '../../src/lab/directory.ts';
import { labNamed } from '../../src/lab/labs.ts';
import type { LabResult } from '../../src/document/lab.ts';

const lab = labNamed('abstraction')!;
const result = { schema: 'conngen.lab/1', cells: [], plan: { cells: [] } } as unknown as LabResult;

t.test('directories are made with their parents', async (t) => {
  const top = mkdtempSync(join(tmpdir(), 'conngen-test-'));
  t.teardown(() => rmSync(top, { recursive: true }));
  const directory = join(top, 'a', 'b', 'c');
  await keepLab(directory, { lab, axes: [], result }, false);
  await keepLab(directory, { lab, axes: [], result }, false);
  t.ok(existsSync(join(directory, 'lab.json')));
});

t.test(
  'a place where no directory can be made is refused, not tried for ever',
  { skip: existsSync('/proc/self') ? false : 'needs /proc' },
  async (t) => {
    await t.rejects(keepLab('/proc/nosuch', { lab, axes: [], result }, false), { code: 'ENOENT' });
  },
);
