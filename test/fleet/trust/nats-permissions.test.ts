// tier: kernel
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { EXAMPLES, connectAs, exampleConfig, startExample } from '../example-nats.ts';
import type { Bus } from '../../../src/fleet/bus/bus.ts';
import { connectBus } from '../../../src/fleet/bus/nats.ts';
import { ANSWERS, SUBJECTS } from '../../../src/fleet/protocol.ts';
import { busOptions, noNats } from '../../support/nats.ts';

const RUN = 'run-of-the-test';
const NOTHING = new Uint8Array();

/** What comes in on a subject, as texts. */
function heardOn(bus: Bus, subject: string): string[] {
  const heard: string[] = [];
  bus.subscribe(subject, ({ data, subject: on }) => heard.push(`${on} ${Buffer.from(data).toString()}`));
  return heard;
}

async function soon(done: () => boolean): Promise<void> {
  for (let tries = 0; tries < 3000 && !done(); tries++) await sleep(10);
}

t.test('what the protocol needs is allowed', { skip: noNats }, async (t) => {
  const nats = await startExample(t);
  const [controller, agent] = [await connectAs(t, nats.url, 'controller'), await connectAs(t, nats.url, 'agent-1')];
  t.equal(await agent.bus.isHeard(SUBJECTS.alive('agent-1'), NOTHING, 20_000), false, 'nobody has its name');
  const answering = (subject: string, answer: string): void => {
    agent.bus.subscribe(subject, ({ respond }) => respond?.(Buffer.from(answer)));
  };
  answering(SUBJECTS.who, 'agent-1');
  answering(SUBJECTS.ticket('agent-1'), 'ticket');
  answering(SUBJECTS.clock('agent-1'), 'clock');
  answering(SUBJECTS.order('agent-1'), 'order');
  const [alive, reports, own] = [
    heardOn(controller.bus, SUBJECTS.alive('agent-1')),
    heardOn(controller.bus, SUBJECTS.report('agent-1')),
    heardOn(agent.bus, SUBJECTS.alive('agent-1')),
  ];
  const beats = heardOn(agent.bus, SUBJECTS.beat(RUN));
  controller.bus.subscribe(SUBJECTS.file(RUN), ({ respond }) => respond?.(Buffer.alloc(256 * 1024)));
  await Promise.all([controller.bus.flush(), agent.bus.flush()]);
  const texts = async (subject: string): Promise<string> =>
    Buffer.from((await controller.bus.request(subject, NOTHING, 5000)) ?? 'none').toString();
  const answers = await controller.bus.requestAll(SUBJECTS.who, NOTHING, 300);
  t.same(
    answers.map((each) => Buffer.from(each).toString()),
    ['agent-1'],
  );
  t.equal(await texts(SUBJECTS.ticket('agent-1')), 'ticket');
  t.equal(await texts(SUBJECTS.clock('agent-1')), 'clock');
  t.equal(await texts(SUBJECTS.order('agent-1')), 'order');
  t.equal((await agent.bus.request(SUBJECTS.file(RUN), NOTHING, 5000))?.length, 256 * 1024);
  agent.bus.publish(SUBJECTS.alive('agent-1'), Buffer.from('here'));
  agent.bus.publish(SUBJECTS.report('agent-1'), Buffer.from('counts'));
  controller.bus.publish(SUBJECTS.beat(RUN), Buffer.from('beat'));
  await soon(() => alive.length + reports.length + own.length + beats.length === 4);
  t.same(alive, ['conngen.fleet.alive.agent-1 here']);
  t.same(reports, ['conngen.fleet.report.agent-1 counts']);
  t.same(own, alive);
  t.same(beats, [`conngen.fleet.run.${RUN}.beat beat`]);
  t.same([...controller.refused(), ...agent.refused()], []);
});

