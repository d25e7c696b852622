// tier: kernel
/** The charts of a page in a real browser: ten minutes of a client, from a fixture. */
import { readFileSync } from 'node:fs';
import t, { type Test } from 'tap';
import type { BrowserContextOptions, Page } from 'playwright-core';
import type { ClientResult, IntervalResult } from '../../../src/document/client.ts';
import { render } from '../../../src/view/renderers.ts';
import { NO_BROWSER, axeViolations, isTooWide, openPage, pageFile, startBrowser } from '../../support/browser.ts';
import { clientConfig, clientResult, interval, latency, roundResult } from '../../support/results.ts';

const SECONDS = 600;

/** A second of each: the target refuses for a minute, and each second has another latency. */
function second(start: number): IntervalResult {
  const refused = start >= 200 && start < 260 ? 300 : 0;
  const each = latency(200_000 + ((start * 7919) % 101) * 1000, 1000);
  const clocks = { schedule_lag: each, connect: each, first_byte: each, total: each, corrected_total: each };
  const failures = refused === 0 ? {} : { outcomes: { refused } };
  return interval({ start_sec: start, ok: 1000 - refused, failed: refused, ...failures, latency_ns: clocks });
}

function tenMinutes(changes: Partial<ClientResult> = {}): ClientResult {
  const intervals = Array.from({ length: SECONDS }, (_, start) => second(start));
  const thresholds = [
    { expression: 'p99(total)>20ms', value: 2e6, unit: 'ns' as const, met: true, status: 'pass' as const },
  ];
  return clientResult({ rounds: [roundResult({ duration_sec: SECONDS, intervals, thresholds })], ...changes });
}

const browser = NO_BROWSER === false ? await startBrowser(t) : null;
const folder = t.testdir();
const file = pageFile(folder, 'page', await render(tenMinutes(), 'html'));

type Check = (t: Test, page: Page) => Promise<void>;

/** A test of the page in a context of its own, which ends without a complaint of the browser. */
function inBrowser(name: string, options: BrowserContextOptions, check: Check, at = file): void {
  t.test(name, { skip: NO_BROWSER }, async (t) => {
    const { page, complaints, close } = await openPage(browser!, at, options);
    await check(t, page);
    t.strictSame(complaints, [], 'no message, no error, no request');
    await close();
  });
}

const WIDE = { viewport: { width: 1440, height: 900 } };
const NARROW = { viewport: { width: 375, height: 800 } };

const plotOf = (page: Page, id: string): ReturnType<Page['locator']> => page.locator(`[data-chart="${id}"] .u-over`);
const textAt = (page: Page, id: string): Promise<string> => page.locator(`[data-chart="${id}"] .at`).innerText();
const resetOf = (page: Page, id: string): ReturnType<Page['locator']> =>
  page.locator(`[data-chart="${id}"]`).getByRole('button', { name: 'Reset zoom' });
const pixelsOf = (page: Page, id: string): Promise<string> =>
  page.evaluate<string>(`document.querySelector('[data-chart="${id}"] canvas').toDataURL()`);

/** Moves the mouse to a share of a chart's width; with a second share it drags from the one to the other. */
async function pointAt(page: Page, id: string, from: number, to?: number): Promise<void> {
  const plot = plotOf(page, id);
  await plot.scrollIntoViewIfNeeded();
  const { x, y, width, height } = (await plot.boundingBox())!;
  await page.mouse.move(x + width * from, y + height / 2);
  if (to === undefined) return;
  await page.mouse.down();
  await page.mouse.move(x + width * ((from + to) / 2), y + height / 2);
  await page.mouse.move(x + width * to, y + height / 2);
  await page.mouse.up();
}

/** Resolves when an expression is true in the page. */
async function until(page: Page, expression: string): Promise<void> {
  while (!(await page.evaluate<boolean>(expression))) await page.waitForTimeout(20);
}

