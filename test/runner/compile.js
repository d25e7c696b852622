// Compiles src, test and what else tsconfig.json includes to .compiled/, so that no test process has to load a compiler.
import { existsSync, lstatSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { copyFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** The checkout. */
export const ROOT = path.dirname(path.dirname(import.meta.dirname));
/** The compiled copy of the checkout: the same folders, JavaScript instead of TypeScript. */
export const COMPILED = path.join(ROOT, '.compiled');

const MANIFEST = path.join(COMPILED, 'manifest.json');
/** Counts as changed sources: raise it when the output of this file changes. */
const FORMAT = 4;

const toCompiledName = (name) => name.replace(/\.ts$/, '.js');

/** Names of all files in the folders that tsconfig.json includes, relative to the checkout. */
function sourceNames() {
  const { include } = JSON.parse(readFileSync(path.join(ROOT, 'tsconfig.json'), 'utf8'));
  return include.flatMap((folder) =>
    readdirSync(path.join(ROOT, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => path.relative(ROOT, path.join(entry.parentPath, entry.name))),
  );
}

/** Changes whenever the content may have changed; ctime also tells of a file that was moved here. */
function signatureOf(name) {
  const { size, mtimeMs, ctimeMs } = statSync(path.join(ROOT, name));
  return `${size} ${mtimeMs} ${ctimeMs}`;
}

function readManifest() {
  try {
    const { format, node, files } = JSON.parse(readFileSync(MANIFEST, 'utf8'));
    return format === FORMAT && node === process.version ? new Map(Object.entries(files)) : new Map();
  } catch {
    return new Map();
  }
}

/** Several runs may compile at the same time: each file appears whole. */
function replace(name, content) {
  const partial = `${name}.${process.pid}`;
  writeFileSync(partial, content);
  renameSync(partial, name);
}

/** Everything else that stands in the checkout is found at the same relative place, through a link. */
function linkTheRest() {
  for (const entry of readdirSync(ROOT)) {
    const link = path.join(COMPILED, entry);
    if (entry.startsWith('.') || entry === 'node_modules' || entry === 'dist' || existsSync(link)) continue;
    rmSync(link, { force: true });
    symlinkSync(path.join('..', entry), link);
  }
}

/** Where the text of each literal ends that names a module, in `import` and `export` declarations and in `import()`. */
function specifierEnds(ts, source) {
  const ends = [];
  const visit = (node) => {
    const isDynamic = ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword;
    const specifier = isDynamic ? node.arguments[0] : node.moduleSpecifier;
    // A template, as in import(`./${name}/index.ts`), ends as a string does.
    if (specifier !== undefined && (ts.isStringLiteral(specifier) || ts.isTemplateExpression(specifier))) {
      if (/^.\.{1,2}\//.test(specifier.getText(source))) ends.push(specifier.getEnd() - 1);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return ends;
}

/** Returns a function from TypeScript to JavaScript. Types become spaces: line and column of everything else stay. */
async function loadStripper() {
  const { blankSourceFile } = await import('ts-blank-space');
  const { default: ts } = await import('typescript');
  return (name, text) => {
    const source = ts.createSourceFile(name, text, ts.ScriptTarget.ESNext, false, ts.ScriptKind.TS);
    const problems = [];
    const blank = blankSourceFile(source, (node) => problems.push(node.pos));
    if (problems.length > 0) {
      const { line } = source.getLineAndCharacterOfPosition(problems[0]);
      throw new Error(`${name}:${line + 1}: more than types has to be removed here`);
    }
    let output = blank;
    for (const end of specifierEnds(ts, source)) {
      // `.js` is as long as `.ts`: no position changes. What imports types only is blank by now.
      if (blank.startsWith('.ts', end - 3)) output = `${output.slice(0, end - 2)}js${output.slice(end)}`;
    }
    return output;
  };
}

/** Brings .compiled/ up to date. Costs some 50 ms where nothing has changed. */
export async function compile() {
  mkdirSync(COMPILED, { recursive: true });
  const before = readManifest();
  const names = sourceNames();
  const after = new Map(names.map((name) => [name, signatureOf(name)]));
  const changed = names.filter((name) => before.get(name) !== after.get(name));
  const folders = new Set(names.map((name) => path.dirname(path.join(COMPILED, name))));
  // What was a link before a folder of this name was compiled.
  for (const folder of new Set(names.map((name) => path.join(COMPILED, name.split(path.sep)[0])))) {
    if (lstatSync(folder, { throwIfNoEntry: false })?.isSymbolicLink()) rmSync(folder);
  }
  for (const folder of folders) mkdirSync(folder, { recursive: true });
  if (changed.length > 0) await compileFiles(changed);
  const gone = [...before.keys()].filter((name) => !after.has(name));
  for (const name of gone) rmSync(path.join(COMPILED, toCompiledName(name)), { force: true });
  linkTheRest();
  if (changed.length + gone.length > 0) {
    replace(MANIFEST, JSON.stringify({ format: FORMAT, node: process.version, files: Object.fromEntries(after) }));
  }
}

async function compileFiles(names) {
  const strip = names.some((name) => name.endsWith('.ts')) ? await loadStripper() : null;
  for (const name of names) {
    const from = path.join(ROOT, name);
    const to = path.join(COMPILED, toCompiledName(name));
    if (name.endsWith('.ts')) replace(to, strip(name, readFileSync(from, 'utf8')));
    else copyFileSync(from, to);
  }
}

/** Where the compiled form of a source file stands; null of a file that is not compiled. */
export function compiledFile(file) {
  const name = path.relative(ROOT, path.resolve(ROOT, file));
  const compiled = path.join(COMPILED, toCompiledName(name));
  return !name.startsWith('..') && !name.startsWith('.') && existsSync(compiled) ? compiled : null;
}
