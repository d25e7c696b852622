import t from 'tap';
import { processIo } from '../../../src/cli/process/io.ts';

t.test('a terminal that cannot erase a line is none', (t) => {
  for (const stream of [process.stdout, process.stderr]) {
    const { isTTY } = stream;
    Object.defineProperty(stream, 'isTTY', { value: true, configurable: true, writable: true });
    t.teardown(() => (stream.isTTY = isTTY));
  }
  const smart = processIo({ TERM: 'xterm' });
  t.equal(smart.stderr.isTTY, true);
  t.ok(smart.style.colours && smart.colourLogs);
  const dumb = processIo({ TERM: 'dumb' });
  t.notOk(dumb.stderr.isTTY);
  t.notOk(dumb.style.colours || dumb.colourLogs);
  t.end();
});
