// tier: netns
/** The trial ground itself: what goes through it unharmed, and what it leaves behind. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import t from 'tap';
import { MODULE_ARGS, moduleUrl } from '../support/modules.ts';
import { ROOT } from '../support/cli.ts';
import { Lab, labNames, noLab } from './lab.ts';
import { checkBlame, trial } from './trial.ts';

const skip = noLab();

t.test('without a fault both ends count the same', { skip }, async (t) => {
  const lab = Lab.forTest(t);
  lab.forward('ct state new counter name opened', 'counter opened { }');
  const seen = await trial(t, lab, { load: ['--rate', '500', '--duration', '1s', '--payload-size', '64'] });
  checkBlame(t, seen, { outcomes: { ok: 500 }, verdict: ['valid'] });
  t.strictSame([seen.established, seen.served.accepted, seen.served.completed], [500, 500, 500]);
  t.equal(lab.router.packets('opened'), 500, 'the router saw each open');
});

t.test('a lab is gone when it is closed, with what runs in it', { skip }, async (t) => {
  const lab = new Lab();
  const mine = [lab.client, lab.router, lab.server].map(({ name }) => name);
  t.strictSame(labNames().filter((name) => mine.includes(name)).length, 3, 'three namespaces');
  const server = await lab.serve();
  lab.close();
  t.strictSame(
    labNames().filter((name) => mine.includes(name)),
    [],
    'none is left',
  );
  t.equal((await server.ended).signal, 'SIGKILL', 'its server was ended');
  lab.close();
});

t.test('what a run that was killed left behind is removed by the next one', { skip }, async (t) => {
  const script = `
    const { Lab } = await import(${JSON.stringify(moduleUrl('test/netns/lab.ts').href)});
    console.log(new Lab().client.name);
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, [...MODULE_ARGS, '--input-type=module', '--eval', script], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [text] = (await once(child.stdout, 'data')) as [Buffer];
  const name = text.toString().trim();
  t.ok(labNames().includes(name), 'it was there');
  t.notOk(labNames(true).includes(name), 'nobody takes the lab of a run that lives');
  child.kill('SIGKILL');
  await once(child, 'close');
  t.ok(labNames(true).includes(name), 'it is left over');
  Lab.forTest(t);
  t.notOk(labNames().includes(name), 'and gone');
});