t.test('an agent cannot order, beat or speak for another', { skip: noNats }, async (t) => {
  const nats = await startExample(t);
  const controller = await connectAs(t, nats.url, 'controller');
  const [thief, victim] = [await connectAs(t, nats.url, 'agent-1'), await connectAs(t, nats.url, 'agent-2')];
  const heard = [
    heardOn(controller.bus, SUBJECTS.alive('*')),
    heardOn(controller.bus, SUBJECTS.report('*')),
    heardOn(controller.bus, `${ANSWERS.controller}.>`),
    heardOn(victim.bus, SUBJECTS.order('agent-2')),
    heardOn(victim.bus, SUBJECTS.ticket('agent-2')),
    heardOn(victim.bus, SUBJECTS.who),
    heardOn(victim.bus, SUBJECTS.beat(RUN)),
    heardOn(victim.bus, `${ANSWERS.agent('agent-2')}.>`),
  ];
  await Promise.all([controller.bus.flush(), victim.bus.flush()]);
  const forbidden = [
    SUBJECTS.who,
    SUBJECTS.ticket('agent-2'),
    SUBJECTS.clock('agent-2'),
    SUBJECTS.order('agent-2'),
    SUBJECTS.order('agent-1'),
    SUBJECTS.beat(RUN),
    SUBJECTS.alive('agent-2'),
    SUBJECTS.report('agent-2'),
    `${ANSWERS.controller}.x`,
    `${ANSWERS.agent('agent-2')}.x`,
  ];
  for (const subject of forbidden) thief.bus.publish(subject, Buffer.from('of a thief'));
  await thief.bus.flush();
  await soon(() => thief.refused().length === forbidden.length);
  t.equal(thief.refused().length, forbidden.length, 'the server says so, each time');
  for (const subject of forbidden)
    t.ok(
      thief.refused().some((each) => each.includes(subject)),
      subject,
    );
  // What is published after it comes after it.
  controller.bus.publish(SUBJECTS.beat(RUN), Buffer.from('beat'));
  await soon(() => heard.flat().length > 0);
  t.same(heard.flat(), [`conngen.fleet.run.${RUN}.beat beat`], 'nobody heard it');
});

t.test('an agent does not hear what is not for it', { skip: noNats }, async (t) => {
  const nats = await startExample(t);
  const controller = await connectAs(t, nats.url, 'controller');
  const [thief, victim] = [await connectAs(t, nats.url, 'agent-1'), await connectAs(t, nats.url, 'agent-2')];
  victim.bus.subscribe(SUBJECTS.ticket('agent-2'), ({ respond }) => respond?.(Buffer.from('a ticket')));
  const forbidden = [
    SUBJECTS.order('agent-2'),
    SUBJECTS.order('*'),
    SUBJECTS.ticket('*'),
    SUBJECTS.alive('*'),
    SUBJECTS.report('agent-2'),
    SUBJECTS.file(RUN),
    `${ANSWERS.controller}.>`,
    `${ANSWERS.agent('agent-2')}.>`,
    '_INBOX.>',
    'conngen.>',
    '>',
  ];
  const heard = forbidden.map((subject) => heardOn(thief.bus, subject));
  await Promise.all([thief.bus.flush(), victim.bus.flush()]);
  await soon(() => thief.refused().length === forbidden.length);
  t.equal(thief.refused().length, forbidden.length, 'the server refuses each subscription');
  t.ok(await controller.bus.request(SUBJECTS.ticket('agent-2'), NOTHING, 5000), 'the others talk');
  victim.bus.publish(SUBJECTS.report('agent-2'), Buffer.from('secret'));
  await victim.bus.flush();
  await thief.bus.flush();
  t.same(heard.flat(), []);
});

t.test('a controller cannot pretend to be an agent', { skip: noNats }, async (t) => {
  const nats = await startExample(t);
  const [first, second] = [await connectAs(t, nats.url, 'controller'), await connectAs(t, nats.url, 'controller')];
  const heard = [heardOn(first.bus, SUBJECTS.alive('*')), heardOn(first.bus, SUBJECTS.report('*'))];
  await first.bus.flush();
  const forbidden = [SUBJECTS.alive('agent-1'), SUBJECTS.report('agent-1'), `${ANSWERS.agent('agent-1')}.x`];
  for (const subject of forbidden) second.bus.publish(subject, Buffer.from('of a controller'));
  const orders = heardOn(second.bus, SUBJECTS.order('agent-1'));
  first.bus.publish(SUBJECTS.order('agent-1'), Buffer.from('order'));
  await Promise.all([first.bus.flush(), second.bus.flush()]);
  await soon(() => second.refused().length > forbidden.length);
  t.equal(second.refused().length, forbidden.length + 1, 'three messages and a subscription');
  t.same([...heard.flat(), ...orders], []);
});

t.test('nobody else comes in', { skip: noNats }, async (t) => {
  const nats = await startExample(t);
  for (const [user, password] of [
    [null, null],
    ['agent-1', 'wrong'],
    ['controller', 'a9ent'],
    ['agent-9', 'a9ent'],
  ] as const) {
    const error = await rejection(() => connectBus({ ...busOptions(nats.url), user, password }));
    t.match(error, /refused|credentials|authori/i, `${user}`);
    t.notMatch(error, /a9ent|wrong/, 'no password in the message');
  }
});

const hasOpenssl = spawnSync('openssl', ['version']).status === 0;
const noTls = noNats !== false ? noNats : hasOpenssl ? false : 'needs openssl';

