#!/usr/bin/env node
// The launcher: compiled code where it is up to date, otherwise the source through tsx. Plain JavaScript, because nothing
// compiles it.
import { existsSync, fstatSync, readFileSync, readdirSync, statSync } from 'node:fs';

const ROOT = new URL('../', import.meta.url);
const COMPILED = new URL('dist/cli/main.js', ROOT);
const SOURCE_DIRECTORY = new URL('src/', ROOT);
const SOURCE = new URL('src/cli/main.ts', ROOT);

const arguments_ = process.argv.slice(2);
const isVersionAsked = arguments_.length === 1 && (arguments_[0] === '--version' || arguments_[0] === '-V');
// /dev/null may stand for a stdout that is closed, which the command line tells apart.
if (isVersionAsked && (process.stdout.isTTY || !fstatSync(1).isCharacterDevice())) {
  // Asked so often by scripts that it should not wait for anything to load.
  const { version } = JSON.parse(readFileSync(new URL('package.json', ROOT), 'utf8'));
  process.stdout.on('error', (error) => {
    // A reader that has gone (`| head`) is no error.
    if (error.code === 'EPIPE') return;
    process.stderr.write(`ERROR: stdout cannot be written (${error.code})\n`);
    process.exitCode = 1;
  });
  process.stdout.write(`${version}\n`);
} else {
  const { runProcess } = await load();
  await runProcess();
}

async function load() {
  try {
    if (isCompiledCurrent()) {
      await loadTables();
      return await import(COMPILED.href);
    }
    const { register } = await import('tsx/esm/api');
    register();
    return await import(SOURCE.href);
  } catch (error) {
    if (error?.code === 'EMFILE') {
      process.stderr.write('error: the limit of open files is too low even to start (EMFILE): ulimit -n 1024\n');
      process.exit(1);
    }
    if (error?.syscall === 'uv_cwd') {
      process.stderr.write('error: the working directory was deleted: cd to a directory that exists\n');
      process.exit(1);
    }
    if (error?.code !== 'ERR_MODULE_NOT_FOUND') throw error;
    const directory = decodeURIComponent(ROOT.pathname);
    process.stderr.write(`error: conngen is not fully installed (${error.message}): run npm install in ${directory}\n`);
    process.exit(1);
  }
}

/**
 * Loads the tables of options one after the other. Node opens all modules of one level of imports at the same time, and 64 open
 * files must do to start.
 */
async function loadTables() {
  const directory = new URL('dist/options/tables/', ROOT);
  for (const name of readdirSync(directory)) {
    if (name.endsWith('.js')) await import(new URL(name, directory).href);
  }
}

/** Whether dist is all there is, or was built after the last change to src. */
function isCompiledCurrent() {
  if (!existsSync(COMPILED)) return false;
  return !existsSync(SOURCE_DIRECTORY) || newestMs(SOURCE_DIRECTORY) <= statSync(COMPILED).mtimeMs;
}

/** Directories count too: theirs is the time of the last file that came or went. */
function newestMs(directory) {
  let newest = statSync(directory).mtimeMs;
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const url = new URL(entry.isDirectory() ? `${entry.name}/` : entry.name, directory);
    newest = Math.max(newest, entry.isDirectory() ? newestMs(url) : statSync(url).mtimeMs);
  }
  return newest;
}
