/** Whether another machine has one of our addresses: asked before the engine answers for them, as RFC 5227 wants it. */
import { errnoName } from '../../../kernel/errno.ts';
import { formatMac, type Link } from '../../../kernel/net/links.ts';
import { PacketSocket } from '../../../kernel/net/packet-socket.ts';
import { neighboursOn } from '../../../kernel/net/routes.ts';
import { addressBytes } from '../../../kernel/net/sockaddr.ts';
import { addressIn, countAddresses } from '../../../plan/address/address-runs.ts';
import { sleepNs } from '../../../runtime/timer.ts';
import { RunError } from '../../../units/run-error.ts';
import type { AddressRun, AttachRequest } from '../../seam/link.ts';
import { answeredAddress, answerChecks, linkLocalOf, macInAnswer, questionFrame } from './neighbour-question.ts';

/** So many addresses are asked for at most: all of them, or the first, those that the kernel knows as neighbours, and some between. */
const PROBES_MAX = 256;
const FIRST = 128;
/** Each question is asked twice; one may be lost. The wait for answers is 200 ms in all. */
const TRIES = 2;
const TRY_NS = 100e6;
const LOOK_NS = 5e6;

type Probed = Pick<AttachRequest, 'addresses' | 'vlan' | 'target'>;

/**
 * Rejects with `RunError` where an address that the engine would answer for is the next hop's, or where another machine answers for it.
 * Addresses that the kernel has are not asked for. To be called before a program takes the answers away.
 */
export async function requireFree(request: Probed, iface: Link, nextHop: string | null): Promise<void> {
  const runs = request.addresses.filter(({ isKernels }) => !isKernels);
  if (nextHop !== null && runs.some((run) => isIn(run, nextHop))) {
    throw taken(request, nextHop, `the next hop has it, the router on the way to the target`);
  }
  for (const family of [4, 6] as const) {
    const asked = chooseProbes(
      runs.filter((run) => run.family === family),
      iface,
    );
    if (asked.length > 0) await probe(asked, request, iface);
  }
}

async function probe(asked: readonly string[], request: Probed, iface: Link): Promise<void> {
  const { vlan } = request;
  const family = asked[0]!.includes(':') ? 6 : 4;
  const socket = PacketSocket.openFor(iface.ifindex, answerChecks(family, vlan));
  if (typeof socket === 'number') throw cannotProbe(socket, iface);
  const sender = family === 4 ? '0.0.0.0' : linkLocalOf(iface.mac);
  const wanted = new Set(asked.map((address) => String(addressBytes(address))));
  try {
    for (let tries = 0; tries < TRIES; tries++) {
      for (const target of asked) socket.send(questionFrame({ target, sender, mac: iface.mac, vlan }));
      for (let waitedNs = 0; waitedNs < TRY_NS; waitedNs += LOOK_NS) {
        await sleepNs(LOOK_NS);
        for (let frame = socket.receive(); frame !== null; frame = socket.receive()) {
          const address = answeredAddress(frame, family);
          if (address === null || !wanted.has(String(addressBytes(address)))) continue;
          const mac = macInAnswer(frame, address);
          if (mac !== null) throw taken(request, address, `the machine at ${formatMac(mac)} on ${iface.name} has it`);
        }
      }
    }
  } finally {
    socket.close();
  }
}

function chooseProbes(runs: readonly AddressRun[], { ifindex }: Link): string[] {
  const total = countAddresses(runs);
  if (total <= PROBES_MAX) return pick(runs, 0, total, 1);
  const known = neighboursOn(ifindex).filter((address) => runs.some((run) => isIn(run, address)));
  const some = [...pick(runs, 0, FIRST, 1), ...known];
  const left = PROBES_MAX - some.length;
  const between = left > 0 ? pick(runs, FIRST, total, Math.ceil((total - FIRST) / left)) : [];
  return [...new Set([...some, ...between])].slice(0, PROBES_MAX);
}

/** Each `step`th of all addresses from the one at `from` to before `end`. */
function pick(runs: readonly AddressRun[], from: number, end: number, step: number): string[] {
  const picked: string[] = [];
  let before = 0;
  let at = from;
  for (const run of runs) {
    for (; at < end && at < before + run.count; at += step) picked.push(addressIn(run, at - before));
    before += run.count;
  }
  return picked;
}

function isIn({ family, high, low, count }: AddressRun, address: string): boolean {
  const bytes = addressBytes(address.replace(/%.*$/, ''));
  if ((bytes.length === 4) !== (family === 4)) return false;
  const number = bytes.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
  const first = (high << 64n) | low;
  return number >= first && number < first + BigInt(count);
}

function taken({ target }: Probed, address: string, who: string): RunError {
  const option = target === null ? '--host' : '--source';
  const message = `${address} of ${option} is not free: ${who}`;
  const hint = `conngen answers for every address of ${option}, and would take it over: leave it out, or take addresses of a network of their own, such as ${address.includes(':') ? '2001:2::/120' : '198.18.0.0/24'}`;
  return new RunError('EADDRINUSE', message, hint);
}

function cannotProbe(errno: number, { name }: Link): RunError {
  const code = errnoName(errno);
  return new RunError(code, `packets cannot be sent on ${name} (${code})`, 'run it as root, or with CAP_NET_RAW');
}
