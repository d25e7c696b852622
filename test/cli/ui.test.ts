// tier: kernel
/** The live view on a real terminal: what is on the screen, and that the terminal is given back as it was. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { runCli, startServer } from '../support/cli.ts';
import { Pane, whyNoPane } from '../support/pane.ts';
import { validated } from '../support/schemas.ts';

const skip = process.platform === 'linux' ? whyNoPane() : 'needs Linux';

const CONNGEN = `${process.execPath} bin/conngen.js`;
/** It ends by a key or a signal. */
const LONG = '--rate 200 --duration 10m';
const MODES = 'stty -g';
const FRAME = /load threads +[\d.]+ %/;

function open(t: Test, columns: number, rows: number, env: Readonly<Record<string, string>> = {}): Pane {
  const pane = new Pane(columns, rows, env);
  t.teardown(() => pane.close());
  return pane;
}

/** A target for one test. */
async function target(t: Test, ...args: readonly string[]): Promise<string> {
  const server = await startServer(['--listeners', '1', ...args]);
  t.teardown(() => server.stop());
  return `${server.host}:${server.port}`;
}

/** How often the frame is on the screen, by its first line. */
function framesOn(screen: string): number {
  return screen.match(/^conngen client .*engine/gm)?.length ?? 0;
}

t.test('keys, sizes, and the result below the last frame', { skip }, async (t) => {
  const pane = open(t, 80, 24);
  const before = await pane.ask(MODES);
  pane.line(`${CONNGEN} client ${await target(t)} ${LONG} --fail-if 'p99(total)>9s'`);
  const first = await pane.until(/ok +p99\(total\)>9s[^]*source ports/);
  t.equal(framesOn(first), 1);
  pane.press('?');
  await pane.until(/Ctrl-C +the same/);
  pane.press('?');
  await pane.until(FRAME);
  pane.press('p');
  await pane.until(/drawing paused/);
  pane.press('p');
  for (const [columns, rows, pattern] of [
    [200, 60, /─{100}/],
    [40, 10, /last 15 s/],
    [80, 24, /last 55 s/],
    [60, 24, /last 35 s/],
  ] as const) {
    pane.resize(columns, rows);
    const screen = await pane.until(pattern);
    t.ok(
      screen.split('\n').every((line) => line.length < columns),
      `${columns} × ${rows}: nothing is wrapped`,
    );
  }
  pane.resize(80, 24);
  // The frame of this size, not the one before: a narrower one has fewer panels.
  await pane.until(/last 55 s[^]*accept queue/);
  // Old frames were taken off the screen.
  t.equal(framesOn(pane.screen().join('\n')), 1);
  pane.press('q', 'q');
  await pane.prompt();
  await pane.until(/Stopped early/);
  t.match(pane.history(), /accept queue[^]*\n\nconngen client [^]*outcomes/, 'the last frame, then the result');
  t.equal(await pane.ask('echo $?'), '130');
  t.equal(await pane.ask(MODES), before);
});

t.test('a second Ctrl-C, SIGTERM, a crash: the terminal is as it was', { skip }, async (t) => {
  const pane = open(t, 80, 24);
  const before = await pane.ask(MODES);
  const address = await target(t, '--mode', 'hold');
  // Exchanges that never end: the first Ctrl-C waits for them.
  const run = `${CONNGEN} client ${address} ${LONG} --payload-size 9 --finish echo --timeout 1m --max-in-flight 50`;
  pane.line(run);
  await pane.until(FRAME);
  t.not(pane.modes(), before, 'keys come one by one');
  pane.press('C-c');
  await pane.until(/ending early/);
  pane.press('C-c');
  t.equal(await pane.ask('echo $?'), '130');
  t.equal(await pane.ask(MODES), before);

  await pane.prompt();
  pane.line('clear');
  await pane.prompt();
  pane.line(run);
  await pane.until(FRAME);
  process.kill(pidOf(address), 'SIGTERM');
  await pane.until(/verdict/);
  t.equal(await pane.ask('echo $?'), '143');
  t.equal(await pane.ask(MODES), before);

  await pane.prompt();
  pane.line('clear');
  await pane.prompt();
  const throws = "process.on('SIGUSR2', () => { throw new Error('a crash') })";
  const file = join(t.testdir({ 'crash.mjs': throws }), 'crash.mjs');
  pane.line(`NODE_OPTIONS=--import=${file} ${run}`);
  await pane.until(FRAME);
  process.kill(pidOf(address), 'SIGUSR2');
  await pane.until(/Error: a crash/);
  t.equal(await pane.ask(MODES), before);
});

