/** The table of rooms in ARCHITECTURE.md, from the rules by which imports are checked. */
import { createRequire } from 'node:module';
import { code, table } from './markdown.ts';

interface Room {
  readonly owns: string;
  readonly uses: readonly string[];
}

const RULES = createRequire(import.meta.url)('../../.dependency-cruiser.cjs') as {
  readonly ROOMS: Readonly<Record<string, Room>>;
};

/** The rooms from the ground up, as the rules have them. */
export function roomsTable(): string {
  return table(
    ['room', 'owns', 'may use'],
    Object.entries(RULES.ROOMS).map(([name, { owns, uses }]) => [
      code(`src/${name}/`),
      owns,
      uses.length === 0 ? '–' : uses.map(code).join(' '),
    ]),
  );
}
