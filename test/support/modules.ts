/**
 * Where the checkout and its modules are, for tests that start threads and processes from them. test/run.js runs tests from a compiled
 * copy (.compiled/); `node --import=tsx test/x.test.ts` runs them from the source. What is here works in both.
 */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const EXTENSION = path.extname(import.meta.filename);
const IS_COMPILED = EXTENSION === '.js';

/** The folder above that has the packages: the compiled copy has none. */
function findCheckout(): string {
  let folder = import.meta.dirname;
  while (!existsSync(path.join(folder, 'node_modules'))) folder = path.dirname(folder);
  return folder;
}

/** The checkout. */
export const ROOT = findCheckout();

/** Returns the URL of a module as this process would load it. `file` is the source, from the checkout: `src/units/rate.ts`. */
export function moduleUrl(file: string): URL {
  const url = new URL(`../../${file.replace(/\.ts$/, EXTENSION)}`, import.meta.url);
  if (!existsSync(url)) throw new Error(`there is no ${fileURLToPath(url)}`);
  return url;
}

/** Returns the path of such a module. */
export function modulePath(file: string): string {
  return fileURLToPath(moduleUrl(file));
}

/** What node needs on its command line before it can load such a module. */
export const MODULE_ARGS: readonly string[] = IS_COMPILED ? [] : ['--import', import.meta.resolve('tsx')];

/** Returns an expression that imports a module, for the text of a worker: `--import` does not reach workers on Node 20. */
export function importExpression(file: string): string {
  const load = `import(${JSON.stringify(moduleUrl(file).href)})`;
  if (IS_COMPILED) return load;
  return `import(${JSON.stringify(import.meta.resolve('tsx/esm/api'))}).then(({ register }) => { register(); return ${load}; })`;
}