t.test(
  'with TLS the certificate must be for the address or the name that was asked for',
  { skip: noTls },
  async (t) => {
    const dir = t.testdir({});
    for (const [certified, asked, other] of [
      ['127.0.0.1', '127.0.0.1', 'localhost'],
      ['localhost', 'localhost', '127.0.0.1'],
    ] as const) {
      const at = path.join(dir, certified);
      const made = spawnSync(path.join(EXAMPLES, 'make-certificates.sh'), [at, certified, 'agent-1']);
      t.equal(made.status, 0, made.stderr.toString());
      const nats = await startExample(t, {
        config: exampleConfig('nats-tls.conf').replaceAll('certificates/', `${at}/`),
      });
      const own = {
        ...{ user: 'agent-1', password: 'a9ent', caFile: path.join(at, 'ca.crt') },
        ...{ certFile: path.join(at, 'agent-1.crt'), keyFile: path.join(at, 'agent-1.key') },
      };
      const bus = await connectBus(busOptions(`tls://${asked}:${nats.port}`, own));
      t.ok(bus.isConnected, asked);
      await bus.close();
      const wrong = connectBus(busOptions(`tls://${other}:${nats.port}`, own));
      await t.rejects(wrong, /its certificate is for another name \(Hostname\/IP does not match[^)]*\)$/, other);
    }
  },
);

t.test('with TLS both ends have a certificate of the fleet', { skip: noTls }, async (t) => {
  const dir = t.testdir({});
  const certificates = (name: string, servers: string): string => {
    const at = path.join(dir, name);
    const made = spawnSync(path.join(EXAMPLES, 'make-certificates.sh'), [at, servers, 'agent-1', 'agent-2']);
    t.equal(made.status, 0, made.stderr.toString());
    return at;
  };
  const [ours, theirs] = [certificates('ours', 'localhost,127.0.0.1'), certificates('theirs', 'localhost,127.0.0.1')];
  const elsewhere = certificates('elsewhere', 'nats.example.org,192.0.2.1');
  const start = (at: string) =>
    startExample(t, { config: exampleConfig('nats-tls.conf').replaceAll('certificates/', `${at}/`) });
  const nats = await start(ours);
  const url = nats.url.replace('nats:', 'tls:');
  const connect = (at: string, client: string | null, changes: object = {}) =>
    connectBus({
      ...busOptions(url, { user: 'agent-1', password: 'a9ent', caFile: path.join(ours, 'ca.crt') }),
      ...(client === null ? {} : { certFile: path.join(at, `${client}.crt`), keyFile: path.join(at, `${client}.key`) }),
      ...changes,
    });
  const bus = await connect(ours, 'agent-1');
  t.ok(bus.isConnected);
  await bus.close();
  const attempts = [
    [
      'without a certificate',
      /may want a certificate, and then says no more: --fleet-cert FILE/,
      () => connect(ours, null),
    ],
    [
      'with the key of another certificate',
      /agent-2\.key is not the key of the certificate .*agent-1\.crt/,
      () => connect(ours, 'agent-1', { keyFile: path.join(ours, 'agent-2.key') }),
    ],
    [
      'with a file that has no certificate',
      /--fleet-ca: .*ca\.key holds no certificate/,
      () => connect(ours, 'agent-1', { caFile: path.join(ours, 'ca.key') }),
    ],
    [
      'with a certificate of another authority',
      /may refuse the certificate of --fleet-cert/,
      () => connect(theirs, 'agent-1'),
    ],
    ["with the server's certificate", /may refuse the certificate of --fleet-cert/, () => connect(ours, 'server')],
    [
      'with a certificate and a wrong password',
      /refused the credentials/,
      () => connect(ours, 'agent-1', { password: 'wrong' }),
    ],
    [
      'where the server has another authority',
      /an authority that is not known here.*--fleet-ca/,
      () => connect(ours, 'agent-1', { caFile: path.join(theirs, 'ca.crt') }),
    ],
    [
      'with an authority that is not given',
      /an authority that is not known here.*--fleet-ca/,
      () => connect(ours, 'agent-1', { caFile: null }),
    ],
    [
      'without TLS',
      /an authority that is not known here.*--fleet-ca/,
      () => connect(ours, null, { servers: [nats.url], caFile: null }),
    ],
  ] as const;
  // A server that refuses a certificate says nothing for 5 s.
  const refused = await Promise.all(attempts.map(([, , begin]) => rejection(begin)));
  for (const [at, [name, expected]] of attempts.entries()) t.match(refused[at], expected, name);
  const named = await start(elsewhere);
  const wrongName = {
    servers: [named.url.replace('nats:', 'tls:')],
    caFile: path.join(elsewhere, 'ca.crt'),
  };
  t.match(
    await rejection(() => connect(elsewhere, 'agent-1', wrongName)),
    /nats\.example\.org|name/,
    'the name of another host',
  );
});

/** Why there is no connection, as text; empty where there is one. */
async function rejection(begin: () => Promise<Bus>): Promise<string> {
  try {
    await (await begin()).close();
    return '';
  } catch (error) {
    const { message, hint } = error as Error & { hint?: string };
    return `${message} ${hint ?? ''}`;
  }
}
