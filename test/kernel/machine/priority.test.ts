import { once } from 'node:events';
import { getPriority } from 'node:os';
import { Worker } from 'node:worker_threads';
import t from 'tap';
import { importExpression } from '../../support/modules.ts';

/** The nice value of a thread that has called `putFirst` for this platform. */
async function niceOfThread(platform: string): Promise<number> {
  const code = `${importExpression('src/kernel/machine/priority.ts')}.then(({ putFirst }) => {
    putFirst(${JSON.stringify(platform)});
    require('node:worker_threads').parentPort.postMessage(require('node:os').getPriority(0));
  });`;
  const [nice] = (await once(new Worker(code, { eval: true }), 'message')) as [number];
  return nice;
}

const mayGoFirst = process.platform === 'linux' && process.getuid?.() === 0;

t.test('a thread goes before the others', { skip: mayGoFirst ? false : 'needs Linux and root' }, async (t) => {
  const before = getPriority(0);
  t.equal(await niceOfThread('linux'), -20);
  t.equal(getPriority(0), before);
});

t.test('on other systems, where it would be the whole process, nothing changes', async (t) => {
  t.equal(await niceOfThread('darwin'), getPriority(0));
});
