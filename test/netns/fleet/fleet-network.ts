/** Hosts of a fleet as network namespaces on one bridge: a hub with the bridge and nats-server, a target, controllers and agents. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Test } from 'tap';
import { writeKeyPair } from '../../../src/fleet/trust/key-files.ts';
import { Fleet, type AgentOptions, type FleetOptions } from '../../support/fleet.ts';
import { noNats } from '../../support/nats.ts';
import { Namespace, labNames, noLab, removeNamespace } from '../lab.ts';
import { AcceptLog } from '../../support/accept-log.ts';

/** Why there can be no such network here, for `skip`; false where it can be. */
export const noFleetNetwork = (): string | false => noNats || noLab();

/** Of RFC 2544. */
const NETWORK = '198.18.3';
export const HUB = `${NETWORK}.1`;
export const TARGET = `${NETWORK}.2`;
export const TARGET_PORT = 2345;
const CONTROL = `${NETWORK}.3`;
const FIRST_AGENT = 11;

let built = 0;

export class FleetNetwork {
  readonly hub: Namespace;
  readonly target: Namespace;
  readonly control: Namespace;
  readonly agents: ReadonlyMap<string, Namespace>;
  readonly #names: string[] = [];
  readonly #isCuttable = new Set<string>();
  readonly #atExit = (): void => this.close();

  /** A network of the test's own, which is gone when the test has ended, however it ended. */
  static forTest(t: Test, agents: readonly string[] = ['a', 'b', 'c']): FleetNetwork {
    const network = new FleetNetwork(agents);
    t.teardown(() => network.close());
    return network;
  }

  constructor(agents: readonly string[]) {
    labNames(true).forEach(removeNamespace);
    built++;
    process.once('exit', this.#atExit);
    const host = (role: string): Namespace => {
      const name = `conngen-test-${process.pid}-fleet${built}-${role}`;
      this.#names.push(name);
      return new Namespace(name);
    };
    this.hub = host('hub');
    this.hub.ip('link', 'add', 'name', 'bridge', 'type', 'bridge');
    this.hub.ip('address', 'add', `${HUB}/24`, 'dev', 'bridge');
    this.hub.ip('link', 'set', 'bridge', 'up');
    const join = (role: string, address: string): Namespace => {
      const joined = host(role);
      const port = portOf(role);
      this.hub.ip('link', 'add', 'name', port, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', joined.name);
      this.hub.ip('link', 'set', 'dev', port, 'master', 'bridge', 'up');
      joined.ip('address', 'add', `${address}/24`, 'dev', 'eth0');
      joined.ip('link', 'set', 'eth0', 'up');
      return joined;
    };
    this.target = join('target', TARGET);
    this.control = join('control', CONTROL);
    this.agents = new Map(agents.map((name) => [name, join(name, agentAddress(agents.indexOf(name)))]));
  }

  addressOf(agent: string): string {
    return agentAddress([...this.agents.keys()].indexOf(agent));
  }

  agentOf(address: string): string | undefined {
    return [...this.agents.keys()].find((name) => this.addressOf(name) === address);
  }

  /** Nothing passes the link of an agent's host for a second. The kernel ends that: a test that is held up would be late. */
  cut(agent: string): void {
    if (!this.#isCuttable.has(agent)) {
      const device = `device "${portOf(agent)}" priority 0`;
      this.hub.nft(`table netdev ${agent} { set cut { type ipv4_addr; timeout 1s; }
        chain in { type filter hook ingress ${device}; ip saddr @cut drop; }
        chain out { type filter hook egress ${device}; ip daddr @cut drop; }
      }`);
      this.#isCuttable.add(agent);
    }
    this.hub.nft(`add element netdev ${agent} cut { ${this.addressOf(agent)} }`);
  }

  /** The fleet in it. Its controller has a key, and its agents trust that alone. */
  async fleet(t: Test, options: FleetOptions = {}): Promise<Fleet> {
    const keys = mkdtempSync(path.join(tmpdir(), 'conngen-keys-'));
    t.teardown(() => rmSync(keys, { recursive: true }));
    const pair = await writeKeyPair(keys);
    if (!pair.ok) throw new Error(pair.expected);
    const { privateFile, publicFile } = pair.value;
    return Fleet.forTest(t, {
      names: [...this.agents.keys()],
      nats: { host: HUB, port: 4222, prefix: this.hub.prefix },
      controllerArgs: ['--fleet-key', privateFile],
      controllerPrefix: this.control.prefix,
      ...options,
      agent: (name): AgentOptions => {
        const { args = [], ...rest } = options.agent?.(name) ?? {};
        return { prefix: this.agents.get(name)!.prefix, ...rest, args: ['--trust', publicFile, ...args] };
      },
    });
  }

  /** The target, which notes who connects when. */
  accepts(t: Test): Promise<AcceptLog> {
    return AcceptLog.forTest(t, TARGET, TARGET_PORT, this.target.prefix);
  }

  /** Ends all that runs in it and removes it. Callable twice. */
  close(): void {
    process.off('exit', this.#atExit);
    this.#names.forEach(removeNamespace);
  }
}

/** The port of the bridge that leads to a host. */
function portOf(role: string): string {
  return `to-${role}`;
}

function agentAddress(index: number): string {
  return `${NETWORK}.${FIRST_AGENT + index}`;
}
