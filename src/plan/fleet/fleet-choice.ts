/** Which fleet runs a command, as a user asks for it: where NATS is, which agents, and their shares. */
import type { FleetConfig } from '../../document/fleet.ts';
import { isExplicit, accept, problemOf, refuse, type Given, type Parsed, type Problem } from '../../units/problem.ts';
import { countParser } from '../../units/quantity.ts';
import { formatHostPort, parseHostPort } from '../address/address.ts';

/** A name of an agent is a token of a NATS subject. */
export const AGENT_NAME = /^[A-Za-z0-9_][A-Za-z0-9_-]{0,63}$/;

const EXPECTED_NAME = 'a name of 1 to 64 letters, digits, - and _, at least one of them not a digit';

/** The name of an agent. A number alone is none: `--agents 3` means three agents. */
export function parseAgentName(text: string): Parsed<string> {
  const name = text.trim();
  return AGENT_NAME.test(name) && !/^\d+$/.test(name) ? accept(name) : refuse(EXPECTED_NAME);
}

/** How long an agent in a run, and its controller, go on without a connection to NATS. */
export const ALONE_SEC = 10;

/** Where NATS is, and who the URL says that we are. */
export interface FleetServers {
  /** `nats://HOST:PORT` or `tls://HOST:PORT`, more of them for a cluster. Without credentials. */
  readonly servers: readonly string[];
  readonly user: string | null;
  readonly password: string | null;
  readonly token: string | null;
}

const NATS_PORT = 4222;
const EXPECTED_SERVERS = 'nats://HOST:PORT or tls://HOST:PORT, several servers of a cluster separated by commas';

