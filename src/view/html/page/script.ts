/** What runs in the page. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { PAGE_SCRIPT } from './page-script.ts';

/** Returns the texts of the page's scripts, in the order in which they run, at the end of the body. None holds `</script`. */
export function pageScripts(): readonly string[] {
  return [uplotScript(), PAGE_SCRIPT];
}

/** uPlot as its authors publish it, with its licence: the licence must stay in each copy of the page. */
function uplotScript(): string {
  const { resolve } = createRequire(import.meta.url);
  const read = (file: string): string => readFileSync(resolve(`uplot/${file}`), 'utf8').trim();
  return `/*!\nuPlot\n${read('LICENSE')}\n*/\n${read('dist/uPlot.iife.min.js')}`;
}