const ONE = 'total-over-time';
const OTHER = 'lag-over-time';
const ALONE = 'percentiles';

inBrowser('the mouse: one cursor and one zoom for all charts over time', WIDE, async (t, page) => {
  t.equal(await page.locator('.chart canvas').count(), await page.locator('.chart').count(), 'each chart is drawn');
  t.equal(await page.locator('.drawing:visible').count(), 0, 'instead of its picture');
  await pointAt(page, ONE, 0.5);
  t.match(await textAt(page, ONE), /^at (4 min 59 s|5 min)/);
  t.equal(await textAt(page, OTHER), await textAt(page, ONE), 'the cursor is at the same second elsewhere');
  t.equal(await textAt(page, ALONE), '', 'and nowhere in a chart of something else');
  t.match(await page.locator(`[data-chart="${ONE}"] .value`).allInnerTexts(), [/µs$/, /µs$/, /ms$/, /ms$/, /ms$/]);

  await pointAt(page, ONE, 0.25, 0.5);
  t.ok((await resetOf(page, ONE).isVisible()) && (await resetOf(page, OTHER).isVisible()), 'all of the group zoom');
  t.notOk(await resetOf(page, ALONE).isVisible());
  await pointAt(page, OTHER, 0.001);
  t.match(await textAt(page, OTHER), /^at 2 min (29|30|31) s/, 'the left edge is where the drag began');
  await resetOf(page, OTHER).click();
  t.notOk((await resetOf(page, ONE).isVisible()) || (await resetOf(page, OTHER).isVisible()), 'the button resets');
  await pointAt(page, ONE, 0.25, 0.5);
  await plotOf(page, OTHER).dblclick();
  t.notOk(await resetOf(page, ONE).isVisible(), 'a double click resets');
});

inBrowser('the keyboard: cursor, zoom, what is read aloud', WIDE, async (t, page) => {
  const chart = page.locator(`[data-chart="${ONE}"]`).getByRole('application');
  const heard = (): Promise<string> => page.locator('[aria-live]').innerText();
  const hears = (words: RegExp): Promise<void> =>
    page.locator('[aria-live]', { hasText: words }).waitFor({ state: 'attached' });
  await chart.focus();
  await page.keyboard.press('ArrowRight');
  await hears(/^0 s: p50 /);
  t.match(await heard(), /^0 s: p50 \d+ µs, p90 \d+ µs, p99 .*max /);
  t.match(await textAt(page, OTHER), /^at 0 s/, 'other charts follow');
  await page.keyboard.press('ArrowRight');
  await hears(/^1 s: /);
  await page.keyboard.press('End');
  await hears(/^9 min 59 s: /);
  await page.keyboard.press('ArrowLeft');
  await page.keyboard.press('ArrowLeft');
  await hears(/^9 min 57 s: /);
  await page.keyboard.press('+');
  t.ok(await resetOf(page, OTHER).isVisible());
  await page.keyboard.press('Shift+ArrowLeft');
  await hears(/^shown: /);
  await page.keyboard.press('Escape');
  await hears(/^everything is shown/);
  t.notOk(await resetOf(page, OTHER).isVisible());
  await page.keyboard.press('+');
  await page.keyboard.press('-');
  t.notOk(await resetOf(page, ONE).isVisible(), 'out again is everything');
  await page.keyboard.press('Tab');
  t.equal(await page.locator('.canvas:focus').count(), 0, 'Tab leaves the chart');
  t.equal(await textAt(page, OTHER), '', 'and the cursor goes');
});

inBrowser('the legend shows and hides', WIDE, async (t, page) => {
  const button = page.locator('[data-chart="rates-over-time"]').getByRole('button', { name: 'completed' });
  const before = await pixelsOf(page, 'rates-over-time');
  await button.click();
  t.equal(await button.getAttribute('aria-pressed'), 'false');
  t.not(await pixelsOf(page, 'rates-over-time'), before);
  await button.click();
  await page.mouse.move(0, 0);
  t.equal(await pixelsOf(page, 'rates-over-time'), before, 'as it was');
});