t.test('Ctrl-Z, in the background, and back', { skip }, async (t) => {
  const pane = open(t, 80, 24);
  const before = await pane.ask(MODES);
  pane.line(`${CONNGEN} client ${await target(t)} ${LONG}`);
  await pane.until(FRAME);
  pane.press('C-z');
  await pane.until(/Stopped/);
  t.equal(await pane.ask(MODES), before);
  pane.line('clear; bg');
  await pane.until(/conngen[^]* &/);
  t.match(await pane.ask('sleep 1; jobs'), /Running/, 'it is not stopped for using the terminal');
  pane.line('clear; fg');
  await pane.until(FRAME);
  pane.press('q');
  await pane.until(/Stopped early/);
  t.equal(await pane.ask(MODES), before);
  pane.line(`clear; ${CONNGEN} client ${await target(t)} --rate 100 --duration 1s --ui tui > /dev/null & wait; jobs`);
  t.notMatch(await pane.ask('sleep 1; jobs'), /Stopped/, 'nor where it began in the background');
});

t.test('stdout is for the result alone; without colours; on a dumb terminal', { skip }, async (t) => {
  const address = await target(t);
  const directory = t.testdir({});
  const pane = open(t, 80, 24, { NO_COLOR: '1' });
  const short = `client ${address} --rate 100 --duration 2s`;
  pane.line(`${CONNGEN} ${short} --json - > ${directory}/out.json; clear; echo over`);
  await pane.until(FRAME);
  t.notMatch(pane.history('-e'), /\u001b\[[0-9;]*m/, 'no colours');
  await pane.until(/^over/m);
  t.equal(
    (validated(JSON.parse(readFileSync(`${directory}/out.json`, 'utf8'))) as { schema: string }).schema,
    'conngen.client/1',
  );
  pane.line(`clear; TERM=dumb ${CONNGEN} ${short} > /dev/null`);
  await pane.until(/ 1 s +[\d.]+\/s +in flight/);
  pane.line(`clear; TERM=dumb ${CONNGEN} ${short} --ui tui`);
  await pane.until(/--ui: got "tui", expected a terminal whose cursor can be moved/);
  pane.resize(79, 24);
  pane.line(`clear; ${CONNGEN} ${short} --ui tui; echo $?`);
  await pane.until(/a terminal of at least 80 × 24[^]*79 × 24[^]*\n2$/m);
});

t.test('search, saturate, rtt and lab', { skip }, async (t) => {
  const address = await target(t);
  const pane = open(t, 100, 30);
  const limits = '--max-rate 400 --cooldown 0s --duration 1s';
  pane.line(`${CONNGEN} search ${address} ${limits} --min-rate 100 --explore-duration 500ms > /dev/null`);
  t.match(await pane.until(/search: o met[^]*loss<=0\.1% +(not )?met/), /conngen/);
  pane.press('C-c');
  await pane.prompt();
  pane.line(`clear; ${CONNGEN} saturate ${address} ${limits} --start 100 > /dev/null`);
  t.match(await pane.until(/steps: p90 of total[^]*100\/s/), /conngen/);
  pane.press('C-c');
  await pane.prompt();
  pane.line(`clear; ${CONNGEN} rtt ${address} --rate 200 --duration 5m > /dev/null`);
  t.match(await pane.until(/pings a second[^]*round trip/), /conngen/);
  pane.press('q');
  await pane.prompt();
  const times = '--settle 100ms --warmup 10ms --duration 50ms';
  pane.line(`clear; ${CONNGEN} lab abstraction --quick ${times} --out ${join(t.testdir({}), 'lab')} > /dev/null`);
  t.match(await pane.until(/of \d+ cells[^]*cell \d+\/\d+/), /conngen/);
  pane.press('q');
  await pane.prompt();
});

t.test('without a terminal', async (t) => {
  const run = await runCli(['client', '127.0.0.1:9', '--ui', 'tui']);
  t.equal(run.code, 2);
  t.match(run.stderr, /--ui: got "tui", expected a terminal as stdin, for the keys; or --ui line\n/);
});

/** The process of the run against a target. */
function pidOf(address: string): number {
  const found = execFileSync('pgrep', ['-f', `bin/conngen.js client ${address}`], { encoding: 'utf8' });
  return Number(found.split('\n')[0]);
}
