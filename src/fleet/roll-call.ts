/** Who is there: asking all agents, and reading what they say of themselves. What they answer is checked field by field. */
import { OWN_ERROR_CODES } from '../units/error-codes.ts';
import { printable } from '../units/printable.ts';
import { RunError } from '../units/run-error.ts';
import type { Bus } from './bus/bus.ts';
import { areTexts, badField, fields, isCount, isFields, isText, number, orNull, parseJson } from './json-message.ts';
import type { Check, Fields } from './json-message.ts';
import { AGENT_NAME, PROTOCOL, SUBJECTS, type Description } from './protocol.ts';

/** How long one more answer is waited for. */
const ANSWER_MS = 700;
/** The largest answer that is read. A description takes 1 KB, and more with many sources and targets. */
const BYTES_MAX = 256 * 1024;

/** An agent that answered. */
export interface Answered {
  readonly name: string;
  readonly conngen: string;
  readonly protocol: number;
  /** Tells two starts of an agent of the same name apart; null where an agent of another protocol does not say it as this one does. */
  readonly instance: string | null;
  /** Null where the agent speaks another protocol: what else it says may mean something else. */
  readonly description: Description | null;
}

/**
 * Asks who is there, and resolves to all that answer, by name, when no other did for `quietMs` (0.7 s); where `names` are given, when all of them have answered.
 * What is no answer of an agent is left out. Rejects with `RunError` where no answer comes because NATS does not let this connection ask or hear answers.
 */
export async function rollCall(
  bus: Bus,
  quietMs = ANSWER_MS,
  names: readonly string[] = [],
): Promise<readonly Answered[]> {
  const refused: string[] = [];
  bus.onEvent((event) => {
    if (event.kind === 'refused') refused.push(event.message);
  });
  const isEnough = (given: readonly Uint8Array[]): boolean => {
    if (names.length === 0 || given.length < names.length) return false;
    const there = new Set(given.map((data) => readDescription(data)?.name));
    return names.every((name) => there.has(name));
  };
  const answers = await bus.requestAll(SUBJECTS.who, new Uint8Array(), quietMs, isEnough);
  if (answers.length === 0 && refused.length > 0) {
    const message = `the NATS server does not let this user ask for agents: ${printable(refused[0]!)}`;
    throw new RunError('fleet_not_allowed', message, OWN_ERROR_CODES.fleet_not_allowed.remedy);
  }
  return answers.flatMap((data) => readDescription(data) ?? []).toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/** Returns what an agent says of itself; null for bytes that are no description. Does not throw. */
export function readDescription(data: Uint8Array): Answered | null {
  if (data.length > BYTES_MAX) return null;
  const value = parseJson(data);
  if (!isFields(value)) return null;
  const { name, conngen, protocol, instance = null } = value;
  if (!isText(name) || !AGENT_NAME.test(name)) return null;
  if (!isText(conngen) || !isCount(protocol)) return null;
  if (protocol !== PROTOCOL) {
    return { name, conngen, protocol, instance: isText(instance) ? instance : null, description: null };
  }
  if (!isDescription(value)) return null;
  return { name, conngen, protocol, instance: value.instance, description: value };
}

const DESCRIPTION: Readonly<Record<string, Check>> = {
  ...{ instance: isText, machine: isText, host: isText },
  ...{ engines: areEngines, sources: areTexts, trusts: areTexts },
  ...{ seenFrom: orNull(isText), interface: orNull(isText) },
  system: fields({ kernel: isText, node: isText, cpus: isCpuCount }),
  limits: fields({ targets: areTexts, maxRatePerSec: orNull(number(0)), maxDurationNs: number(0) }),
  busy: orNull(fields({ run: isText, controller: isText, command: isText, target: isText })),
};

/** Far more than any machine has, and few enough digits for a table. */
function isCpuCount(value: unknown): boolean {
  return isCount(value) && value <= 1e5;
}

/** The names of engines have some letters. */
function areEngines(value: unknown): boolean {
  return areTexts(value) && value.length <= 16 && value.every((name) => name.length <= 32);
}

function isDescription(value: Fields): value is Fields & Description {
  return badField(value, DESCRIPTION) === null;
}
