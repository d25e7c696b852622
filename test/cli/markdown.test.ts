// tier: kernel
/** `--markdown` of every command that reports, in processes of their own and with real connections. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { clientResult, runCli, startServer } from '../support/cli.ts';
import { checkIdentities } from '../support/identities.ts';

t.test('a file beside the result, from client, rtt and server', async (t) => {
  const cwd = t.testdir({});
  const server = await startServer(['--listeners', '1', '--markdown', join(cwd, 'server.md')]);
  t.teardown(() => server.stop());
  const target = `${server.host}:${server.port}`;
  const client = await runCli(
    ['client', target, '-n', '20', '--rate', '100', '--json', '-', '--markdown', 'client.md'],
    { cwd },
  );
  t.equal(client.code, 0, client.stderr);
  checkIdentities(t, clientResult(client));
  const rtt = await runCli(['rtt', target, '-d', '100ms', '--rate', '100', '--markdown', 'rtt.md'], { cwd });
  t.equal(rtt.code, 0, rtt.stderr);
  t.match(rtt.stdout, /^conngen rtt /, 'the text is still on stdout');
  await server.stop();
  const read = (file: string): string => readFileSync(join(cwd, file), 'utf8');
  t.match(read('client.md'), /^## conngen client 127\.0\.0\.1:\d+\n[^]*\*\*attempts\*\*: 20 started of 20 due/);
  t.match(read('rtt.md'), /^## conngen rtt 127\.0\.0\.1:\d+\n[^]*\*\*pings\*\*: 10 sent[^]*\n\| round trip \| /);
  t.match(read('server.md'), /^## conngen server\n[^]*\*\*accepted\*\*: 21 /);
});

t.test('on stdout, from doctor and lab', async (t) => {
  const cwd = t.testdir({});
  const doctor = await runCli(['doctor', '--rate', '100', '-d', '1s', '--markdown', '-'], { cwd });
  t.match(doctor.stdout, /^## conngen doctor 127\.0\.0\.1:2345\n[^]*\n- \*\*ok\*\* `source_ports`: /);
  const times = ['--settle', '0s', '--warmup', '20ms', '--duration', '50ms', '--out', 'out'];
  const lab = await runCli(['lab', 'abstraction', '--quick', '--only', 'sync/1', ...times, '--markdown', '-'], { cwd });
  t.equal(lab.code, 0, lab.stderr);
  t.match(lab.stdout, /^## conngen lab abstraction\n[^]*\n\| sync\/1 \| [^]*\n### Plan\n/);
});

t.test("stdout of a server is the document alone, and a file of a lab's is not overwritten", async (t) => {
  const run = await runCli(['server', '--host', '127.0.0.1', '--port', '0', '--markdown', '-'], {
    cwd: t.testdir({}),
    onSpawn: (child) =>
      child.stderr!.on('data', (text: Buffer) => {
        if (String(text).includes('listening on')) child.kill('SIGTERM');
      }),
  });
  t.equal(run.code, 143, run.stderr);
  t.match(run.stdout, /^## conngen server\n/);
  t.match(run.stderr, /listening on 127\.0\.0\.1:/);
  const taken = await runCli(['lab', 'abstraction', '--out', 'new', '--markdown', 'new/cells.csv'], {
    cwd: t.testdir({}),
  });
  t.equal(taken.code, 2);
  t.match(taken.stderr, /^--markdown: got "new\/cells\.csv", expected /m);
});

t.test('a file that cannot be written at the end: said, exit 1, and the text stands', async (t) => {
  const run = await runCli(['doctor', '--rate', '100', '-d', '1s', '--markdown', '/dev/full']);
  t.equal(run.code, 1);
  t.match(run.stderr, /^ERROR: \/dev\/full could not be written: no space is left\n$/);
  t.match(run.stdout, /^conngen doctor /);
});