/** `nats://10.0.0.1`, `tls://user:password@nats.example.org:4222`, `10.0.0.1,10.0.0.2:4223`. */
export function parseFleetServers(text: string): Parsed<FleetServers> {
  const servers: string[] = [];
  let login: Login = NO_LOGIN;
  for (const piece of text.split(',')) {
    const [, scheme = 'nats://', userinfo, place = ''] = SERVER.exec(piece.trim()) ?? [];
    const parsed = parseHostPort(place.replace(/\/$/, ''));
    if (!parsed.ok || /[/?#]/.test(place.slice(0, -1))) return refuse(EXPECTED_SERVERS);
    servers.push(`${scheme.toLowerCase()}${formatHostPort(parsed.value.host, parsed.value.port ?? NATS_PORT)}`);
    const own = userinfo === undefined ? NO_LOGIN : loginOf(userinfo);
    if (own === null) return refuse(`${EXPECTED_SERVERS}; the user and the password percent-encoded`);
    if (own === NO_LOGIN) continue;
    if (login !== NO_LOGIN && JSON.stringify(login) !== JSON.stringify(own)) {
      return refuse('the same user and password for all servers: name them once');
    }
    login = own;
  }
  return accept({ servers, ...login });
}

const SERVER = /^(nats:\/\/|tls:\/\/)?(?:([^/]*)@)?([^@]+)$/i;

type Login = Omit<FleetServers, 'servers'>;

const NO_LOGIN: Login = { user: null, password: null, token: null };

/** `user:password`, or a token alone, as the clients of NATS read it. Null where it is not percent-encoded. */
function loginOf(userinfo: string): Login | null {
  try {
    const colon = userinfo.indexOf(':');
    if (colon === -1) return { ...NO_LOGIN, token: decodeURIComponent(userinfo) };
    const [user, password] = [userinfo.slice(0, colon), userinfo.slice(colon + 1)].map(decodeURIComponent);
    return { ...NO_LOGIN, user: user!, password: password! };
  } catch {
    return null;
  }
}

/** The servers for people and for results. */
export function formatServers({ servers }: FleetServers): string {
  return servers.join(',');
}

/** The agents that are asked for: so many, or these. */
export type AgentChoice =
  { readonly kind: 'count'; readonly count: number } | { readonly kind: 'names'; readonly names: readonly string[] };

export const AGENTS_MAX = 1000;
export const WEIGHT_MAX = 1000;

const parseAgentCount = countParser('agents', { min: 1, max: AGENTS_MAX });
const parseWeight = countParser('parts', { min: 1, max: WEIGHT_MAX });
const EXPECTED_AGENTS = `a number of agents from 1 to ${String(AGENTS_MAX)}, or their names separated by commas`;

/** `3`, or `a,b,c`. */
export function parseAgents(text: string): Parsed<AgentChoice> {
  const count = parseAgentCount(text);
  if (count.ok) return accept({ kind: 'count', count: count.value });
  const names = text.split(',').map(parseAgentName);
  if (names.length > AGENTS_MAX || !names.every((name) => name.ok)) return refuse(EXPECTED_AGENTS);
  const values = names.map(({ value }) => value);
  const twice = values.find((name, index) => values.indexOf(name) !== index);
  return twice === undefined ? accept({ kind: 'names', names: values }) : refuse(`each agent once; ${twice} is twice`);
}

/** `a=3,b=1`: weights by name. */
export function parseShares(text: string): Parsed<ReadonlyMap<string, number>> {
  const weights = new Map<string, number>();
  for (const piece of text.split(',')) {
    const [name = '', weight = '', ...more] = piece.split('=');
    const parsed = parseWeight(weight);
    const agent = parseAgentName(name);
    if (!agent.ok || !parsed.ok || more.length > 0) {
      return refuse(
        `NAME=PARTS separated by commas, such as a=3,b=1, with whole parts from 1 to ${String(WEIGHT_MAX)}`,
      );
    }
    if (weights.has(agent.value)) return refuse(`each agent once; ${agent.value} is twice`);
    weights.set(agent.value, parsed.value);
  }
  return accept(weights);
}

/** The options of a fleet as they are read (`FLEET_OPTIONS`). */
export interface FleetInput {
  readonly fleet?: Given<FleetServers> | undefined;
  readonly agents?: Given<AgentChoice> | undefined;
  readonly share?: Given<ReadonlyMap<string, number>> | undefined;
  readonly 'fleet-key'?: Given<string> | undefined;
  readonly 'fleet-creds'?: Given<string> | undefined;
  readonly 'fleet-ca'?: Given<string> | undefined;
  readonly 'fleet-cert'?: Given<string> | undefined;
  readonly 'fleet-cert-key'?: Given<string> | undefined;
}

/** How to connect to NATS. */
export interface FleetConnection {
  readonly servers: FleetServers;
  readonly credentialsFile: string | null;
  readonly caFile: string | null;
  readonly certFile: string | null;
  readonly certKeyFile: string | null;
}

/** A fleet that was asked for. Agents that `weights` does not name have a weight of 1. */
export interface FleetChoice extends FleetConnection {
  readonly agents: AgentChoice;
  readonly weights: ReadonlyMap<string, number>;
  readonly keyFile: string | null;
}

/** Returns the fleet that the options ask for; null where they ask for none, or `fleetProblems` has any. */
export function fleetChoice(input: FleetInput): FleetChoice | null {
  if (input.fleet === undefined || input.agents === undefined || fleetProblems(input).length > 0) return null;
  return {
    ...fleetConnection(input, input.fleet),
    agents: input.agents.value,
    weights: input.share?.value ?? new Map(),
    keyFile: input['fleet-key']?.value ?? null,
  };
}

/** Returns how to connect to the servers of `fleet`. */
export function fleetConnection(input: FleetInput, fleet: Given<FleetServers>): FleetConnection {
  return {
    servers: fleet.value,
    credentialsFile: input['fleet-creds']?.value ?? null,
    caFile: input['fleet-ca']?.value ?? null,
    certFile: input['fleet-cert']?.value ?? null,
    certKeyFile: input['fleet-cert-key']?.value ?? null,
  };
}

/** Returns the fleet that was asked for as results show it: without keys and credentials. */
export function fleetConfig({ servers, agents, weights }: FleetChoice): FleetConfig {
  return {
    url: formatServers(servers),
    agents: agents.kind === 'count' ? agents.count : agents.names,
    ...(weights.size === 0 ? {} : { share: Object.fromEntries(weights) }),
  };
}

/** Returns what is wrong with the options of a fleet beside each other. */
export function fleetProblems(input: FleetInput): Problem[] {
  const { fleet, agents } = input;
  const problems = connectionProblems(input);
  if (fleet === undefined) {
    const alone = ([agents, input.share, input['fleet-key']] as const).filter((given) => given !== undefined);
    problems.push(
      ...alone.map((given) =>
        alongside(given, 'fleet', '--fleet URL beside it: where the NATS server of the agents is'),
      ),
    );
  } else if (agents === undefined) {
    const expected = '--agents beside it: how many, such as --agents 3, or which, such as --agents a,b';
    problems.push(alongside(fleet, 'agents', `${expected}; conngen fleet --fleet URL lists them`));
  }
  return [...problems, ...shareProblems(input)];
}

/** Returns what is wrong with the options that say how to connect, which `conngen agent` and `conngen fleet` have as well. */
export function connectionProblems(input: FleetInput): Problem[] {
  const { fleet, 'fleet-creds': creds, 'fleet-cert': cert, 'fleet-cert-key': certKey } = input;
  const problems: Problem[] = [];
  if (fleet === undefined) {
    const alone = ([creds, input['fleet-ca'], cert, certKey] as const).filter((given) => given !== undefined);
    problems.push(
      ...alone.map((given) => alongside(given, 'fleet', '--fleet URL beside it: where the NATS server is')),
    );
  }
  if (cert !== undefined && certKey === undefined) {
    problems.push(
      alongside(cert, 'fleet-cert-key', '--fleet-cert-key beside it: the file with the private key of the certificate'),
    );
  }
  if (certKey !== undefined && cert === undefined) {
    problems.push(alongside(certKey, 'fleet-cert', '--fleet-cert beside it: the file with the certificate'));
  }
  if (creds !== undefined && fleet !== undefined && (fleet.value.user ?? fleet.value.token) !== null) {
    problems.push(problemOf(creds, 'credentials in one place: the URL of --fleet has some as well'));
  }
  return problems;
}

/** A problem that is there only without the other option. */
function alongside(given: Given<unknown>, needs: string, expected: string): Problem {
  return { ...problemOf(given, expected), needs };
}

function shareProblems({ agents, share }: FleetInput): Problem[] {
  if (share === undefined || agents === undefined || !isExplicit(share)) return [];
  if (agents.value.kind === 'count') {
    return [problemOf(share, `the names in --agents as well, such as --agents ${[...share.value.keys()].join(',')}`)];
  }
  const { names } = agents.value;
  const unknown = [...share.value.keys()].filter((name) => !names.includes(name));
  if (unknown.length === 0) return [];
  return [problemOf(share, `names that are in --agents (${names.join(', ')}); ${unknown.join(', ')} is not`)];
}
