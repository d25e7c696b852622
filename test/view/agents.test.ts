/** What reports and live views show of the agents of a fleet. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { clientText } from '../../src/view/text/client.ts';
import { saidOfAgent } from '../../src/judge/agent-words.ts';
import type { ClientResult, RoundResult } from '../../src/document/client.ts';
import type { AgentRound, FleetResult } from '../../src/document/fleet.ts';
import { readDocument } from '../../src/document/read.ts';
import { openSinks } from '../../src/run/sinks/table.ts';
import { LiveView } from '../../src/view/live/line.ts';
import { BLOCKS } from '../../src/view/live/tui/bars.ts';
import { frameLines } from '../../src/view/live/tui/frame.ts';
import { lineWidth, textOf } from '../../src/view/live/tui/spans.ts';
import { render } from '../../src/view/renderers.ts';
import { fleetText } from '../../src/view/text/fleet.ts';
import { agentRound, agentTold, fleetUse } from '../support/agents.ts';
import { loadSecond, runStarted } from '../support/events.ts';
import { livePlan, runOf, second, STARTED } from '../support/live.ts';
import { parsePage } from '../support/pages.ts';
import { clientConfig, clientResult, interval, roundResult } from '../support/results.ts';
import { validated } from '../support/schemas.ts';

const LATE = 'This machine cannot keep up.';
const limited = { status: 'generator_limited', reasons: [{ code: 'missed_starts', message: LATE }] } as const;
const lost = { why: 'nothing was heard of it for 3 s', reported_sec: 5, missed: 400, unreported: 400 };

function resultOf(agents: readonly AgentRound[], more: Partial<RoundResult> = {}): ClientResult {
  const names = agents.map(({ name }) => name);
  return validated(
    clientResult({
      fleet: fleetUse(names),
      config: clientConfig({ fleet: { url: 'nats://10.0.0.1:4222', agents: agents.length } }),
      rounds: [
        roundResult({
          agents,
          workers: names.map((agent) => ({ agent, started: 1000, missed: 0, elapsed_usec: 1e6, cpu_usec: 1e5 })),
          ...more,
        }),
      ],
    }),
  );
}

const widest = (text: string): number => Math.max(...text.split('\n').map((line) => line.length));

t.test('what a lost agent did not report is not said to be missed alone', async (t) => {
  const lost = { why: 'nothing was heard of it for 3 s', reported_sec: 2, missed: 300, unreported: 300 };
  t.match(
    await render(resultOf([agentRound('a', { lost })]), 'text'),
    /^ *attempts .* [\d,]+ missed or not reported; /m,
  );
  t.match(await render(resultOf([agentRound('a')]), 'text'), /^ *attempts .* [\d,]+ missed; /m);
});

t.test('three agents, as text', async (t) => {
  const agents = [
    agentRound('a'),
    agentRound('b', { verdict: limited, missed: 12, clock_error_ns: 30_000 }),
    agentRound('c'),
  ];
  const text = await render(resultOf(agents), 'text');
  t.match(text, /^fleet of 3 agents at nats:\/\/10\.0\.0\.1:4222: a, b, c$/m);
  t.match(text, /^ {2}agents {6}3 agents, agree within 80\.0 µs$/m);
  t.match(text, /^ {2}agent +share +started +missed +lag p99 +clock +verdict$/m);
  t.match(text, /^ {2}b +33\.3 % +1,000 +12 +90\.0 µs +±30\.0 µs +limited$/m);
  t.ok(widest(text) <= 80);
});

t.test('clocks that are not known have no figure', async (t) => {
  const agents = ['a', 'b'].map((name) =>
    agentRound(name, { clock_error_ns: null, clock_drift_ns: null, verdict: null }),
  );
  const text = await render(resultOf(agents), 'text');
  t.match(text, /^ {2}agents {6}2 agents$/m);
  t.match(text, /^ {2}a +33\.3 % +1,000 +0 +90\.0 µs +- +-$/m);
});

t.test('many agents with long names, one of them lost: those that need a look have a row', async (t) => {
  const agents = Array.from({ length: 60 }, (_, index) =>
    agentRound(`conngen-agent-6d5f9c8b7d-${String(index)}`, { started: 12_345_678, missed: 1_234_567 }),
  );
  agents[50] = agentRound('gone', { lost, verdict: null });
  const text = await render(resultOf(agents), 'text');
  t.ok(widest(text) <= 80, `${widest(text)} columns`);
  t.match(text.replaceAll(/\s+/g, ' '), /4222: conngen-agent-6d5f9c8b7d-0, .* and 54 more/);
  t.match(text, /^ {2}gone +33\.3 % .* lost$/m);
  t.match(text, /^ {14}40 more agents: 40 valid; the JSON has all$/m);
  t.match(text, /60 agents, agree within 80\.0 µs; lost: gone \(400 not reported\)/);
});

t.test('in 40 columns the table of agents has the columns that fit', (t) => {
  const agents = [agentRound('agent-1'), agentRound('agent-2', { lost, verdict: null, missed: 1_234_567 })];
  const text = clientText(resultOf(agents), { columns: 40, colours: false });
  t.ok(widest(text) <= 40, `${widest(text)} columns`);
  t.match(text, /^ {2}agent +missed +lag p99 +verdict$/m);
  t.match(text, /^ {2}agent-2 +1,234,567 +90\.0 µs +lost$/m);
  t.end();
});

t.test('what single agents show is told with their names, a few of each kind', async (t) => {
  const finding = { code: 'icmp_rejects', message: 'Something rejects packets.', evidence: {} };
  const kernel = { listen_overflows: 0, time_wait_overflow: 5 };
  const agents = ['a', 'b', 'c', 'd'].map((name) => agentRound(name, { findings: [finding], kernel }));
  const text = await render(resultOf(agents, { kernel: { time_wait_overflow: 20 } }), 'text');
  t.match(text, /^ {2}findings {4}a: Something rejects packets\.\n {14}b: Something rejects packets\.\n/m);
  t.notMatch(text, /d: Something/);
  t.match(text, /^ {2}kernel {6}a, b, c, d: That machine's kernel ended 5 connections without/m);
});

t.test('what is said of a fleet is never said of this machine', async (t) => {
  const kernel = { syn_retransmits: 7, listen_overflows: 2 };
  const agents = [agentRound('a', { verdict: limited, kernel }), agentRound('b', { verdict: limited, kernel })];
  const verdict = {
    status: 'generator_limited',
    reasons: [
      { code: 'clocks_apart', message: 'The clocks are apart.' },
      { code: 'agent_limited', message: '2 of 2 agents.' },
    ],
  } as const;
  const threshold = { expression: 'failures>0.1%', value: 1, unit: 'percent', met: false, status: 'fail' } as const;
  const round = resultOf(agents, { verdict, thresholds: [threshold], kernel }).rounds[0]!;
  const result = { ...resultOf(agents), thresholds_met: false, rounds: [round, round] };
  for (const format of ['text', 'markdown', 'html'] as const) {
    const text = (await render(result, format))
      .replace(/<script[^]*?<\/script>/g, '')
      .replaceAll('&#39;', "'")
      .replace(/\s+/g, ' ');
    t.notMatch(text, /this machine/i, format);
    t.match(text, /[Aa]gents were the bottleneck/, format);
    t.match(text, /That machine's kernel sent 7 SYNs/, format);
    if (format !== 'text') t.match(text, /as the agents saw it/, format);
  }
});

t.test("an agent's own file says whose part of which run it is, and the fleet's has the name of the run", async (t) => {
  const part = { run: 'c1a0', agent: 'agent-1', share: 0.25, controller: 'root@vm' };
  const own = validated(clientResult({ fleet_part: part }));
  for (const format of ['text', 'markdown', 'html'] as const) {
    const text = (await render(own, format)).replaceAll('&#39;', "'").replace(/\s+/g, ' ');
    t.match(text, /one agent's part of a fleet's run: agent-1, 25 % of run c1a0 of root@vm/, format);
  }
  t.equal(resultOf([agentRound('a')]).fleet!.run, part.run);
});

t.test('remarks on the agents together stand in the result, and so do rounds that were not run', async (t) => {
  const note = 'NATS sees a, b at one address, 192.0.2.1';
  const fleet = { ...fleetUse(['a', 'b']), notes: [note] };
  const error = { code: 'agent_lost', message: 'agent b was lost' };
  const config = clientConfig({ rates_per_sec: [10, 20, 30, 40] });
  const rounds = [roundResult(), roundResult()];
  const result = validated(clientResult({ fleet, error, config, rounds }));
  for (const format of ['text', 'markdown', 'html'] as const) {
    const text = await render(result, format);
    t.match(text, note, format);
    t.match(text, 'Rounds 3 to 4 of the 4 that were asked for were not run.', format);
  }
});

t.test('options that only an agent has are named as its own', (t) => {
  t.equal(
    saidOfAgent('No free port here: give more addresses (--source), or --source-ports most.'),
    'No free port there: give more addresses (--source), or --source-ports most (--source, --source-ports: of conngen agent).',
  );
  t.end();
});

t.test('the words of a verdict are about agents', async (t) => {
  const verdict = { status: 'invalid', reasons: [{ code: 'agent_lost', message: '1 of 3 agents was lost.' }] } as const;
  const text = await render(resultOf([agentRound('a', { lost, verdict: null })], { verdict }), 'text');
  t.match(text, /^ {2}verdict {5}invalid: a part of the load is missing\n {14}1 of 3 agents was lost\.$/m);
});

t.test('Markdown and HTML have a row for each agent', async (t) => {
  const result = resultOf([agentRound('a'), agentRound('b', { verdict: limited }), agentRound('<c>')]);
  const markdown = await render(result, 'markdown');
  t.match(markdown, /^\| b +\| +33\.3 % \| .* \| limited \|$/m);
  const page = await render(result, 'html');
  t.same(parsePage(page).errors, []);
  t.match(page, /<h[23][^>]*id="agents"[^>]*>|id="agents"/);
  t.match(page, /b: That machine cannot keep up\./);
  t.match(page, /The agents as generators/);
});

t.test('searches and saturations say who measured and how close the clocks were', async (t) => {
  const { rounds } = resultOf([agentRound('a'), agentRound('b')]);
  const head = {
    ...{ conngen: '0.1.0', started_at: '2026-01-01T00:00:00.000Z', duration_sec: 9 },
    system: { kernel: '6.1', node: 'v20', cpus: 8, engine: 'uring', workers: 2 },
    fleet: fleetUse(['a', 'b']),
  };
  const step = {
    ...{ rate_per_sec: 300, p90_ns: 1e6, failures: 0, repeat: false, verdict: rounds[0]!.verdict },
    goal: { value: 0, unit: 'percent', met: true },
    result: rounds[0]!,
  };
  const saturate = { schema: 'conngen.saturate/1', ...head, steps: [step], config: clientConfig() };
  const text = await render(
    {
      ...saturate,
      saturated_at: null,
      sustained_per_sec: 300,
      limited_by: null,
      stopped_by: 'max_rate',
      base: null,
    } as never,
    'text',
  );
  t.match(text, /^fleet of 2 agents at nats:\/\/10\.0\.0\.1:4222: a, b\n2 agents, agree within 80\.0 µs$/m);
});

t.test('the live line tells who is there, who starts latest and who was lost', (t) => {
  const written: string[] = [];
  const view = new LiveView({ write: (text: string) => written.push(text) });
  for (const [name, lagP99Ns] of [
    ['a', 50_000],
    ['b', 120_000],
    ['c', 70_000],
  ] as const) {
    view.on(agentTold(name, { lagP99Ns }));
  }
  view.on(loadSecond(interval()));
  view.on(agentTold('c', { state: 'lost', why: 'x' }));
  view.on(loadSecond(interval({ start_sec: 1 })));
  t.match(written, [
    / {2}agents 3, lag p99 up to 120 µs \(b\)\n$/,
    / {2}agents 2 of 3, lost c, lag p99 up to 120 µs \(b\)\n$/,
  ]);
  t.end();
});

t.test('the live view has a panel of agents that fits', (t) => {
  const many = Array.from({ length: 40 }, (_, index) =>
    agentTold(`agent-${String(index)}`, { lagP99Ns: index * 1000 }),
  );
  const gone = agentTold('gone', { state: 'lost', why: 'nothing was heard of it for 3 s' });
  for (const [columns, rows] of [
    [80, 24],
    [120, 60],
    [50, 30],
  ] as const) {
    const run = runOf(livePlan(), [...STARTED, ...many, gone, second(0), second(1)]);
    const setup = { glyphs: BLOCKS, isLog: false, isPaused: false, isHelp: false, hasKeys: true };
    const lines = frameLines({ run, ...setup, columns, rows });
    t.ok(lines.length <= rows);
    for (const line of lines) t.ok(lineWidth(line) <= columns, textOf(line));
    const text = lines.map(textOf).join('\n');
    t.match(text, / gone +lost /, `${String(columns)} × ${String(rows)}`);
    t.match(text, /41 agents: started, missed, lag p99, clock/);
    t.match(text, /and \d+ more agents/);
    t.notMatch(text, /this machine/);
  }
  t.end();
});

t.test('a list of agents fits 80 columns', (t) => {
  const result: FleetResult = {
    schema: 'conngen.fleet/1',
    conngen: '0.1.0',
    started_at: '2026-01-01T00:00:00.000Z',
    system: { kernel: '6.1', node: 'v20', cpus: 8 },
    url: 'nats://10.0.0.1:4222',
    agents: ['a', 'b'].map((name) => ({
      ...{ name, conngen: '0.1.0', protocol: 1, cpus: 4, sources: [], trusts: [], max_duration_sec: 60 },
      state: 'free',
      running: null,
      engines: ['uring', 'epoll', 'node', 'blocking', 'packet'],
      targets: ['10.0.0.0/8:80', '192.168.0.0/16:80,443', '[2001:db8::]/32:443'],
      max_rate_per_sec: 25_000,
      round_trip_ns: 152_000,
    })),
  };
  const text = fleetText(validated(result));
  t.ok(widest(text) <= 80, text);
  t.match(text, /^2 agents, all free\.$/m);
  t.match(text, /a may aim at 10\.0\.0\.0\/8:80, 192\.168\.0\.0\/16:80,443, \[2001:db8::\]\/32:443/);
  const twins = fleetText(validated({ ...result, agents: [result.agents[0]!, ...result.agents] }));
  t.match(twins, /^ *2 agents have the name a: orders may reach any of them; give each its own\s+--name$/m);
  t.end();
});

t.test('the stream has a line for each agent', async (t) => {
  const file = path.join(t.testdir({}), 'stream.jsonl');
  const [sink] = await openSinks(
    { stream: { value: file } },
    { tell: (text) => t.fail(text), print: async () => true },
  );
  sink!.on({ ...runStarted(), command: 'search' });
  sink!.on(agentTold('a', { trial: 3 }));
  sink!.on(loadSecond(interval()));
  await sink!.close(true);
  const lines = readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => validated(JSON.parse(line) as object));
  t.match(lines, [
    { schema: 'conngen.agent/1', command: 'search', trial: 3, agent: 'a', state: 'running', lag_p99_ns: 90_000 },
    { schema: 'conngen.interval/1' },
  ]);
  t.match(readDocument(readFileSync(file)), { problem: /it is a stream of seconds/ });
});
