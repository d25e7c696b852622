/** `npm run screenshots`: the pictures of `docs/images/`, of pages made from the results that are committed there. Needs Chromium. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium, type Browser } from 'playwright-core';
import { readDocument } from '../../src/index.ts';
import { render } from '../../src/view/renderers.ts';

const IMAGES = path.resolve(import.meta.dirname, '../images');
const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
/** More makes a page of the documentation slow. */
const MAX_BYTES = 150_000;

interface Picture {
  readonly name: string;
  /** The result in `docs/images/`. */
  readonly result: string;
  readonly width: number;
  readonly height: number;
  readonly theme: 'light' | 'dark';
  /** The section that the window begins with; the head of the page if not given. */
  readonly section?: string;
  /** Where the mouse is: a chart, and a share of its width. */
  readonly cursor?: { readonly chart: string; readonly at: number };
}

const CURSOR = { chart: 'total-over-time', at: 0.64 };
const WIDE = { result: 'client.json', width: 1440, height: 1100 };
const NARROW = { result: 'client.json', width: 375, height: 1100 };

const PICTURES: readonly Picture[] = [
  { name: 'report-wide-light', ...WIDE, theme: 'light' },
  { name: 'report-narrow-dark', ...NARROW, theme: 'dark' },
  { name: 'report-charts-wide-light', ...WIDE, theme: 'light', section: 'latency', cursor: CURSOR },
  { name: 'report-charts-wide-dark', ...WIDE, theme: 'dark', section: 'latency', cursor: CURSOR },
  { name: 'report-charts-narrow-light', ...NARROW, theme: 'light', section: 'rates' },
];

async function take(browser: Browser, picture: Picture, folder: string): Promise<void> {
  const { name, result, width, height, theme, section, cursor } = picture;
  const read = readDocument(readFileSync(path.join(IMAGES, result)));
  if ('problem' in read) throw new Error(`${result}: ${read.problem}`);
  const file = path.join(folder, `${name}.html`);
  writeFileSync(file, await render(read.document, 'html'));
  const page = await browser.newPage({ viewport: { width, height }, colorScheme: theme });
  await page.goto(pathToFileURL(file).href);
  await page.waitForSelector('html.has-script');
  if (section !== undefined) await page.evaluate(`document.getElementById('${section}').scrollIntoView()`);
  if (cursor !== undefined) {
    const box = await page.locator(`[data-chart="${cursor.chart}"] .u-over`).boundingBox();
    if (box === null) throw new Error(`${name}: the page has no chart ${cursor.chart}`);
    await page.mouse.move(box.x + box.width * cursor.at, box.y + box.height / 2);
  }
  const image = path.join(IMAGES, `${name}.png`);
  await page.screenshot({ path: image });
  await page.close();
  if (existsSync('/usr/bin/optipng')) execFileSync('/usr/bin/optipng', ['-quiet', '-o3', image]);
  const { size } = statSync(image);
  console.log(`${image}  ${Math.round(size / 1000)} kB`);
  if (size > MAX_BYTES) throw new Error(`${name}: ${size} bytes, expected ${MAX_BYTES} at most: install optipng`);
}

const executablePath = CHROMIUM.find((place) => existsSync(place));
if (executablePath === undefined) throw new Error(`needs Chromium: ${CHROMIUM.join(' or ')}`);
const folder = mkdtempSync(path.join(tmpdir(), 'conngen-screenshots-'));
const browser = await chromium.launch({ executablePath, args: process.getuid?.() === 0 ? ['--no-sandbox'] : [] });
try {
  for (const picture of PICTURES) await take(browser, picture, folder);
} finally {
  await browser.close();
  rmSync(folder, { recursive: true });
}
