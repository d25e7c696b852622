// tier: kernel
/** The page of each kind of document in a real browser, from real runs: wide and light, narrow and dark. */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import type { Document } from '../../../src/document/read.ts';
import { doctor, render, rtt, run, saturate, search, server, type ClientResult } from '../../../src/index.ts';
import { renderSideBySide } from '../../../src/view/renderers.ts';
import { NO_BROWSER, axeViolations, isTooWide, openPage, pageFile, startBrowser } from '../../support/browser.ts';
import { runCli } from '../../support/cli.ts';
import { checkIdentities } from '../../support/identities.ts';

const WINDOWS = [
  { name: 'wide and light', viewport: { width: 1440, height: 900 }, colorScheme: 'light' },
  { name: 'narrow and dark', viewport: { width: 375, height: 800 }, colorScheme: 'dark' },
] as const;

const browser = NO_BROWSER === false ? await startBrowser(t) : null;
const folder = t.testdir();
const echo = await server({ host: '127.0.0.1', port: 0 });
t.teardown(() => echo.close());
const target = `127.0.0.1:${echo.port}`;

async function client(): Promise<ClientResult> {
  const { result } = run({ target, rate: 100, duration: '3s', 'fail-if': ['p99(total)>1h', 'failures>0'] });
  const document = await result;
  checkIdentities(t, document);
  return document;
}

/** A page for each kind of document. */
async function pages(): Promise<Map<string, string>> {
  const one = await client();
  const two = await client();
  const trial = { target, duration: '400ms', cooldown: '10ms', timeout: '1s' };
  const documents: Record<string, Document> = {
    client: one,
    rounds: await run({ target, rate: ['50', '100'], duration: '1s', probe: '10' }).result,
    search: await search({ ...trial, 'min-rate': 50, 'max-rate': 200, precision: '50%', 'explore-duration': '200ms' })
      .result,
    saturate: await saturate({ ...trial, start: 50, 'max-rate': 120 }).result,
    rtt: await rtt({ target, rate: 50, duration: '2s' }).result,
    doctor: await doctor({ target, rate: 100 }),
    server: await stopped(),
    lab: await lab(),
  };
  const rendered = Object.entries(documents).map(
    async ([name, document]) => [name, await render(document, 'html')] as const,
  );
  const named = [one, two].map((document, index) => ({ name: `run ${index + 1}`, document }));
  return new Map([
    ...(await Promise.all(rendered)),
    ['side by side', await renderSideBySide(named, 'html')],
    ['compare', await comparison([one, two])],
  ]);
}

async function comparison(documents: readonly ClientResult[]): Promise<string> {
  const files = documents.map((document, index) => {
    const file = path.join(folder, `${index}.json`);
    writeFileSync(file, JSON.stringify(document));
    return file;
  });
  // A busy machine may be at its limit.
  const { stdout } = await runCli(['compare', ...files, '--force', '--html', '-', '--quiet']);
  return stdout;
}

async function stopped(): Promise<Document> {
  const idle = await server({ host: '127.0.0.1', port: 0 });
  return idle.close();
}

async function lab(): Promise<Document> {
  const out = path.join(folder, 'lab');
  const times = ['--duration', '50ms', '--warmup', '10ms', '--settle', '0s'];
  await runCli(['lab', 'abstraction', '--quick', '--only', 'async/*', ...times, '--out', out, '--quiet']);
  return JSON.parse(readFileSync(path.join(out, 'lab.json'), 'utf8')) as Document;
}

t.test('pages of real runs', { skip: NO_BROWSER }, async (t) => {
  for (const [kind, html] of await pages()) {
    await t.test(kind, async (t) => {
      const file = pageFile(folder, kind, html);
      for (const { name, ...window } of WINDOWS) {
        const { page, complaints, close } = await openPage(browser!, file, window);
        t.notOk(await isTooWide(page), `${name}: nothing stands out of the window`);
        t.strictSame(await axeViolations(page), [], `${name}: axe finds nothing`);
        const charts = await page.locator('.chart').count();
        t.equal(await page.locator('.chart canvas').count(), charts, `${name}: all ${charts} charts are drawn`);
        // What the legends do, a browser does not complain of.
        await page.evaluate(`document.querySelectorAll('.legend button').forEach((button) => button.click())`);
        t.strictSame(complaints, [], `${name}: no message, no error, no request`);
        await close();
      }
    });
  }
});
