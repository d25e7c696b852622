/** Opens a run on a fleet: finds agents, reads their clocks, and has each plan its share. Nothing was sent to the target before all could. */
import { randomBytes } from 'node:crypto';
import type { FleetUse } from '../../document/fleet.ts';
import { saidOfAgent } from '../../judge/agent-words.ts';
import type { AllowedTarget } from '../../plan/address/allowed-targets.ts';
import { formatServers, type FleetChoice } from '../../plan/fleet/fleet-choice.ts';
import { partOf } from '../../plan/fleet/share.ts';
import type { RunContext } from '../../run/events.ts';
import { InputError } from '../../units/input-error.ts';
import { OWN_ERROR_CODES } from '../../units/error-codes.ts';
import { RunError } from '../../units/run-error.ts';
import type { Bus, BusOptions } from '../bus/bus.ts';
import { ANSWERS, SUBJECTS, type Answer, type Description, type FleetCommand } from '../protocol.ts';
import type { FileRef, Opened, Refusal } from '../protocol.ts';
import { readTicket } from '../answer-shape.ts';
import { busOptionsOf } from '../connection.ts';
import { rollCall, type Answered } from '../roll-call.ts';
import type { SigningKey } from '../trust/keys.ts';
import { refusePlan, type LimitedPlan } from '../trust/plan-limits.ts';
import { addressError } from './addresses.ts';
import { agentLines, shortList } from './agent-lines.ts';
import { chooseAgents, natNotices, type Choice } from './choose.ts';
import { FleetRun } from './fleet-run.ts';
import type { Member } from './member.ts';
import { AWAY, Requests } from './requests.ts';

/** How long one more agent is waited for. They answer in some ms; those that are busy or far away have longer where there are too few. */
const WHO_MS = 250;
const WHO_AGAIN_MS = 2500;
const TICKET_MS = 3000;
/** An agent checks its machine, connects to the target once, and starts its threads. */
const OPEN_MS = 25_000;
const ANY_TARGET: readonly AllowedTarget[] = [{ network: null, ports: [] }];

/** What a run is opened for. */
export interface OpenCall {
  readonly choice: FleetChoice;
  /** Null where orders are not signed. */
  readonly key: SigningKey | null;
  readonly command: FleetCommand;
  /** What the user called. */
  readonly called: 'client' | 'search' | 'saturate' | 'rtt';
  /** For people: `user@host`. */
  readonly controller: string;
  readonly plan: LimitedPlan;
  readonly engine: string;
  /** The options, as `--config` has them. */
  readonly values: Readonly<Record<string, unknown>>;
  /** The files that these options name, by option. */
  readonly files: Readonly<Record<string, FileRef>>;
  /** Answers the agents of a run that ask for pieces of files. Returns what ends it. */
  readonly serve: (bus: Bus, run: string) => () => void;
  readonly trialsUpToPerSec: number | null;
  readonly isInStages: boolean;
  readonly connect: (options: BusOptions) => Promise<Bus>;
  /** Is given what tells the agents of an open run that its controller ends now, without its result. Returns what ends that. */
  readonly guard: (abandon: () => Promise<void>) => () => void;
}

/** A run that is open on all its agents. */
export interface OpenedRun {
  readonly run: FleetRun;
  /** For the log, a line each. */
  readonly notes: readonly string[];
  readonly fleet: FleetUse;
  /** Of agents that were lost. A run goes on to the end of the round without them, and has no further round. */
  readonly failures: readonly { readonly code: string; readonly message: string }[];
  /** Frees the agents and leaves the bus. */
  close(): Promise<void>;
}

/** Rejects with `RunError` or `InputError` where the run cannot be; nothing was sent to the target then. */
export async function openRun(call: OpenCall, { emit }: RunContext): Promise<OpenedRun> {
  const bus = await call.connect({ ...busOptionsOf(call.choice, 'conngen'), inbox: ANSWERS.controller });
  const requests = new Requests(bus);
  try {
    const members = await findAgents(bus, requests, call);
    const refused = refusedBySaying(members, call);
    if (refused.length > 0) throw refusalError(refused);
    const together = natNotices(members);
    for (const text of together) emit?.({ type: 'notice', level: 'warning', text });
    const opened = await openOn(bus, requests, members, call, emit);
    return together.length === 0 ? opened : { ...opened, fleet: { ...opened.fleet, notes: together } };
  } catch (error) {
    await bus.close();
    throw error;
  }
}

