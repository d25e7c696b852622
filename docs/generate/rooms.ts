/** The table of rooms in ARCHITECTURE.md, from the rules by which imports are checked. */
import { createRequire } from 'node:module';
import path from 'node:path';
import { code, table } from './markdown.ts';

interface Room {
  readonly owns: string;
  readonly uses: readonly string[];
}

/** The rooms from the ground up, as the rules of the checkout at `root` have them. */
export function roomsTable(root: string): string {
  const file = path.join(root, '.dependency-cruiser.cjs');
  const rules = createRequire(file)(file) as { readonly ROOMS: Readonly<Record<string, Room>> };
  return table(
    ['room', 'owns', 'may use'],
    Object.entries(rules.ROOMS).map(([name, { owns, uses }]) => [
      code(`src/${name}/`),
      owns,
      uses.length === 0 ? '–' : uses.map(code).join(' '),
    ]),
  );
}
