// tier: kernel
/** An agent over a real nats-server, ordered by hand: its runs, and what it refuses. */
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import type { ClientResult, RoundResult } from '../../../src/document/client.ts';
import { connectBus } from '../../../src/fleet/bus/nats.ts';
import { encodeJson } from '../../../src/fleet/json-message.ts';
import { SUBJECTS } from '../../../src/fleet/protocol.ts';
import { description } from '../../support/agents.ts';
import { LOOPBACK_TARGETS } from '../../../src/plan/address/allowed-targets.ts';
import { startServer } from '../../support/cli.ts';
import { agentOn, controllerOf, natsOf, targetOf, untilFree } from '../../support/fleet-agent.ts';
import { whoIsThere } from '../../support/fleet-controller.ts';
import { checkIdentities } from '../../support/identities.ts';
import { busOptions, noNats } from '../../support/nats.ts';
import { freePort } from '../../support/ports.ts';
import { validated } from '../../support/schemas.ts';

// They wait most of the time.
t.jobs = 3;

t.test('a run: what is reported adds up to the own result', { skip: noNats }, async (t) => {
  const directory = t.testdir({});
  const stage = await agentOn(t, await natsOf(t), { keepDirectory: directory });
  const server = await targetOf(t);
  const [description] = await whoIsThere(stage.bus);
  t.match(description, { name: 'a', busy: null, protocol: 1, limits: { targets: ['127.0.0.0/8', '::1'] } });
  const controller = controllerOf(t, stage);
  const values = { target: `127.0.0.1:${String(server.port)}`, rate: ['500/s'], duration: '2s', warmup: '300ms' };
  const opened = await controller.open(values);
  if ('refused' in opened) return void t.fail(opened.refused.message);
  t.match((await whoIsThere(stage.bus))[0], { busy: { controller: 'test@here', command: 'client' } });
  t.strictSame(await controller.prepare(500), { ok: {} });
  t.strictSame(await controller.begin(), { ok: {} });
  const { result, banks } = await controller.report('round');
  const round = result as RoundResult;
  t.equal(round.attempts.scheduled, 1000);
  t.equal(round.intervals.length, 0, 'seconds are not told twice');
  t.equal(controller.kinds().filter((kind) => kind === 'bank').length, banks);
  // A second after the end of the warm-up: a round of one second may be over by then.
  t.ok(controller.kinds().includes('health'), 'the agent told of its machine');
  const { total, intervals } = controller.sum(opened.ok.workers);
  t.strictSame(total.outcomeCounts(), round.outcomes);
  t.strictSame(total.latencySummaries(), round.latency_ns);
  t.same([total.scheduled, total.started, total.missed], [1000, round.attempts.started, round.attempts.missed]);
  t.strictSame(await controller.close(), { ok: {} });
  await untilFree(stage);
  const files = readdirSync(directory);
  t.strictSame(files, [`${controller.run}-a.json`]);
  const own = JSON.parse(readFileSync(path.join(directory, files[0]!), 'utf8')) as ClientResult;
  validated(own);
  checkIdentities(t, own);
  t.strictSame(intervals, own.rounds[0]!.intervals, 'the controller has the same seconds');
});

t.test('refusals: nothing reaches the target, and the agent is free again', { skip: noNats }, async (t) => {
  const stage = await agentOn(t, await natsOf(t), {
    limits: { targets: LOOPBACK_TARGETS, maxRatePerSec: 1000, maxDurationNs: 60e9 },
  });
  const server = await targetOf(t);
  const target = `127.0.0.1:${String(server.port)}`;
  const nobody = `127.0.0.1:${String(await freePort())}`;
  const cases: readonly (readonly [string, Record<string, unknown>, string, RegExp])[] = [
    ['a target that is not allowed', { target: '192.0.2.1:80' }, 'not_allowed', /192\.0\.2\.1:80/],
    ['a rate beyond the limit', { target, rate: ['2000/s'] }, 'over_limit', /--max-rate/],
    ['a time beyond the limit', { target, duration: '2m' }, 'over_limit', /--max-duration/],
    ["an option that is the agent's own", { target, source: ['127.0.0.2'] }, 'options', /--source/],
    ['a value that cannot be read', { target, duration: 'soon' }, 'options', /duration/],
    ['a file that did not come', { target, payload: '/etc/hostname' }, 'options', /controller sent/],
    ['a target where nobody listens', { target: nobody }, 'no_connection', /refused/],
  ];
  for (const [what, values, code, message] of cases) {
    const controller = controllerOf(t, stage);
    const answer = await controller.open(values);
    if ('refused' in answer) {
      t.equal(answer.refused.code, code, what);
      t.match(`${answer.refused.message} ${JSON.stringify(answer.refused.problems ?? [])}`, message, what);
    } else t.fail(what);
    await untilFree(stage);
    controller.leave();
  }
  t.equal((await server.stop()).accepted, 0);
});