async function findAgents(bus: Bus, requests: Requests, call: OpenCall): Promise<readonly Member[]> {
  const wanted = {
    agents: call.choice.agents,
    weights: call.choice.weights,
    target: call.plan.target,
    engine: call.engine,
  };
  const names = wanted.agents.kind === 'names' ? wanted.agents.names : [];
  const choose = async (quietMs: number): Promise<Choice> =>
    chooseAgents(described(await rollCall(bus, quietMs, names)), wanted);
  let choice = await choose(WHO_MS);
  if ('tooFew' in choice) choice = await choose(WHO_AGAIN_MS);
  // Agents connect again later than this controller.
  while ('tooFew' in choice && requests.isUnsettled) choice = await choose(WHO_AGAIN_MS);
  if ('members' in choice) return choice.members;
  if (!bus.isConnected) throw awayError();
  const message = [choice.tooFew, ...choice.lines.map((line) => `  ${line}`)].join('\n');
  throw new RunError('fleet_too_few', message, choice.hint);
}

/** What agents say of themselves, one of each name. Of one of another protocol nothing but its name, its version and that number is relied on. */
function described(answered: readonly Answered[]): Description[] {
  const byName = new Map<string, Description>();
  for (const { description, ...said } of answered) {
    if (!byName.has(said.name)) byName.set(said.name, description ?? (said as Description));
  }
  return [...byName.values()];
}

async function openOn(
  bus: Bus,
  requests: Requests,
  members: readonly Member[],
  call: OpenCall,
  emit: RunContext['emit'],
): Promise<OpenedRun> {
  const run = new FleetRun({ bus, requests, key: call.key, run: randomBytes(12).toString('base64url'), members });
  const endFiles = call.serve(bus, run.name);
  const endGuard = call.guard(() => run.abandon());
  const leave = async (): Promise<void> => {
    await run.close();
    endGuard();
    endFiles();
    run.end();
  };
  try {
    const opening = Promise.all(members.map((member) => openMember(requests, run, member, call)));
    const [answers] = await Promise.all([opening, run.readClocks(opening)]);
    const refused = members.flatMap((member, at) => {
      const answer = answers[at]!;
      return 'refused' in answer ? [{ member, refusal: answer.refused }] : [];
    });
    if (answers.includes(AWAY)) throw awayError();
    if (refused.length > 0) throw refusalError(refused);
    const found = members.map(({ name, opened }) => ({ name, address: opened!.address }));
    const otherAddress = addressError(call.plan.host, call.plan.target.address, found);
    if (otherAddress !== null) throw otherAddress;
  } catch (error) {
    await leave();
    throw error;
  }
  tellChecks(members, emit);
  const url = formatServers(call.choice.servers);
  return {
    run,
    notes: jointNotes(members),
    fleet: { run: run.name, url, agents: members.map(fleetAgent) },
    get failures() {
      return run.members.flatMap(({ name, why }) =>
        why === null ? [] : [{ code: 'agent_lost', message: `agent ${name} was lost: ${why}` }],
      );
    },
    close: async () => {
      await leave();
      await bus.close();
    },
  };
}

async function openMember(requests: Requests, run: FleetRun, member: Member, call: OpenCall): Promise<Answer<Opened>> {
  const { breaks } = requests;
  const given = await requests.ask(SUBJECTS.ticket(member.name), new Uint8Array(0), TICKET_MS);
  const ticket = given === null ? null : readTicket(given);
  if (ticket === null) return requests.breaks > breaks ? AWAY : silent('it gave no ticket');
  const { command, called, controller, values, files, trialsUpToPerSec, isInStages } = call;
  const { share, portsPart } = member;
  const order = { kind: 'open', ticket, controller, command, called, values, files } as const;
  const rest = { trialsUpToPerSec, isInStages, share, portsPart };
  member.isHeld = true;
  const answer = await run.order<Opened>(member, { ...order, ...rest }, OPEN_MS);
  if (answer === null) return silent(member.why ?? `it did not answer within ${OPEN_MS / 1000} s`);
  if ('ok' in answer) member.opened = answer.ok;
  // One whose answer is lost may have opened the run.
  else if (answer !== AWAY) member.isHeld = false;
  return answer;
}

