/** The matrices of the labs: which cells there are, and which of them are refused. */
import t from 'tap';
import { RunError } from '../../src/units/run-error.ts';
import { refusedEngines } from '../../src/lab/engines.ts';
import { LABS, labNamed } from '../../src/lab/labs.ts';
import { cellsOf } from '../../src/lab/matrix.ts';
import { plannedCellSec } from '../../src/lab/run.ts';

const names = (lab: string, quick = false): string[] => cellsOf(labNamed(lab)!, quick).map(({ name }) => name);

t.test('a quick look takes about a minute', async (t) => {
  for (const lab of LABS) {
    const cells = cellsOf(lab, true).length;
    const sec = cells * plannedCellSec(lab, lab.times.quick);
    t.ok(sec < 100, `${lab.name}: ${cells} cells, ${sec} s`);
  }
});

t.test('every plot goes along axes that there are', async (t) => {
  for (const lab of LABS) {
    const axes = lab.axes(false).map(({ name }) => name);
    for (const { lines, x = lines } of lab.plots) t.ok(axes.includes(lines) && axes.includes(x), lab.name);
  }
});

t.test('rtt: every engine, rate and number of tasks; what means nothing is left out', async (t) => {
  const cells = names('rtt');
  // 4 engines and 8 rates in closed loop, 3 and 7 pipelined; 2 protocols, 4 numbers of tasks.
  t.equal(cells.length, (4 * 8 + 3 * 7) * 2 * 4);
  t.ok(cells.includes('blocking/udp/closed/max/1000'));
  t.ok(cells.includes('uring/tcp/pipelined/1000000/0'));
  t.notOk(cells.some((name) => name.startsWith('blocking') && name.includes('pipelined')));
  t.notOk(cells.some((name) => name.includes('pipelined/max')));
});

t.test('blocking: three kinds of work by four strategies, of which one takes engine node', async (t) => {
  const cells = names('blocking');
  t.equal(cells.length, (2 * 3 + 4) * 3 * 2);
  t.ok(cells.includes('node/sleep/pool/200'));
  t.notOk(cells.some((name) => /^(uring|epoll)\/.*\/pool\//.test(name)));
});

t.test('bodies: nothing is done where nothing is kept, and the pool writes files', async (t) => {
  const cells = names('bodies');
  t.same(
    cells.filter((name) => name.startsWith('node')),
    [
      'node/null/direct',
      ...['memory', 'gather'].flatMap((sink) => ['direct', 'permit', 'dispatch'].map((how) => `node/${sink}/${how}`)),
      ...['file', 'tmpfs'].flatMap((sink) =>
        ['direct', 'permit', 'dispatch', 'pool'].map((how) => `node/${sink}/${how}`),
      ),
    ],
  );
});

t.test('cells of an engine that does not work are refused by name, with the reason', async (t) => {
  let asked = 0;
  const cells = cellsOf(labNamed('bodies')!, true);
  const refused = await refusedEngines(cells, async (engine) => {
    asked++;
    if (engine === 'uring') throw new RunError('EPERM', 'io_uring is forbidden here', 'allow it');
  });
  t.same(
    refused.map(({ cell }) => cell),
    cells.map(({ name }) => name).filter((name) => name.startsWith('uring')),
  );
  t.equal(refused[0]?.expected, 'a machine where engine uring works: io_uring is forbidden here');
  t.equal(asked, 2, 'once for each engine');
});
