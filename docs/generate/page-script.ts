/** The script of HTML pages, from `src/view/html/browser/`: one text that a page holds, and that is committed as a module. */
import path from 'node:path';
import { build } from 'esbuild';

/** Returns the text of `src/view/html/page/page-script.ts`. It is the same wherever it is made. */
export async function pageScriptModule(root: string): Promise<string> {
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: [path.join('src', 'view', 'html', 'browser', 'main.ts')],
    bundle: true,
    format: 'iife',
    target: 'es2022',
    minify: true,
    charset: 'utf8',
    write: false,
    logLevel: 'warning',
  });
  const script = outputFiles[0]!.text.trim();
  // The page would end there.
  if (/<\/script|<!--/i.test(script)) throw new Error('the script of pages holds what ends a script element');
  return [
    '/** The script of HTML pages. `npm run docs` makes it from `src/view/html/browser/`. */',
    `export const PAGE_SCRIPT = ${JSON.stringify(script)};`,
    '',
  ].join('\n');
}
