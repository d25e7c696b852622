import t from 'tap';
import { chartStyles } from '../../../../src/view/html/chart/styles.ts';
import { pageStyles } from '../../../../src/view/html/page/page-styles.ts';
import { pageScripts } from '../../../../src/view/html/page/script.ts';

/** What docs/guide/html-report.md says of the size of a page: half of it is uPlot, and every page has it, also one with a few rows. */
const PAGE_BYTES = 92_000;

t.test('the scripts of a page are small, end nowhere, and bring the licence of uPlot', async (t) => {
  const [uplot = '', own = ''] = pageScripts();
  t.match(uplot, /^\/\*!\nuPlot\nThe MIT License \(MIT\)\n\nCopyright \(c\) \d+ Leon Sorokin/);
  const sizes = [uplot, own, pageStyles() + chartStyles()].map((text) => Buffer.byteLength(text));
  t.ok(sizes.reduce((sum, bytes) => sum + bytes, 0) < PAGE_BYTES, `uPlot, script, styles: ${sizes.join(', ')} bytes`);
  for (const text of [uplot, own]) t.notMatch(text, /<\/script|<!--/i);
});
