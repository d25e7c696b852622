import t from 'tap';
import { isHangupIgnored } from '../../src/kernel/hangup.ts';

const PLAIN_FILES: Readonly<Record<string, string>> = {
  '/proc/self/status': 'SigIgn:\t0000000001001000',
  [`/proc/${process.ppid}/status`]: 'Name:\tsh\nSigIgn:\t0000000000000000',
  '/proc/self/fdinfo/0': 'pos:\t0\nflags:\t0100000',
};

function isIgnored(
  startedAs: string | undefined,
  changes: Readonly<Record<string, string>> = {},
  stdin = '/dev/null',
): boolean {
  const files = { ...PLAIN_FILES, ...changes };
  return isHangupIgnored(
    startedAs,
    (path) => files[path],
    () => stdin,
  );
}

t.test('a program that is started as others are ends by SIGHUP', (t) => {
  t.equal(isIgnored('/usr/bin/node'), false);
  t.equal(isIgnored(undefined), false);
  t.equal(
    isHangupIgnored(
      undefined,
      () => undefined,
      () => {
        throw new Error('no /proc');
      },
    ),
    false,
  );
  t.end();
});

t.test('what nohup, a shell or Node itself leaves behind', (t) => {
  t.equal(isIgnored('/usr/bin/nohup'), true, 'what the shell started was nohup');
  const parent = { [`/proc/${process.ppid}/status`]: 'SigIgn:\t0000000000000001' };
  t.equal(isIgnored(undefined, parent), true, "a script after trap '' HUP");
  t.equal(isIgnored(undefined, { '/proc/self/status': 'SigIgn:\t0000000001001001' }), true);
  const writeOnly = { '/proc/self/fdinfo/0': 'pos:\t0\nflags:\t0100001' };
  t.equal(isIgnored(undefined, writeOnly), true, 'nohup took the terminal away from stdin');
  t.equal(isIgnored(undefined, writeOnly, '/tmp/file'), false);
  t.end();
});
