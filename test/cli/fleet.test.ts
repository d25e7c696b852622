// tier: kernel
/** What a fleet refuses: before the first slot, with what to do, and without a connection to the target. */
import t, { type Test } from 'tap';
import { AcceptLog } from '../support/accept-log.ts';
import { clientResult, runCli, type CliRun } from '../support/cli.ts';
import { Fleet } from '../support/fleet.ts';
import { noNats, startNats } from '../support/nats.ts';
import { freePort } from '../support/ports.ts';

const skip = noNats;
const QUICK = ['--rate', '100', '--duration', '1s'];

interface Refusal {
  readonly name: string;
  readonly args: readonly string[];
  readonly code: 1 | 2;
  /** What stderr says. */
  readonly says: readonly RegExp[];
}

async function checkRefused(
  t: Test,
  log: AcceptLog,
  run: CliRun,
  { code, says }: Pick<Refusal, 'code' | 'says'>,
): Promise<void> {
  t.equal(run.code, code, run.stderr);
  for (const text of says) t.match(run.stderr, text);
  t.equal(run.stdout, '', 'no result');
  t.notMatch(run.stderr, /^\s+at .*:\d+/m, 'no stack trace');
  t.strictSame(await log.accepted(), [], 'nothing was sent to the target');
}

t.test('a server that does not answer', { skip, timeout: 180_000 }, async (t) => {
  const log = await AcceptLog.forTest(t, '127.0.0.1', await freePort());
  const url = `nats://127.0.0.1:${await freePort()}`;
  const run = await runCli(['client', log.target, '--fleet', url, '--agents', '2', ...QUICK]);
  await checkRefused(t, log, run, { code: 1, says: [new RegExp(url.slice('nats://'.length))] });
});

t.test('credentials that are refused', { skip, timeout: 180_000 }, async (t) => {
  const log = await AcceptLog.forTest(t, '127.0.0.1', await freePort());
  const nats = await startNats({ config: 'authorization { user: "right", password: "secret1" }' });
  t.teardown(() => nats.stop());
  const place = `127.0.0.1:${nats.port}`;
  for (const url of [`nats://wrong:secret2@${place}`, `nats://${place}`]) {
    const run = await runCli(['client', log.target, '--fleet', url, '--agents', '2', ...QUICK]);
    await checkRefused(t, log, run, { code: 1, says: [new RegExp(place), /credentials|user|password|authori/i] });
    t.notMatch(run.stderr, /secret/, 'no credentials in the message');
  }
});

t.test('nobody there', { skip, timeout: 180_000 }, async (t) => {
  const log = await AcceptLog.forTest(t, '127.0.0.1', await freePort());
  const nats = await startNats();
  t.teardown(() => nats.stop());
  const run = await runCli(['client', log.target, '--fleet', nats.url, '--agents', '2', ...QUICK]);
  await checkRefused(t, log, run, { code: 1, says: [/2 agents/, /conngen agent/] });
});

