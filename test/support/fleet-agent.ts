/** An agent in the test's own process, on a real nats-server. */
import type { Test } from 'tap';
import { startAgent, type Agent, type AgentOptions } from '../../src/fleet/agent/agent.ts';
import type { Bus } from '../../src/fleet/bus/bus.ts';
import { connectBus } from '../../src/fleet/bus/nats.ts';
import { thisMachine } from '../../src/cli/machine.ts';
import { LOOPBACK_TARGETS } from '../../src/plan/address/allowed-targets.ts';
import { startServer, type RunningServer } from './cli.ts';
import { TestController, whoIsThere } from './fleet-controller.ts';
import { busOptions, startNats, type NatsServer } from './nats.ts';

export interface Stage {
  readonly nats: NatsServer;
  readonly bus: Bus;
  readonly log: string[];
  readonly agent: Agent;
}

/** An agent called `a`, and a connection for its controller. */
export async function agentOn(t: Test, nats: NatsServer, changes: Partial<AgentOptions> = {}): Promise<Stage> {
  const agentBus = await connectBus(busOptions(nats.url));
  t.teardown(() => agentBus.close());
  const log: string[] = [];
  const write = (text: string): void => void log.push(text);
  const agent = await startAgent({
    ...{ bus: agentBus, name: 'a', own: {}, trusted: new Map(), machine: thisMachine, keepDirectory: null },
    limits: { targets: LOOPBACK_TARGETS, maxRatePerSec: null, maxDurationNs: 3600e9 },
    log: { info: write, warn: write, error: write },
    ...changes,
  });
  const bus = await connectBus(busOptions(nats.url));
  t.teardown(async () => {
    await agent.stop();
    await bus.close();
  });
  return { nats, bus, log, agent };
}

export async function natsOf(t: Test): Promise<NatsServer> {
  const nats = await startNats();
  t.teardown(() => nats.stop());
  return nats;
}

/** An echo server, as the target. */
export async function targetOf(t: Test): Promise<RunningServer> {
  const server = await startServer();
  t.teardown(() => server.stop());
  return server;
}

export function controllerOf(t: Test, { bus }: Stage): TestController {
  const controller = new TestController(bus, 'a');
  t.teardown(() => controller.leave());
  return controller;
}

/** Resolves when the agent says that it is free. */
export async function untilFree({ bus }: Stage): Promise<void> {
  for (;;) {
    const [description] = await whoIsThere(bus);
    if (description?.busy === null) return;
  }
}
