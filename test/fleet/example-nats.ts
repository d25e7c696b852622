/** The configuration of NATS in `examples/fleet/`, as tests start it. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Test } from 'tap';
import { connectBus } from '../../src/fleet/bus/nats.ts';
import type { Bus, BusEvent } from '../../src/fleet/bus/bus.ts';
import { ANSWERS } from '../../src/fleet/protocol.ts';
import { busOptions, startNats, type NatsOptions, type NatsServer } from '../support/nats.ts';

export const EXAMPLES = path.resolve('examples/fleet');
export const PASSWORDS = { controller: 'c0ntroller', agent: 'a9ent' } as const;

/** The text of a file of the example, with what it includes and without its port. */
export function exampleConfig(name = 'nats.conf'): string {
  const text = readFileSync(path.join(EXAMPLES, name), 'utf8');
  return text
    .replace(/^include "(.*)"$/gm, (_, included: string) => exampleConfig(included))
    .replace(/^port: .*$/m, '');
}

/** Starts the server of the example; stopped when the test ends. */
export async function startExample(
  t: Test,
  { config = exampleConfig(), ...options }: NatsOptions = {},
): Promise<NatsServer> {
  process.env['CONTROLLER_PASSWORD'] = PASSWORDS.controller;
  process.env['AGENT_PASSWORD'] = PASSWORDS.agent;
  const nats = await startNats({ ...options, config });
  t.teardown(() => nats.stop());
  return nats;
}

/** A connection of an agent of the example, or of the controller, and what the server refused it. */
export async function connectAs(t: Test, url: string, user: string): Promise<{ bus: Bus; refused: () => string[] }> {
  const isController = user === 'controller';
  const password = isController ? PASSWORDS.controller : PASSWORDS.agent;
  const inbox = isController ? ANSWERS.controller : ANSWERS.agent(user);
  const bus = await connectBus({ ...busOptions(url), user, password, inbox });
  t.teardown(() => bus.close());
  const events: BusEvent[] = [];
  bus.onEvent((event) => events.push(event));
  return { bus, refused: () => events.flatMap((event) => (event.kind === 'refused' ? [event.message] : [])) };
}