inBrowser('dark and light', { ...WIDE, colorScheme: 'light', reducedMotion: 'reduce' }, async (t, page) => {
  const light = await pixelsOf(page, ONE);
  await page.getByRole('button', { name: 'Dark theme' }).click();
  t.not(await pixelsOf(page, ONE), light, 'the charts change too');
  t.strictSame(await axeViolations(page), [], 'wide and dark');
  await page.setViewportSize(NARROW.viewport);
  t.strictSame(await axeViolations(page), [], 'narrow and dark');
  await page.getByRole('button', { name: 'Light theme' }).click();
  t.strictSame(await axeViolations(page), [], 'narrow and light');
  t.notOk(await isTooWide(page));
  t.equal(await page.evaluate('document.getAnimations().length'), 0);
  await page.emulateMedia({ colorScheme: 'dark' });
  t.equal(await page.evaluate('document.documentElement.dataset.theme'), 'light', 'what was chosen stays');
});

inBrowser('the theme of the system', { ...WIDE, colorScheme: 'light' }, async (t, page) => {
  t.strictSame(await axeViolations(page), [], 'wide and light');
  const light = await pixelsOf(page, ONE);
  await page.emulateMedia({ colorScheme: 'dark' });
  await page.getByRole('button', { name: 'Light theme' }).waitFor();
  t.not(await pixelsOf(page, ONE), light);
});

inBrowser('a window that becomes narrow', WIDE, async (t, page) => {
  await page.setViewportSize(NARROW.viewport);
  await until(page, `document.querySelector('.chart canvas').clientWidth < 375`);
  t.notOk(await isTooWide(page));
});

inBrowser('the result is saved as it was', NARROW, async (t, page) => {
  const waits = page.waitForEvent('download');
  await page.getByRole('button', { name: /^Download / }).click();
  const download = await waits;
  t.match(download.suggestedFilename(), /^conngen-client.*\.json$/);
  t.equal(readFileSync(await download.path(), 'utf8'), `${JSON.stringify(tenMinutes(), null, 2)}\n`);
});

inBrowser('without JavaScript there are pictures', { ...NARROW, javaScriptEnabled: false }, async (t, page) => {
  const pictures = page.locator('svg[role=img]');
  t.equal(await pictures.count(), await page.locator('.chart').count());
  t.ok(await pictures.first().isVisible());
  t.equal(await page.locator('canvas').count(), 0);
  t.match(await page.locator('main').innerText(), '25,000/s');
});

inBrowser('print: the pictures, in light colours, on pages', { ...WIDE, colorScheme: 'dark' }, async (t, page) => {
  await page.emulateMedia({ media: 'print' });
  t.ok(await page.locator('svg[role=img]').first().isVisible());
  t.equal(await page.locator('canvas:visible').count(), 0);
  t.equal(await page.evaluate(`getComputedStyle(document.documentElement).getPropertyValue('--c-ok')`), '#0072b2');
  const pdf = await page.pdf({ format: 'A4' });
  t.match(pdf.subarray(0, 5).toString(), '%PDF-');
  t.ok((pdf.toString('latin1').match(/\/Type \/Page\b/g)?.length ?? 0) > 1, 'more than one page');
});

const BAD = '</script><script>document.title = "bad"</script><!-- "\u2028\u001b[2J';
const badFile = pageFile(
  folder,
  'bad',
  await render(tenMinutes({ config: clientConfig({ host: BAD, payload_file: BAD }), conngen: BAD }), 'html'),
);
inBrowser(
  'texts from outside are texts',
  WIDE,
  async (t, page) => {
    t.not(await page.title(), 'bad');
    t.match(await page.locator('h1').innerText(), '</script><script>');
  },
  badFile,
);
