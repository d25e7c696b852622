// tier: kernel
/** How runs of an agent end that nobody ends in good order. */
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import type { RoundResult } from '../../../src/document/client.ts';
import { agentOn, controllerOf, natsOf, targetOf, untilFree } from '../../support/fleet-agent.ts';
import { whoIsThere } from '../../support/fleet-controller.ts';
import { noNats } from '../../support/nats.ts';

// They wait most of the time.
t.jobs = 4;

t.test('a controller that goes silent: the agent stops, drains and is free', { skip: noNats }, async (t) => {
  const stage = await agentOn(t, await natsOf(t));
  const server = await targetOf(t);
  const controller = controllerOf(t, stage);
  await controller.open({ target: `127.0.0.1:${String(server.port)}`, rate: ['200/s'], duration: '60s' });
  await controller.prepare(200);
  await controller.begin();
  await controller.report('bank');
  controller.sendBeat();
  await stage.bus.flush();
  controller.beats = false;
  t.match(await controller.report('failed'), { code: 'controller_lost', message: /nothing was heard/ });
  const { result, why } = await controller.report('round');
  t.match(result, { outcomes: { aborted: 0 } });
  t.match(why, /nothing was heard of the controller for 3 s/);
  await untilFree(stage);
  t.ok(stage.log.some((line) => line.includes('nothing was heard')));
});

t.test('NATS away for a moment: the run goes on and nothing is lost', { skip: noNats }, async (t) => {
  const stage = await agentOn(t, await natsOf(t));
  const server = await targetOf(t);
  const controller = controllerOf(t, stage);
  const values = { target: `127.0.0.1:${String(server.port)}`, rate: ['300/s'], duration: '5s' };
  const opened = await controller.open(values);
  if ('refused' in opened) return void t.fail(opened.refused.message);
  await controller.prepare(300);
  await controller.begin();
  await controller.report('bank');
  await stage.nats.restart();
  const { result, banks } = await controller.report('round');
  t.equal(controller.kinds().filter((kind) => kind === 'bank').length, banks);
  t.equal(controller.acknowledged, controller.reports.length, 'no gap');
  t.strictSame(controller.sum(opened.ok.workers).total.outcomeCounts(), (result as RoundResult).outcomes);
  await controller.close();
});

t.test('NATS that hangs for a moment: as one that is away', { skip: noNats }, async (t) => {
  const stage = await agentOn(t, await natsOf(t));
  const server = await targetOf(t);
  const controller = controllerOf(t, stage);
  const values = { target: `127.0.0.1:${String(server.port)}`, rate: ['300/s'], duration: '6s' };
  const opened = await controller.open(values);
  if ('refused' in opened) return void t.fail(opened.refused.message);
  await controller.prepare(300);
  await controller.begin();
  await controller.report('bank');
  const { pid } = stage.nats;
  t.teardown(() => process.kill(pid, 'SIGCONT'));
  process.kill(pid, 'SIGSTOP');
  // Longer than the silence after which a controller is lost.
  await sleep(4000);
  process.kill(pid, 'SIGCONT');
  const { result, banks, why } = await controller.report('round');
  t.equal(why, undefined, 'the agent did not end it');
  t.equal(controller.kinds().filter((kind) => kind === 'bank').length, banks);
  t.equal((result as RoundResult).attempts.scheduled, 1800);
  t.strictSame(controller.sum(opened.ok.workers).total.outcomeCounts(), (result as RoundResult).outcomes);
  await controller.close();
});

t.test('an agent that is stopped tells its controller', { skip: noNats }, async (t) => {
  const stage = await agentOn(t, await natsOf(t));
  const server = await targetOf(t);
  const controller = controllerOf(t, stage);
  await controller.open({ target: `127.0.0.1:${String(server.port)}`, rate: ['200/s'], duration: '60s' });
  await controller.prepare(200);
  await controller.begin();
  await controller.report('bank');
  await stage.agent.stop();
  t.match(await controller.report('failed'), { code: 'agent_stopped' });
  t.strictSame(await whoIsThere(stage.bus), []);
});
