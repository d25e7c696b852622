/** Both ends of the connections of a plan: the target, in the address family that is asked for, and the source addresses. */
import { engineHas, enginesWith } from '../engines.ts';
import { bracketed, familyOf, resolveHost, type Family, type HostPort, type Resolved } from './address.ts';
import type { Endpoint } from '../plan.ts';
import { isAtLeast, isExplicit, problemOf, type Given, type Parsed, type Problem } from '../../units/problem.ts';
import {
  OWN_SOURCES_MAX,
  SOURCES_MAX,
  countSources,
  listSources,
  looselyMeant,
  missingSources,
  planRuns,
  type SourceRuns,
  type SourceSpec,
} from './sources.ts';
import { formatCount } from '../../units/format.ts';
import { addressCommand, withNamedZone } from './zones.ts';

/** The options that say where to and where from, each parsed by itself. */
export interface EndpointsInput {
  readonly target?: Given<HostPort> | undefined;
  readonly host: Given<string>;
  readonly port: Given<number>;
  readonly ipv4: Given<boolean>;
  readonly ipv6: Given<boolean>;
  readonly source: readonly Given<SourceSpec>[];
  readonly freebind: Given<boolean>;
  readonly engine: Given<string>;
}

/** What the ends of connections need to know of the machine. */
export interface EndpointsMachine {
  /** How names are resolved; the system's resolver if left out. */
  readonly resolve?: (host: string, family: Family | null) => Promise<Parsed<Resolved>>;
  /** Which of these addresses the machine does not have; asked of the system if left out. */
  readonly missingSources?: (addresses: readonly string[]) => Promise<readonly string[]>;
}

export async function planSources(
  input: Pick<EndpointsInput, 'source' | 'freebind' | 'engine'>,
  machine: EndpointsMachine,
  problems: Problem[],
): Promise<SourceRuns> {
  const [first] = input.source;
  checkFreebind(input, problems);
  if (first === undefined) return [];
  const label = first.label;
  const got = input.source.map((given) => given.text).join(', ');
  const mixed = input.source.find((given) => given.value.family !== first.value.family);
  if (mixed !== undefined) {
    problems.push(problemOf(mixed, `IPv${first.value.family} addresses, as ${first.text} is one`));
    return [];
  }
  const answersItself = engineHas(input.engine.value, 'worksOnInterface');
  if (answersItself) checkPrefixes(input.source, problems);
  const most = answersItself ? OWN_SOURCES_MAX : SOURCES_MAX;
  const runs = planRuns(
    input.source.map((given) => given.value),
    most,
  );
  if (!runs.ok) {
    problems.push({ option: label, got, expected: runs.expected });
    return [];
  }
  const sources = runs.value.flatMap((spec) => withNamedZones(spec, label, problems));
  if (input.freebind.value || answersItself) return sources;
  const missing = await (machine.missingSources ?? missingSources)(listSources(sources));
  if (missing.length > 0) problems.push({ option: label, got, expected: haveAddresses(missing) });
  return sources;
}

/** An engine that answers for its sources takes the packets of all of them: of a network that was not meant, too. */
function checkPrefixes(source: EndpointsInput['source'], problems: Problem[]): void {
  for (const given of source) {
    const meant = looselyMeant(given.text);
    if (meant === null) continue;
    const count = formatCount(countSources([given.value]));
    const [address] = given.text.trim().split('/');
    problems.push(
      problemOf(given, `${meant} if all its ${count} addresses are meant, or ${address} alone, or a longer prefix`),
    );
  }
}

function withNamedZones(spec: SourceSpec, label: string, problems: Problem[]): SourceSpec[] {
  if (spec.kind === 'run') return [spec];
  const zoned = withNamedZone(spec.address);
  if (zoned.ok) return [{ ...spec, address: zoned.value }];
  problems.push({ option: label, got: spec.address, expected: zoned.expected });
  return [];
}

