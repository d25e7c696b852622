// tier: kernel
/** examples/fleet/demo.sh: three agents count what the target counts, and nothing is left afterwards. */
import { spawnSync } from 'node:child_process';
import t from 'tap';
import type { Test } from 'tap';
import type { ClientResult } from '../src/document/client.ts';
import { noLab } from './netns/lab.ts';
import { checkIdentities } from './support/identities.ts';
import { noNats } from './support/nats.ts';
import { runScript, type ScriptOptions, type ScriptRun, somethingRuns } from './support/script.ts';

const SCRIPT = 'examples/fleet/demo.sh';
const skip = noLab() || noNats;
const CLIENT = ['client', '--rate', '300', '--payload-size', '64', '--json', '-', '--quiet'];

async function runDemo(t: Test, args: readonly string[], options: ScriptOptions = {}): Promise<ScriptRun> {
  const run = await runScript(SCRIPT, args, options);
  const left = spawnSync('ip', ['netns', 'list'], { encoding: 'utf8' }).stdout.split('\n');
  t.strictSame(
    left.filter((line) => line.startsWith(`conngen-fleet-${run.pid}-`)),
    [],
    'no namespace is left',
  );
  t.notOk(await somethingRuns(run.pid), 'no process is left');
  return run;
}

t.test('one command runs on three machines', { skip }, async (t) => {
  const run = await runDemo(t, ['--', ...CLIENT, '--duration', '2s']);
  t.equal(run.code, 0, run.output);
  const result = JSON.parse(run.stdout) as ClientResult;
  checkIdentities(t, result);
  const [round] = result.rounds;
  t.equal(round!.attempts.scheduled, 600);
  t.strictSame(
    round!.agents?.map(({ name, scheduled }) => ({ name, scheduled })),
    ['agent-1', 'agent-2', 'agent-3'].map((name) => ({ name, scheduled: 200 })),
  );
  // Each agent makes one connection before the run, to see that the target can be reached.
  t.match(run.output, new RegExp(`The target's own count: ${round!.attempts.started + 3} connections`));
});

t.test('an agent that is killed is missed, and the result says so', { skip }, async (t) => {
  const run = await runDemo(t, ['--lose', '2', '--', ...CLIENT, '--duration', '4s']);
  const result = JSON.parse(run.stdout) as ClientResult;
  checkIdentities(t, result);
  const [round] = result.rounds;
  t.match(round!.verdict, { status: 'invalid' }, run.output);
  t.match(
    round!.agents?.find(({ name }) => name === 'agent-3'),
    { lost: { why: String } },
  );
});

t.test('an interrupt ends it early, with the result so far', { skip }, async (t) => {
  const args = ['--', 'client', '--rate', '200', '--duration', '30s', '--json', '-'];
  const run = await runDemo(t, args, { interruptAt: /^ *\d+ s +[\d,]+\/s /m });
  t.equal(run.code, 130, 'the exit code is that of the command', { output: run.output });
  const result = JSON.parse(run.stdout) as ClientResult;
  t.equal(result.interrupted, true);
  checkIdentities(t, result);
});

t.test('what it cannot use is refused, and nothing is built', async (t) => {
  for (const [args, message] of [
    [['--lose', '0'], /--lose: got "0", expected a whole number of seconds above 0/],
    [['--lose'], /--lose: got "", expected a whole number/],
    [['--agents', '5'], /--agents: no option of this script/],
    [['--', 'server'], /server: .*expected client, search, saturate or rtt/],
  ] as const) {
    const { code, output } = await runScript(SCRIPT, args);
    t.equal(code, 2, args.join(' '));
    t.match(output, message);
  }
});
