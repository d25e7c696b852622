/** Every file that `npm run docs` writes, by its path from the root of the project. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { format, resolveConfig } from 'prettier';
import { DOCUMENTED_COMMANDS, commandPage } from './commands.ts';
import { findingsPage, kernelPage, outcomesPage, verdictsPage } from './judging.ts';
import { libraryPage } from './library.ts';
import { bullets, filled } from './markdown.ts';
import { metricsPage } from './metrics.ts';
import { pageScriptModule } from './page-script.ts';
import { checksPage, criteriaPage, csvPage, errorsPage, exitCodesPage, profilesPage } from './reference.ts';
import { resultPage, type Schema } from './results.ts';
import { roomsTable } from './rooms.ts';
import { COMMANDS } from '../../src/cli/commands.ts';
import { manPages } from '../../src/cli/pages/man.ts';
import { VERSION } from '../../src/units/version.ts';
import { schemaFiles } from './schema/documents.ts';

interface Entry {
  /** From `docs/reference/`. */
  readonly name: string;
  /** For the index. */
  readonly title: string;
  readonly make: () => string;
}

const ENTRIES: readonly Entry[] = [
  ...DOCUMENTED_COMMANDS.map((command) => ({
    name: `commands/${command}.md`,
    title: `Options: ${command}`,
    make: () => commandPage(command),
  })),
  { name: 'outcomes.md', title: 'Outcomes and their owners', make: outcomesPage },
  { name: 'verdicts.md', title: 'Verdicts: reasons', make: verdictsPage },
  { name: 'findings.md', title: 'Findings', make: findingsPage },
  { name: 'kernel-counters.md', title: 'Kernel counters', make: kernelPage },
  { name: 'checks.md', title: 'Checks of the doctor', make: checksPage },
  { name: 'profiles.md', title: 'Profiles of a search', make: profilesPage },
  { name: 'criteria.md', title: 'Criteria of thresholds and goals', make: criteriaPage },
  { name: 'csv.md', title: 'Columns of --csv', make: csvPage },
  { name: 'metrics.md', title: 'Metrics of --metrics-listen and --otlp', make: metricsPage },
  { name: 'exit-codes.md', title: 'Exit codes', make: exitCodesPage },
  { name: 'errors.md', title: 'Error codes', make: errorsPage },
];

/** The text of each generated file of the checkout at `root`. */
export async function generatedFiles(root: string): Promise<ReadonlyMap<string, string>> {
  const schemas = schemaFiles(root);
  const library: Entry = { name: 'library.md', title: 'The library', make: () => libraryPage(root) };
  const entries = [...ENTRIES, library, ...[...schemas].map(([file, text]) => resultEntry(file, text))];
  const index = bullets(entries.map(({ name, title }) => `[${title}](reference/${name})`));
  const pages = new Map(entries.map(({ name, make }) => [`docs/reference/${name}`, make()]));
  pages.set('docs/README.md', filled(readPage(root, 'docs/README.md'), 'reference pages', index));
  pages.set('ARCHITECTURE.md', filled(readPage(root, 'ARCHITECTURE.md'), 'rooms', roomsTable(root)));
  const style = await resolveConfig(path.join(root, 'README.md'));
  const formatted = [...pages].map(async ([file, text]): Promise<[string, string]> => [
    file,
    await format(text, { ...style, parser: 'markdown' }),
  ]);
  const manuals = [...manPages(COMMANDS, { version: VERSION, date: releaseDate(root) })].map(
    ([file, text]): [string, string] => [`man/${file}`, text],
  );
  const schemaTexts = [...schemas].map(([file, text]): [string, string] => [`schema/${file}`, text]);
  const script: [string, string] = ['src/view/html/page/page-script.ts', await pageScriptModule(root)];
  return new Map([...(await Promise.all(formatted)), ...schemaTexts, ...manuals, script]);
}

/** The page of a document, from the text of its schema. */
function resultEntry(file: string, text: string): Entry {
  const stem = path.basename(file, '.json');
  const kind = stem.replace(/-\d+$/, '');
  return {
    name: `results/${kind}.md`,
    title: `Result: ${kind}`,
    make: () => resultPage(stem, `schema/${file}`, JSON.parse(text) as Schema),
  };
}

/** The day of the newest version of CHANGELOG.md; empty before the first one. */
function releaseDate(root: string): string {
  return /^## \[[^\]]+\] - (\d{4}-\d\d-\d\d)$/m.exec(readPage(root, 'CHANGELOG.md'))?.[1] ?? '';
}

function readPage(root: string, file: string): string {
  return readFileSync(path.join(root, file), 'utf8');
}