t.test('one run at a time, one round at a time, and no begin that is past', { skip: noNats }, async (t) => {
  const stage = await agentOn(t, await natsOf(t));
  const server = await targetOf(t);
  const values = { target: `127.0.0.1:${String(server.port)}`, rate: ['200/s'], duration: '500ms' };
  const [first, second] = [controllerOf(t, stage), controllerOf(t, stage)];
  t.match(await first.open(values), { ok: {} });
  t.match(await second.open(values), { refused: { code: 'busy', message: /test@here/ } });
  t.match(await second.prepare(200), { refused: { code: 'run_unknown' } });
  t.match(await first.begin(), { refused: { message: /no round is ready/ } });
  t.strictSame(await first.prepare(200), { ok: {} });
  t.match(await first.prepare(200), { refused: { message: /under way/ } });
  t.match(await first.begin(-5), { refused: { message: /too late/ } });
  t.strictSame(await first.prepare(200), { ok: {} }, 'the next round is possible');
  t.strictSame(await first.begin(), { ok: {} });
  t.equal(((await first.report('round')).result as RoundResult).attempts.scheduled, 100);
  await first.close();
  t.match(await second.open(values), { ok: {} }, 'the agent is free for others');
  await second.close();
});

t.test('stop before the begin and in mid-round', { skip: noNats }, async (t) => {
  const stage = await agentOn(t, await natsOf(t));
  const server = await targetOf(t);
  const values = { target: `127.0.0.1:${String(server.port)}`, rate: ['200/s'], duration: '20s' };
  const early = controllerOf(t, stage);
  await early.open(values);
  await early.prepare(200);
  await early.begin(1000);
  await early.order({ kind: 'stop' });
  t.equal(((await early.report('round')).result as RoundResult).attempts.started, 0);
  await early.close();
  const mid = controllerOf(t, stage);
  await mid.open(values);
  await mid.prepare(200);
  await mid.begin();
  await mid.report('bank');
  await mid.order({ kind: 'stop' });
  const round = (await mid.report('round')).result as RoundResult;
  t.ok(round.attempts.started > 0 && round.duration_sec < 15);
  await mid.close();
});

t.test('the name is taken', { skip: noNats }, async (t) => {
  const nats = await natsOf(t);
  await agentOn(t, nats);
  await t.rejects(agentOn(t, nats), { code: 'fleet_name_taken', message: /127\.0\.0\.1/ });
});

t.test('one who listens to signs of life is no agent; a sign that comes late is one', { skip: noNats }, async (t) => {
  const nats = await natsOf(t);
  const bus = await connectBus(busOptions(nats.url));
  t.teardown(() => bus.close());
  bus.subscribe(SUBJECTS.alive('a'), () => undefined);
  await bus.flush();
  const { agent } = await agentOn(t, nats);
  t.equal(agent.identity.name, 'a');
  await agent.stop();
  const late = bus.subscribe(SUBJECTS.alive('a'), ({ data }) => {
    if (data.length > 0) return;
    setTimeout(() => bus.publish(SUBJECTS.alive('a'), encodeJson(description('a'))), 1500);
  });
  await bus.flush();
  await t.rejects(agentOn(t, nats), { code: 'fleet_name_taken' });
  late();
});

t.test('round trips', { skip: noNats }, async (t) => {
  const stage = await agentOn(t, await natsOf(t));
  for (const protocol of ['tcp', 'udp'] as const) {
    const echo = await startServer(['--protocol', protocol]);
    t.teardown(() => echo.stop());
    const controller = controllerOf(t, stage);
    const values = { target: `127.0.0.1:${String(echo.port)}`, rate: ['200/s'], duration: '1s', protocol };
    t.match(await controller.open(values, { command: 'rtt' }), { ok: { workers: 1 } }, protocol);
    await controller.prepare(200);
    await controller.begin();
    t.match(await controller.report('round'), { result: { scheduled: 200 } });
    await controller.close();
    controller.leave();
  }
  const controller = controllerOf(t, stage);
  const nobody = { target: `127.0.0.1:${String(await freePort())}`, protocol: 'udp' };
  t.match(await controller.open(nobody, { command: 'rtt' }), { refused: { code: 'no_connection' } });
});