t.test('what agents refuse', { skip, timeout: 180_000 }, async (t) => {
  const log = await AcceptLog.forTest(t, '127.0.0.1', await freePort());
  const bounds = ['--max-rate', '60', '--max-duration', '10s'];
  const fleet = await Fleet.forTest(t, {
    names: ['a', 'b'],
    agent: (name) => ({ targets: [`127.0.0.1:${log.port}`], args: name === 'b' ? bounds : [] }),
  });
  const cases: readonly Refusal[] = [
    {
      name: 'more agents than there are',
      args: ['--agents', '3', ...QUICK],
      code: 1,
      says: [/3 agents are asked for, and 2 answer: a, b\n/, /start more agents/],
    },
    {
      name: 'an agent that is not there',
      args: ['--agents', 'a,elsewhere', ...QUICK],
      code: 1,
      says: [/elsewhere: is not there/, /free and not named: b/],
    },
    {
      name: 'a rate above the bound of one',
      args: ['--rate', '200', '--duration', '1s'],
      code: 1,
      says: [/\bb: /, /--max-rate/, /60/],
    },
    {
      name: 'a rate without a bound',
      args: ['--rate', 'max', '--duration', '1s'],
      code: 1,
      says: [/\bb: /, /--max-rate/],
    },
    {
      name: 'a run that is too long',
      args: ['--rate', '100', '--duration', '11s'],
      code: 1,
      says: [/\bb: /, /--max-duration/, /10s|10 s/],
    },
    {
      name: 'rounds that are too long together',
      args: ['--rate', '50', '--rate', '100', '--duration', '6s'],
      code: 1,
      says: [/\bb: /, /--max-duration/],
    },
    {
      name: 'an engine that an agent does not have',
      args: ['--engine', 'packet', ...QUICK],
      code: 1,
      says: [/\ba: .*packet/],
    },
    { name: 'a share of 0', args: ['--share', 'a=0', ...QUICK], code: 2, says: [/--share/, /a=0/, /1 to 1000|from 1/] },
    { name: 'a share of another', args: ['--share', 'elsewhere=2', ...QUICK], code: 2, says: [/--share/, /elsewhere/] },
    { name: 'no agents', args: ['--agents', '0', ...QUICK], code: 2, says: [/--agents/, /"0"/] },
    { name: 'sources of their own', args: ['--source', '127.0.0.1', ...QUICK], code: 2, says: [/--source/, /agent/] },
    { name: 'files on their disks', args: ['--sink', 'file:/tmp', ...QUICK], code: 2, says: [/--sink/] },
    {
      name: 'a payload that is not there',
      args: ['--payload', '/nowhere/x', ...QUICK],
      code: 2,
      says: [/--payload/, /nowhere/],
    },
    {
      name: 'a key that is not there',
      args: ['--fleet-key', '/nowhere/x', ...QUICK],
      code: 2,
      says: [/--fleet-key/, /nowhere/],
    },
    {
      name: 'several of these',
      args: ['--rate', '0', '--share', 'a=0', '--source', '127.0.0.1'],
      code: 2,
      says: [/--rate/, /--share/, /--source/],
    },
  ];
  for (const { name, args, ...expected } of cases) {
    await t.test(name, async (t) => {
      await checkRefused(t, log, await fleet.run('client', log.target, args), expected);
    });
  }

  await t.test('a target that nobody may aim at', async (t) => {
    const elsewhere = await AcceptLog.forTest(t, '127.0.0.1', await freePort());
    const says = [/\ba: .*--allow-target/, /\bb: .*--allow-target/, new RegExp(elsewhere.target)];
    await checkRefused(t, elsewhere, await fleet.run('client', elsewhere.target, QUICK), { code: 1, says });
  });

  await t.test('a target that does not answer', async (t) => {
    const port = await freePort();
    const refusing = fleet.start('c', { targets: ['127.0.0.0/8'], args: [] });
    t.teardown(() => refusing.stop());
    await fleet.untilFree('c');
    const run = await fleet.run('client', `127.0.0.1:${port}`, ['--agents', 'c', ...QUICK]);
    await checkRefused(t, log, run, { code: 1, says: [/\bc: /, /ECONNREFUSED|refused/] });
    await refusing.stop();
    fleet.agents.delete('c');
  });

  await t.test('the agents are free, and run what they may', async (t) => {
    await fleet.untilFree('a', 'b');
    const run = await fleet.run('client', log.target, ['--rate', '100', '--duration', '500ms']);
    t.equal(run.code, 0, run.stderr);
    const { scheduled, started } = clientResult(run).rounds[0]!.attempts;
    t.equal(scheduled, 50);
    // A machine that is held up as the last are due misses them.
    t.ok(started > 0, 'connections were made');
    t.equal((await log.until(started + 2)).length, started + 2, 'and one before the run of each agent');
  });
});
