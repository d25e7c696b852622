// tier: kernel
/** A machine that the faster engines do not know: every probe but node's fails. */
import { selectEngine } from '../../src/engine/registry.ts';
import t from 'tap';
import { runClient } from '../support/runs.ts';
import { planClient } from '../support/plans.ts';
import { serve } from '../server/serve.ts';

t.test('auto takes what works, and the results say why nothing better', async (t) => {
  const { arch } = process;
  Object.defineProperty(process, 'arch', { value: 'riscv64' });
  t.teardown(() => Object.defineProperty(process, 'arch', { value: arch }));
  const { name, notes } = await selectEngine('auto');
  t.equal(name, 'node');
  t.match(notes, [
    /^engine uring is passed over: it knows x64 and arm64, and this machine is riscv64$/,
    /^engine epoll is passed over: /,
  ]);
  const server = await serve(t, { engine: 'auto' });
  const { plan } = await planClient({ target: `127.0.0.1:${server.port}`, rate: '50', duration: '100ms' });
  t.same((await runClient(plan!)).system.engine_notes, notes);
  const counted = await server.stop();
  t.same(counted.system.engine_notes, notes);
  t.equal(counted.accepted, 5);
});

t.test('an engine that was asked for has nothing to explain', async (t) => {
  const server = await serve(t, { engine: 'node' });
  t.notOk('engine_notes' in (await server.stop()).system);
});
