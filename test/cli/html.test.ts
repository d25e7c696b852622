// tier: kernel
/** `--html` of commands, in processes of their own and with real connections; and results side by side. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { clientResult, runCli, startServer } from '../support/cli.ts';
import { checkIdentities } from '../support/identities.ts';
import { named, parsePage, textOf, type ParsedPage } from '../support/pages.ts';
import { clientResult as madeUp, serverResult } from '../support/results.ts';

function pageIn(cwd: string, file: string): ParsedPage {
  return parsePage(readFileSync(join(cwd, file), 'utf8'));
}

function titleOf(page: ParsedPage): string {
  return textOf(named(page, 'h1')[0]!);
}

t.test('a page beside the result, which holds the result', async (t) => {
  const cwd = t.testdir({});
  const server = await startServer(['--listeners', '1', '--html', join(cwd, 'server.html')]);
  t.teardown(() => server.stop());
  const target = `${server.host}:${server.port}`;
  const load = [
    '-d',
    '1s',
    '--rate',
    '200',
    '--fail-if',
    'rate(completed)<1',
    '--histograms',
    '--allow-generator-limited',
  ];
  const client = await runCli(['client', target, ...load, '--json', '-', '--html', 'client.html'], { cwd });
  t.equal(client.code, 0, client.stderr);
  const result = clientResult(client);
  checkIdentities(t, result);
  const page = pageIn(cwd, 'client.html');
  t.same(page.errors, []);
  t.match(titleOf(page), /^conngen client 127\.0\.0\.1:\d+$/);
  t.same(page.data.downloads[0]!.document, result);
  const curves = page.data.charts.find(({ id }) => id === 'percentiles')!;
  t.ok(curves.x.values.length > 20, 'the curve of a histogram has more points than a summary');
  const rtt = await runCli(['rtt', target, '-d', '200ms', '--rate', '100', '--html', 'rtt.html'], { cwd });
  t.equal(rtt.code, 0, rtt.stderr);
  t.match(rtt.stdout, /^conngen rtt /, 'the text is still on stdout');
  t.match(titleOf(pageIn(cwd, 'rtt.html')), /^conngen rtt /);
  await server.stop();
  t.equal(titleOf(pageIn(cwd, 'server.html')), 'conngen server');
});

t.test('on stdout the page is alone', async (t) => {
  const doctor = await runCli(['doctor', '--rate', '100', '-d', '1s', '--html', '-']);
  const page = parsePage(doctor.stdout);
  t.match(doctor.stdout, /^<!doctype html>\n[^]*<\/html>\n$/i);
  t.same(page.errors, []);
  t.equal(titleOf(page), 'conngen doctor 127.0.0.1:2345');
});

t.test('a page that cannot be written leaves the result', async (t) => {
  const cwd = t.testdir({ folder: {}, 'a.json': JSON.stringify(madeUp()) });
  const full = await runCli(['report', 'a.json', '--html', '/dev/full'], { cwd });
  t.equal(full.code, 1);
  t.match(full.stderr, /^ERROR: \/dev\/full could not be written: no space is left\n$/);
  t.match(full.stdout, /^conngen client /);
  const folder = await runCli(['report', 'a.json', '--html', 'folder'], { cwd });
  t.equal(folder.code, 2);
  t.match(folder.stderr, /^--html: got "folder", expected a file, not a directory\n/);
  const missing = await runCli(['report', 'a.json', '--html', 'nowhere/a.html'], { cwd });
  t.equal(missing.code, 2);
  t.match(missing.stderr, /^--html: got "nowhere\/a\.html", expected a file that can be written/);
});

t.test('several results on one page', async (t) => {
  const [a, b] = [madeUp(), madeUp({ conngen: '0.0.9' })];
  const cwd = t.testdir({
    'a.json': JSON.stringify(a),
    other: { 'a.json': JSON.stringify(b) },
    'server.json': JSON.stringify(serverResult()),
  });
  const both = await runCli(['report', 'a.json', 'other/a.json', '--html', 'both.html'], { cwd });
  t.equal(both.code, 0, both.stderr);
  t.match(both.stdout, /^==> a\.json <==\n/, 'the text stays as it was');
  const page = pageIn(cwd, 'both.html');
  t.same(page.errors, []);
  t.equal(titleOf(page), 'conngen client: 2 runs side by side');
  t.same(
    page.data.downloads.map(({ document }) => document),
    [a, b],
  );
  t.match(textOf(named(page, 'thead')[0]!), /a\.json.*other\/a\.json/s, 'names that are the same have their folder');
  const mixed = await runCli(['report', 'a.json', 'server.json', '--html', 'x.html'], { cwd });
  t.equal(mixed.code, 2);
  t.match(
    mixed.stderr,
    /^--html: got "x\.html", expected results of one kind, to stand side by side; there are client and server: make a page of each\n/,
  );
  t.equal(
    (await runCli(['report', 'a.json', 'server.json', '--markdown', 'x.md'], { cwd })).code,
    0,
    'Markdown takes both',
  );
});
