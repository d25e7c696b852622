// npm run coverage: runs the quick and the kernel tier and tells which part of src they execute, worker threads and the processes that
// tests start included. Arguments go to test/run.js. The report is in .coverage/.
import { spawn, spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { cpSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { COMPILED, ROOT, compile } from './compile.js';

const FOLDER = path.join(ROOT, '.coverage');
const RAW = path.join(FOLDER, 'raw');
const MERGED = path.join(FOLDER, 'merged');
const DIST = path.join(ROOT, 'dist');

const { mergeProcessCovs } = createRequire(import.meta.url)('@bcoe/v8-coverage');

/** A process writes its file when it ends, and not in one piece. */
const WRITTEN_WITHIN_MS = 3000;
const COLLECT_EVERY_MS = 2000;

/** Files have the positions of their sources in both places, so their figures are those of the sources. */
const PLACES = [path.join(COMPILED, 'src'), DIST].map((folder) => `${pathToFileURL(folder).href}/`);
const SOURCES = `${pathToFileURL(path.join(ROOT, 'src')).href}/`;

function sourceUrl(url) {
  const place = PLACES.find((each) => url.startsWith(each));
  return place === undefined ? null : `${SOURCES}${url.slice(place.length).replace(/\.js$/, '.ts')}`;
}

let merged = { result: [] };

/** Adds what processes have written meanwhile to `merged`: with what they say of packages it would be gigabytes in the end. */
function collect(isOver) {
  const covs = [merged];
  for (const name of readdirSync(RAW)) {
    const file = path.join(RAW, name);
    if (!isOver && Date.now() - statSync(file).mtimeMs < WRITTEN_WITHIN_MS) continue;
    try {
      const { result } = JSON.parse(readFileSync(file, 'utf8'));
      covs.push({ result: result.flatMap((script) => asSource(script)) });
    } catch (error) {
      // That of a process that was killed while it wrote.
      if (!(error instanceof SyntaxError)) throw error;
    }
    rmSync(file);
  }
  if (covs.length > 1) merged = mergeProcessCovs(covs);
}

function asSource(script) {
  const url = sourceUrl(script.url);
  return url === null ? [] : [{ ...script, url }];
}

/** Puts the files of the tests where the launcher looks, so that the command line is counted by the same positions. */
function replaceBuild() {
  rmSync(DIST, { recursive: true, force: true });
  cpSync(path.join(COMPILED, 'src'), DIST, { recursive: true });
  const main = path.join(DIST, 'cli', 'main.js');
  utimesSync(main, new Date(), new Date());
}

rmSync(FOLDER, { recursive: true, force: true });
mkdirSync(RAW, { recursive: true });
mkdirSync(MERGED, { recursive: true });
await compile();
replaceBuild();
const given = process.argv.slice(2);
const chosen = given.length > 0 ? given : ['--tier=quick', '--tier=kernel'];
const child = spawn(process.execPath, [path.join(ROOT, 'test/run.js'), '--as-is', ...chosen], {
  cwd: ROOT,
  env: { ...process.env, NODE_V8_COVERAGE: RAW },
  stdio: 'inherit',
});
process.on('SIGINT', () => undefined);
const timer = setInterval(() => collect(false), COLLECT_EVERY_MS);
const code = await new Promise((resolve) => child.once('close', (status) => resolve(status ?? 1)));
clearInterval(timer);
collect(true);
// The next run builds it as it is shipped.
rmSync(DIST, { recursive: true, force: true });
writeFileSync(path.join(MERGED, 'coverage.json'), JSON.stringify(merged));
const c8 = path.join(ROOT, 'node_modules/c8/bin/c8.js');
const options = [
  'report',
  '--temp-directory',
  MERGED,
  '--reports-dir',
  FOLDER,
  '--all',
  '--src',
  'src',
  '--include',
  'src/**/*.ts',
];
const reporters = ['--reporter=text-summary', '--reporter=html', '--reporter=lcovonly'];
spawnSync(process.execPath, [c8, ...options, '--extension=.ts', ...reporters], { cwd: ROOT, stdio: 'inherit' });
process.exitCode = code;
