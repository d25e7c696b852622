/** A program for tests in namespaces: asks as its argument says (JSON, a list of `Asking`), and prints the answers as a list. */
import { setTimeout as sleep } from 'node:timers/promises';
import { questionFrame } from '../../src/engine/packet/attach/neighbour-question.ts';
import { ETHERTYPE_ARP } from '../../src/engine/packet/link/ethernet.ts';
import { resolveNextHop } from '../../src/engine/packet/attach/next-hop.ts';
import type { AddressRun } from '../../src/engine/seam/link.ts';
import { readEthtool } from '../../src/kernel/net/ethtool.ts';
import { formatMac, readAddresses, readLink, type Link, type LinkAddress } from '../../src/kernel/net/links.ts';
import { PacketSocket } from '../../src/kernel/net/packet-socket.ts';
import { addressBytes } from '../../src/kernel/net/sockaddr.ts';
import { RunError } from '../../src/units/run-error.ts';

export type Asking =
  | { readonly what: 'link'; readonly name: string }
  | {
      readonly what: 'hop';
      readonly name: string;
      readonly target: string;
      readonly source: string;
      readonly gateway?: string;
      readonly vlan?: number;
    }
  | {
      /** Answers the first ARP request on an interface, in a VLAN. */
      readonly what: 'answer';
      readonly name: string;
      readonly address: string;
      readonly vlan: number;
    };

export interface LinkAnswer {
  readonly link: Omit<Link, 'mac'> | null;
  readonly mac: string | null;
  readonly addresses: readonly LinkAddress[];
  readonly driver: string | undefined;
  readonly rxQueues: number | undefined;
  readonly features: Readonly<Record<string, boolean>>;
}

export type HopAnswer =
  | { readonly mac: string; readonly address: string; readonly notes: readonly string[] }
  | { readonly code: string; readonly message: string; readonly hint: string };

function aboutLink(name: string): LinkAnswer {
  const link = readLink(name);
  const { driver, channels, features } = readEthtool(name);
  return {
    link: link ?? null,
    mac: link === undefined ? null : formatMac(link.mac),
    addresses: link === undefined ? [] : readAddresses(link.ifindex),
    driver,
    rxQueues: channels?.rx,
    features: Object.fromEntries(features),
  };
}

function runOf(address: string): AddressRun {
  const bytes = addressBytes(address);
  const number = bytes.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
  const family = bytes.length === 4 ? 4 : 6;
  return { family, high: number >> 64n, low: number & (2n ** 64n - 1n), count: 1, isKernels: false };
}

async function aboutHop(asking: Asking & { what: 'hop' }): Promise<HopAnswer> {
  const { name, target, source, gateway = null, vlan = null } = asking;
  const link = readLink(name);
  if (link === undefined) throw new Error(`no ${name}`);
  const family = target.includes(':') ? 6 : 4;
  const endpoint = { host: target, address: target, family, port: 80 } as const;
  try {
    const hop = await resolveNextHop({ gateway, vlan, target: endpoint, addresses: [runOf(source)] }, link);
    return { ...hop, mac: formatMac(hop.mac) };
  } catch (error) {
    if (!(error instanceof RunError)) throw error;
    return { code: error.code, message: error.message, hint: error.hint };
  }
}

/** Answers one ARP request with a tagged frame, as a host of that VLAN does. The mac is that of the interface. */
async function answerOne({ name, address, vlan }: Asking & { what: 'answer' }): Promise<string> {
  const link = readLink(name)!;
  const socket = PacketSocket.open(link.ifindex, ETHERTYPE_ARP) as PacketSocket;
  process.stderr.write('ready\n');
  for (;;) {
    const request = socket.receive();
    if (request === null) {
      await sleep(2);
      continue;
    }
    const reply = questionFrame({ target: address, sender: address, mac: link.mac, vlan });
    reply.set(request.subarray(6, 12));
    reply[18 + 7] = 2;
    reply.set(request.subarray(22, 32), 18 + 18);
    socket.send(reply);
    socket.close();
    return formatMac(link.mac);
  }
}

const askings = JSON.parse(process.argv[2] ?? '[]') as readonly Asking[];
const answers: (LinkAnswer | HopAnswer | string)[] = [];
for (const asking of askings) {
  if (asking.what === 'link') answers.push(aboutLink(asking.name));
  else answers.push(asking.what === 'hop' ? await aboutHop(asking) : await answerOne(asking));
}
process.stdout.write(JSON.stringify(answers));