function silent(message: string): { readonly refused: Refusal } {
  return { refused: { code: 'failed', message } };
}

interface Refused {
  readonly member: Member;
  readonly refusal: Refusal;
}

/** By what agents said of themselves: where one would refuse, none of the others is to connect to the target. */
function refusedBySaying(members: readonly Member[], { plan, trialsUpToPerSec }: OpenCall): Refused[] {
  return members.flatMap((member) => {
    const { maxRatePerSec, maxDurationNs } = member.description.limits;
    // They were chosen for the target.
    const limits = { targets: ANY_TARGET, maxRatePerSec, maxDurationNs };
    const refusal = refusePlan(plan, limits, { share: member.share, trialsUpToPerSec });
    return refusal === null ? [] : [{ member, refusal }];
  });
}

function awayError(): Error {
  const hint = 'type it again; where it happens again, see why the NATS server ends or is not reached';
  return new RunError('fleet_no_server', 'the connection to NATS broke while agents got ready', hint);
}

/** What is wrong with the input is told as such; everything else by agent. */
function refusalError(refused: readonly Refused[]): Error {
  const problems = refused.flatMap(({ member, refusal }) =>
    (refusal.problems ?? []).map((problem) => ({ member, problem, key: JSON.stringify(problem) })),
  );
  if (problems.length > 0 && refused.every(({ refusal }) => (refusal.problems ?? []).length > 0)) {
    const keys = [...new Set(problems.map(({ key }) => key))];
    return new InputError(
      keys.map((key) => {
        const same = problems.filter((each) => each.key === key);
        const { problem } = same[0]!;
        const names = shortList(same.map(({ member }) => member.name));
        return {
          ...problem,
          option: asTyped(problem.option),
          expected: `${saidOfAgent(problem.expected)} (on ${names})`,
        };
      }),
    );
  }
  const isBusy = refused.every(({ refusal }) => refusal.code === 'busy');
  const code = isBusy ? 'fleet_agent_busy' : 'fleet_agent_refused';
  const said = refused.map(({ member, refusal }) => ({ name: member.name, text: saidOfAgent(refusal.message) }));
  const lines = agentLines(said).map((line) => `  ${line}`);
  const hint = hintOf(refused);
  const count = refused.length === 1 ? 'an agent does' : `${refused.length} agents do`;
  return new RunError(code, [`${count} not run this`, ...lines].join('\n'), hint ?? OWN_ERROR_CODES[code].remedy);
}

/** What to do at the agents that have the same hint. The doctor's is for a command there, whose own options are those of `conngen agent`. */
function hintOf(refused: readonly Refused[]): string | undefined {
  const first = refused.find(({ refusal }) => refusal.hint !== undefined)?.refusal;
  if (first?.hint === undefined || first.code !== 'doctor') return first?.hint;
  const same = refused.filter(({ refusal }) => refusal.hint === first.hint);
  return `on ${shortList(same.map(({ member }) => member.name))}: ${saidOfAgent(first.hint)}`;
}

/** An agent was told options by name, as a file has them. */
function asTyped(option: string): string {
  return /^[a-z][a-z-]*$/.test(option) && option !== 'ulimit' ? `--${option}` : option;
}

function fleetAgent({ name, share, opened }: Member): FleetUse['agents'][number] {
  const { address, system, notes } = opened!;
  return { name, share: partOf(share), address, system, notes };
}

/** What several agents remark is one line. */
function jointNotes(members: readonly Member[]): string[] {
  const names = new Map<string, string[]>();
  for (const { name, opened } of members)
    for (const note of opened!.notes) names.set(note, [...(names.get(note) ?? []), name]);
  return [...names].map(([note, each]) => `${shortList(each)}: ${saidOfAgent(note)}`);
}

function tellChecks(members: readonly Member[], emit: RunContext['emit']): void {
  const names = new Map<string, string[]>();
  for (const { name, opened } of members)
    for (const { why, fix } of opened!.checks) {
      const text = saidOfAgent(fix === null ? why : `${why} (${fix})`);
      names.set(text, [...(names.get(text) ?? []), name]);
    }
  for (const [text, each] of names) emit?.({ type: 'notice', level: 'warning', text: `${shortList(each)}: ${text}` });
}