function checkFreebind(
  { source, freebind, engine }: Pick<EndpointsInput, 'source' | 'freebind' | 'engine'>,
  problems: Problem[],
): void {
  if (!freebind.value) return;
  if (engineHas(engine.value, 'worksOnInterface')) {
    const why = 'this machine need not have the sources of --engine packet';
    problems.push(problemOf(freebind, `to be left out: ${why}`));
    return;
  }
  if (source.length === 0) problems.push(problemOf(freebind, '--source beside it, which says what to bind'));
  if (engine.value !== 'auto' && !engineHas(engine.value, 'bindsFreely')) {
    const able = enginesWith('bindsFreely');
    problems.push(problemOf(freebind, `--engine ${able}: Node.js has no way to set IP_FREEBIND on a socket`));
  }
}

const MISSING_SHOWN = 3;

function haveAddresses(missing: readonly string[]): string {
  const example = missing[0] ?? '';
  const shown = missing.slice(0, MISSING_SHOWN).join(', ');
  const more = missing.length > MISSING_SHOWN ? ` and ${missing.length - MISSING_SHOWN} more` : '';
  return `addresses of this machine, which does not have ${shown}${more} (to add one: ${addressCommand(example, 'lo')})`;
}

/** The target, resolved, and what asked for it; null where there is a problem with it. */
export async function planTarget(
  input: EndpointsInput,
  machine: EndpointsMachine,
  problems: Problem[],
  notices: string[],
): Promise<{ host: string; target: Endpoint | null; asked: Given<unknown> }> {
  const { host, port } = chooseTarget(input, problems, notices);
  const family = planFamily(input, host.value);
  if (!family.ok) {
    problems.push(family.problem);
    return { host: host.value, target: null, asked: host };
  }
  const resolved = await (machine.resolve ?? resolveHost)(host.value, family.value);
  if (!resolved.ok) {
    problems.push(problemOf(host, resolved.expected));
    return { host: host.value, target: null, asked: host };
  }
  return { host: host.value, target: { ...resolved.value, port }, asked: host };
}

/** The address family that the target, `--ipv4`, `--ipv6` and the sources ask for, null if none does; or who contradicts whom. */
function planFamily(
  { ipv4, ipv6, source }: EndpointsInput,
  host: string,
): { readonly ok: true; readonly value: Family | null } | { readonly ok: false; readonly problem: Problem } {
  let family = familyOf(host);
  let reason = `as the target ${host} is one`;
  for (const [given, wanted] of [
    [ipv4, 4],
    [ipv6, 6],
  ] as const) {
    if (!given.value) continue;
    if (family !== null && family !== wanted) {
      const expected = `to be left out: only IPv${family} addresses can be used, ${reason}`;
      return { ok: false, problem: problemOf(given, expected) };
    }
    family = wanted;
    reason = `as ${given.label} is given`;
  }
  const [from] = source;
  if (from === undefined) return { ok: true, value: family };
  const { family: own } = from.value;
  if (family === null || family === own) return { ok: true, value: own };
  return { ok: false, problem: problemOf(from, `IPv${family} addresses, ${reason}`) };
}

/** `HOST:PORT` against `--host` and `--port`: what was given in the stronger place counts, in the same place only one may be. */
function chooseTarget(
  input: EndpointsInput,
  problems: Problem[],
  notices: string[],
): { host: Given<string>; port: number } {
  const { target, host, port } = input;
  if (target === undefined) return { host, port: port.value };
  const expectAlone = (other: Given<unknown>): void => {
    if (other.origin === target.origin) problems.push(problemOf(other, `to be left out beside ${target.text}`));
  };
  expectAlone(host);
  if (target.value.port !== null) expectAlone(port);
  const { host: targetHost, port: targetPort } = target.value;
  const meant = targetPort === null && !isExplicit(port) ? bracketed(targetHost) : null;
  if (meant !== null)
    notices.push(`${targetHost} is an IPv6 address as a whole, and the port ${port.value}; or is it ${meant}?`);
  return {
    host: isAtLeast(target, host) ? { ...target, value: targetHost } : host,
    port: targetPort !== null && isAtLeast(target, port) ? targetPort : port.value,
  };
}
