/** Pages in a real browser: Chromium, driven by playwright-core. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core';
import type { Test } from 'tap';

const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const CHROMIUM = PLACES.find((place) => existsSync(place));

/** Why there is no browser here, for `skip` of a test; false where there is one. */
export const NO_BROWSER = CHROMIUM === undefined && `needs Chromium: ${PLACES.join(' or ')}`;

/** Starts the browser; the test ends it. Needs `NO_BROWSER` to be false. */
export async function startBrowser(t: Test): Promise<Browser> {
  // The sandbox of Chromium does not start as root.
  const args = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  const browser = await chromium.launch({ executablePath: CHROMIUM!, args });
  t.teardown(() => browser.close());
  return browser;
}

export interface OpenPage {
  readonly page: Page;
  /** What a page of ours never does: messages on the console, errors, requests. */
  readonly complaints: string[];
}

/** Opens a page from a file below `folder`, as a user does, in a context of its own. */
export async function openPage(
  browser: Browser,
  file: string,
  options: BrowserContextOptions = {},
): Promise<OpenPage & { readonly close: () => Promise<void> }> {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  const complaints: string[] = [];
  const url = pathToFileURL(file).href;
  page.on('console', (message) => complaints.push(`console: ${message.text()}`));
  page.on('pageerror', (error) => complaints.push(`error: ${error.message}`));
  page.on('request', (request) => {
    if (request.url().split('#')[0] !== url) complaints.push(`request: ${request.url()}`);
  });
  await page.goto(url);
  // The script draws after it has unpacked the data.
  if (options.javaScriptEnabled !== false) await page.waitForSelector('html.has-script');
  return { page, complaints, close: () => context.close() };
}

/** Writes a page into a folder and returns its path. */
export function pageFile(folder: string, name: string, html: string): string {
  const file = path.join(folder, `${name}.html`);
  writeFileSync(file, html);
  return file;
}

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Returns what axe finds wrong with the page: a line for each rule, with the elements. */
export async function axeViolations(page: Page): Promise<string[]> {
  await page.evaluate(AXE);
  return page.evaluate<string[]>(`axe.run().then(({ violations }) =>
    violations.map(({ id, nodes }) => id + ': ' + nodes.map(({ target }) => target.join(' ')).join(', ')))`);
}

/** Whether the page is wider than the window. */
export async function isTooWide(page: Page): Promise<boolean> {
  return page.evaluate<boolean>('document.documentElement.scrollWidth > document.documentElement.clientWidth');
}
