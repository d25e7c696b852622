/** A gate for continuous integration: the build fails where connections fail or take too long. Run it with `node --test`. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { run, server, type RunningServer } from 'conngen';

// Stands in for the server under test: start your own here.
let target: RunningServer;
before(async () => {
  target = await server({ host: '127.0.0.1', port: 0 });
});
after(async () => {
  await target.close();
});

test('500 connections/s: at most 0.1 % fail, and 99 % are done within 1 s', async () => {
  const { rounds, thresholds_met: areMet } = await run({
    target: `127.0.0.1:${target.port}`,
    rate: 500,
    duration: '2s',
    'payload-size': 64,
    'fail-if': ['failures>0.1%', 'p99(total)>1s'],
    // A busy build machine says so in the verdict; the gate is for the server.
    'allow-generator-limited': true,
  }).result;
  const [round] = rounds;
  assert.ok(areMet, JSON.stringify(round?.thresholds));
  assert.notEqual(round?.verdict.status, 'invalid');
});
