/** `npm run docs`: writes every generated page; with `--check` it writes nothing and fails where one differs. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { generatedFiles } from './pages.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');

const isCheck = process.argv.includes('--check');
let changed = 0;
for (const [file, text] of await generatedFiles(ROOT)) {
  const full = path.join(ROOT, file);
  if (existsSync(full) && readFileSync(full, 'utf8') === text) continue;
  changed += 1;
  console.log(`${isCheck ? 'differs' : 'wrote'}  ${file}`);
  if (isCheck) continue;
  mkdirSync(path.dirname(full), { recursive: true });
  writeFileSync(full, text);
}
if (isCheck && changed > 0) {
  console.log('Run npm run docs, and commit what it writes.');
  process.exitCode = 1;
}
