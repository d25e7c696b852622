#!/usr/bin/env node
// Prints a seccomp profile of Docker or Podman with the calls of io_uring allowed:
//
//   node allow-io-uring.js default.json > seccomp.json
//
// Docker refuses them by default since version 25, because io_uring has been a way out of sandboxes.
import { readFileSync } from 'node:fs';

const IO_URING = ['io_uring_enter', 'io_uring_register', 'io_uring_setup'];

const [file] = process.argv.slice(2);
if (file === undefined) {
  process.stderr.write('usage: allow-io-uring.js PROFILE\n');
  process.exit(2);
}
const profile = JSON.parse(readFileSync(file, 'utf8'));
if (!Array.isArray(profile.syscalls)) {
  process.stderr.write(`${file}: expected a seccomp profile, an object with "syscalls"\n`);
  process.exit(2);
}
const syscalls = [
  // A rule that refuses them, as Podman's profile has, is stronger than one that allows them.
  ...profile.syscalls.map((rule) => ({ ...rule, names: rule.names.filter((name) => !IO_URING.includes(name)) })),
  { names: IO_URING, action: 'SCMP_ACT_ALLOW', comment: 'conngen --engine uring' },
];
process.stdout.write(
  `${JSON.stringify({ ...profile, syscalls: syscalls.filter(({ names }) => names.length > 0) }, null, 2)}\n`,
);
