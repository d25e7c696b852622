import t, { type Test } from 'tap';
import { setTimeout as sleep } from 'node:timers/promises';
import { Tui, type LiveTerminal, type TerminalListeners } from '../../../../src/view/live/tui/tui.ts';
import { PLAIN } from '../../../../src/view/layout.ts';
import { livePlan, second, STARTED } from '../../../support/live.ts';
import { TinyTerminal } from '../../../support/tiny-terminal.ts';

class FakeTerminal extends TinyTerminal implements LiveTerminal {
  readonly style = PLAIN;
  readonly hasBlocks = true;
  readonly hasKeys = true;
  listeners: TerminalListeners | null = null;
  isForeground = true;
  interrupts = 0;
  releases = 0;

  constructor() {
    super(80, 24);
  }

  isOurs(): boolean {
    return this.isForeground;
  }

  listen(listeners: TerminalListeners): void {
    this.listeners = listeners;
  }

  interrupt(): void {
    this.interrupts++;
  }

  release(): void {
    this.releases++;
  }

  get text(): string {
    return this.lines.join('\n');
  }
}

function open(t: Test): { terminal: FakeTerminal; tui: Tui } {
  const terminal = new FakeTerminal();
  const tui = new Tui(terminal, livePlan());
  t.teardown(() => tui.close());
  for (const event of STARTED) tui.on(event);
  return { terminal, tui };
}

/** Longer than the pause between two frames. */
const FRAME_MS = 260;

t.test('many events make few frames', async (t) => {
  const { terminal, tui } = open(t);
  await sleep(FRAME_MS);
  const before = terminal.writes;
  for (let at = 0; at < 1000; at++) tui.on(second(at));
  await sleep(FRAME_MS);
  t.ok(terminal.writes - before <= 2, `${terminal.writes - before} frames`);
  t.match(terminal.text, /completed +1,000\/s/);
});

t.test('other output goes above the frame', async (t) => {
  const { terminal, tui } = open(t);
  tui.on(second(0));
  await sleep(FRAME_MS);
  tui.clear();
  terminal.write('WARN: something\n');
  await sleep(FRAME_MS);
  t.match(terminal.text, /^WARN: something\nconngen client/);
  t.equal(terminal.text.match(/conngen client/g)?.length, 1);
});

t.test('the last frame stays, the terminal is given back, and nothing is drawn any more', async (t) => {
  const { terminal, tui } = open(t);
  tui.on(second(0));
  await tui.close();
  await tui.close();
  t.equal(terminal.releases, 1);
  terminal.write('the result\n');
  tui.clear();
  tui.on(second(1));
  await sleep(FRAME_MS);
  t.match(terminal.text, /conngen client[^]*\n\nthe result\n$/);
  t.notMatch(terminal.text, /q end early/);
});

t.test('keys', async (t) => {
  const { terminal, tui } = open(t);
  tui.on(second(0));
  const { onKey } = terminal.listeners!;
  await sleep(FRAME_MS);
  onKey('?');
  await sleep(FRAME_MS);
  t.match(terminal.text, /end early: what was measured/);
  onKey('?');
  onKey('l');
  await sleep(FRAME_MS);
  t.match(terminal.text, /log scale/);
  onKey('p');
  await sleep(FRAME_MS);
  t.match(terminal.text, /drawing paused/);
  tui.on(second(1, { started: 7 }));
  await sleep(FRAME_MS);
  t.notMatch(terminal.text, / 7\/s/, 'paused');
  onKey('p');
  await sleep(FRAME_MS);
  t.match(terminal.text, / 7\/s/);
  for (const key of ['q', 'q', 'Q', 'x', '\u0004']) onKey(key);
  t.equal(terminal.interrupts, 1, 'a second interrupt would end the run without a report');
});

t.test('a view that fails says so and ends; the run goes on', async (t) => {
  const { terminal, tui } = open(t);
  await sleep(FRAME_MS);
  const size = terminal.size.bind(terminal);
  terminal.size = () => {
    throw new Error('no size\u001b[2J');
  };
  tui.on(second(0));
  await sleep(FRAME_MS);
  terminal.size = size;
  t.match(terminal.text, /WARN: the live view failed and ends here: no size\\u001b\[2J\n$/);
  t.equal(terminal.releases, 1);
  tui.on(second(1));
  t.equal(await tui.close(), true);
  t.match(terminal.text, /ends here: no size\S+\n$/, 'nothing is drawn any more');
});

t.test('in the background nothing is written', async (t) => {
  const { terminal, tui } = open(t);
  terminal.isForeground = false;
  const before = terminal.writes;
  tui.on(second(0));
  tui.clear();
  await sleep(FRAME_MS);
  t.equal(terminal.writes, before);
  terminal.isForeground = true;
  terminal.listeners!.onReturn();
  await sleep(FRAME_MS);
  t.match(terminal.text, /1,000\/s/);
});

t.test('a terminal that becomes smaller gets a frame that fits, paused or not', async (t) => {
  const { terminal, tui } = open(t);
  tui.on(second(0));
  terminal.listeners!.onKey('p');
  await sleep(FRAME_MS);
  terminal.columns = 40;
  terminal.rows = 10;
  terminal.listeners!.onResize();
  await sleep(FRAME_MS);
  const top = terminal.lines.findLastIndex((line) => line.startsWith('conngen client'));
  const shown = terminal.lines.slice(top);
  t.ok(shown.length > 5 && shown.length <= 10, `${shown.length} lines`);
  t.ok(shown.every((line) => line.length < 40));
});
