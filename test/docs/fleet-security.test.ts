import { existsSync, readFileSync } from 'node:fs';
import t from 'tap';

t.test('the threat model names tests that there are', (t) => {
  const page = readFileSync('docs/explanation/fleet-security.md', 'utf8');
  const cells = page
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .map((line) => line.split('|').at(-2)!.trim())
    .filter((cell) => cell.includes('`'));
  let named = 0;
  for (const cell of cells) {
    for (const [, file = '', test] of cell.matchAll(/`((?:fleet|plan)\/[^`]*)`(?:: ([^;|]*))?/g)) {
      const path = `test/${file}.test.ts`;
      if (!existsSync(path)) {
        t.fail(`${path} is there`);
        continue;
      }
      named++;
      if (test === undefined) continue;
      const names = [...readFileSync(path, 'utf8').matchAll(/t\.test\(\s*(['"])(.*?)\1/g)].map(([, , name]) => name!);
      t.ok(
        names.some((name) => name.includes(test.trim())),
        `${path}: ${test}`,
      );
    }
  }
  t.ok(named > 25, 'tests are named');
  t.end();
});
