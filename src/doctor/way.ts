/** Checks of the route: from which address the target is reached, and whether it is. */
import { isLoopback } from '../kernel/proc.ts';
import { formatCount } from '../units/format.ts';
import { countSources, listSources } from '../plan/address/sources.ts';
import { addressCommand } from '../plan/address/zones.ts';
import { unknown, type CheckResult } from './check.ts';
import type { QuickFacts } from './facts.ts';
import { asRoot, type CheckRow, type Situation } from './situation.ts';

export const WAY_CHECKS: readonly CheckRow[] = [
  { id: 'route', of: 'sockets', compares: 'a route to the target, and the source address that it uses', check: route },
  {
    id: 'source_addresses',
    of: 'sockets',
    compares: 'each --source with the addresses of this machine',
    check: sourceAddresses,
  },
];

function route({ plan, facts }: Situation): CheckResult {
  const { address } = plan.target;
  const { route: found } = facts;
  switch (found.kind) {
    case 'unknown':
      return unknown(`Whether there is a route cannot be told: ${found.reason}.`);
    case 'none': {
      const fix = asRoot(`ip route add ${address} via GATEWAY`, facts);
      return {
        status: 'problem',
        value: 'none',
        needed: 'a route',
        why: `The routing table has no way to ${address}.`,
        fix,
      };
    }
    case 'found': {
      const where = facts.isTargetLocal
        ? 'It is an address of this machine.'
        : 'By the routing table; no packet was sent.';
      return { status: 'ok', value: `from ${found.source}`, needed: 'a route', why: where, fix: null };
    }
  }
}

const SHOWN = 3;

function sourceAddresses({ plan, facts }: Situation): CheckResult {
  const { sources } = plan;
  const { missingSources: missing } = facts;
  if (sources.length === 0) {
    const value = facts.route.kind === 'found' ? facts.route.source : null;
    return { status: 'ok', value, needed: null, why: "The system's choice, as there is no --source.", fix: null };
  }
  const needed = countSources(sources);
  const value = needed - missing.length;
  if (plan.isFreebind)
    return { status: 'ok', value, needed: null, why: 'With --freebind any address can be bound.', fix: null };
  if (missing.length > 0) {
    const more = missing.length > SHOWN ? ` and ${formatCount(missing.length - SHOWN)} more` : '';
    const why = `This machine does not have ${missing.slice(0, SHOWN).join(', ')}${more}.`;
    return { status: 'problem', value, needed, why, fix: addFix(missing, facts) };
  }
  const stray = listSources(sources).find(
    (source) => isLoopback(source) !== isLoopback(plan.target.address) && isLoopback(source),
  );
  if (stray !== undefined) {
    const why = `${stray} is a loopback address, and from there the kernel lets nothing out to ${plan.target.address}.`;
    return { status: 'problem', value, needed, why, fix: 'leave --source out, or give addresses of a network' };
  }
  return { status: 'ok', value, needed, why: 'This machine has every --source.', fix: null };
}

/** The commands that add the addresses, in a line for a shell; the user has to choose the device. */
function addFix(missing: readonly string[], facts: QuickFacts): string {
  const commands = missing.slice(0, SHOWN).map((address) => asRoot(addressCommand(address, 'DEVICE'), facts));
  return commands.join(' && ') + (missing.length > SHOWN ? ' && …' : '');
}
