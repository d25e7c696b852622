#!/usr/bin/env node
// Runs before `npm start` and `npm test`, so that both work on a fresh clone. No dependencies: there may be none yet.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync, utimesSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const inRoot = (...parts) => path.join(root, ...parts);

function fail(message, next, detail = '') {
  const tail = detail.trim().split('\n').slice(-20).join('\n');
  process.stderr.write(`${tail && `${tail}\n\n`}${message}\n${next}\n`);
  process.exit(1);
}

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if ((major === 20 && minor >= 19) || (major === 22 && minor >= 12) || major > 22) return;
  fail(
    `conngen needs Node 20.19 or later, or 22.12 or later; this is ${process.versions.node} (${process.execPath}).`,
    'Install a current Node (nodejs.org, or your version manager) and run the command again.',
  );
}

/** Runs npm, the one that runs us if there is one, and returns what it printed. */
function npm(...args) {
  const script = process.env.npm_execpath;
  const isNpm = script !== undefined && /npm-cli\.[cm]?js$/.test(script);
  // npm is a .cmd file on Windows, which only a shell can start.
  const run = isNpm
    ? spawnSync(process.execPath, [script, ...args], { cwd: root, encoding: 'utf8' })
    : spawnSync('npm', args, { cwd: root, encoding: 'utf8', shell: process.platform === 'win32' });
  const output = `${run.stdout ?? ''}${run.stderr ?? ''}${run.error ? `${run.error.message}\n` : ''}`;
  return { ok: run.status === 0, output };
}

function readLock(...parts) {
  try {
    return JSON.parse(readFileSync(inRoot(...parts), 'utf8')).packages ?? {};
  } catch {
    return null;
  }
}

/** Whether node_modules holds what the lock file asks for. Versions are compared, as npm and git both touch the dates. */
function packagesAreCurrent() {
  const installed = readLock('node_modules', '.package-lock.json');
  if (installed === null) return false;
  const wanted = readLock('package-lock.json') ?? {};
  return Object.entries(wanted).every(([name, { version, optional, devOptional }]) => {
    if (name === '') return true;
    // Builds for other systems stay out.
    if (!(name in installed)) return optional === true || devOptional === true;
    return installed[name].version === version;
  });
}

function installPackages() {
  if (packagesAreCurrent()) return;
  const first = !existsSync(inRoot('node_modules'));
  process.stderr.write(`Installing packages (${first ? 'first time only' : 'the lock file has changed'}) …\n`);
  const command = existsSync(inRoot('package-lock.json')) ? 'ci' : 'install';
  // No package here needs its install script, and the build below would otherwise run twice. A package that npm has in its cache is not
  // asked for: without a network, npm would remove the installed ones before it fails.
  const { ok, output } = npm(
    command,
    '--ignore-scripts',
    '--prefer-offline',
    '--no-audit',
    '--no-fund',
    '--loglevel=error',
  );
  if (ok) return;
  fail('The packages could not be installed.', `Check the network, then run "npm ${command}" to see it all.`, output);
}

/** Dates of the files and folders below `folder`, in ms; a folder's date tells of files that are gone. */
function* datesBelow(folder, withFolders) {
  if (withFolders) yield statSync(folder).mtimeMs;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const name = path.join(folder, entry.name);
    if (entry.isDirectory()) yield* datesBelow(name, withFolders);
    else yield statSync(name).mtimeMs;
  }
}

const newest = (dates) => [...dates].reduce((a, b) => Math.max(a, b), 0);

function buildIsCurrent() {
  if (!existsSync(inRoot('dist'))) return false;
  const configs = ['tsconfig.json', 'tsconfig.build.json', 'package.json'].map(
    (name) => statSync(inRoot(name)).mtimeMs,
  );
  return newest(datesBelow(inRoot('dist'), false)) >= newest([...datesBelow(inRoot('src'), true), ...configs]);
}

/** The compiler writes files even where it finds errors: a failed build must not look current the next time. */
function makeBuildStale(folder) {
  if (!existsSync(folder)) return;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const name = path.join(folder, entry.name);
    if (entry.isDirectory()) makeBuildStale(name);
    else utimesSync(name, 0, 0);
  }
}

function build() {
  if (buildIsCurrent()) return;
  process.stderr.write('Compiling to dist/ …\n');
  const { ok, output } = npm('run', '--silent', 'build');
  if (ok) return;
  makeBuildStale(inRoot('dist'));
  fail('The sources do not compile.', 'Mend what is listed above, or run "npm ci" if packages are missing.', output);
}

checkNode();
installPackages();
build();
