/** Runs a test file at one end of a veth pair of its own, with the peers of its tests at the other. */
import type { Test } from 'tap';
import { noLab } from '../../netns/lab.ts';
import { FAR, NEAR, DEVICE, VethPair, continueIn } from '../../netns/veth-pair.ts';
import type { Site } from './site.ts';

/** Addresses of the near end's network that tests take as sources. */
const SOURCE_NET = '198.18.1.';
/** In the file's own process at the near end: the name of the namespace at the far end. */
const FAR_NAME = 'FAR_NAMESPACE';

export interface VethOptions {
  /** The kernel at the near end has the sources of tests too: for engines on its sockets. */
  readonly kernelHasSources: boolean;
  /** tcp_rmem of the far end's kernel: the least, first and largest receive buffer. */
  readonly peerReceiveBytes?: readonly [number, number, number];
}

/** `file` is the test file that calls. Its tests are skipped, with the reason, where no pair can be made. */
export async function overVeth(
  file: string,
  options: VethOptions,
  body: (t: Test, site: Site, farPrefix: readonly string[]) => Promise<void>,
): Promise<void> {
  const farName = process.env[FAR_NAME];
  const reason = farName === undefined && noLab();
  if (farName !== undefined || reason !== false) {
    const { default: t } = await import('tap');
    if (farName === undefined) t.pass('over a veth pair', { skip: reason });
    else await body(t, siteOf(farName), ['ip', 'netns', 'exec', farName]);
    return;
  }
  const pair = new VethPair();
  try {
    if (options.kernelHasSources) pair.near.ip('route', 'add', 'local', `${SOURCE_NET}0/24`, 'dev', 'lo');
    if (options.peerReceiveBytes) pair.far.sysctl('net.ipv4.tcp_rmem', options.peerReceiveBytes.join(' '));
    await continueIn(pair.near, file, { [FAR_NAME]: pair.far.name });
  } finally {
    pair.close();
  }
}

function siteOf(farName: string): Site {
  return {
    own: NEAR,
    peer: FAR,
    sourceNet: SOURCE_NET,
    interfaceName: DEVICE,
    peerNamespace: `/run/netns/${farName}`,
    noIpv6: false,
    noSources: false,
  };
}
