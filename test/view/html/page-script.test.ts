import t from 'tap';
import { chartStyles } from '../../../src/view/html/chart-styles.ts';
import { pageScripts } from '../../../src/view/html/script.ts';

t.test('the scripts of a page are small, end nowhere, and bring the licence of uPlot', async (t) => {
  const [uplot = '', own = ''] = pageScripts();
  t.match(uplot, /^\/\*!\nuPlot\nThe MIT License \(MIT\)\n\nCopyright \(c\) \d+ Leon Sorokin/);
  t.ok(Buffer.byteLength(uplot) < 54_000, `uPlot: ${Buffer.byteLength(uplot)} bytes`);
  t.ok(Buffer.byteLength(own) < 24_000, `ours: ${Buffer.byteLength(own)} bytes`);
  t.ok(Buffer.byteLength(chartStyles()) < 10_000, `styles: ${Buffer.byteLength(chartStyles())} bytes`);
  for (const text of [uplot, own]) t.notMatch(text, /<\/script|<!--/i);
});
