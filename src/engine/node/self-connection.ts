import type { Socket } from 'node:net';

/** Whether a connected socket is connected to itself, see `SelfConnections`. */
export function isItsOwnPeer({ localPort, localAddress, remotePort, remoteAddress }: Socket): boolean {
  return localPort === remotePort && localAddress === remoteAddress;
}

/** The error of a connection to itself: that of a connect where nothing listens. */
export function refusal(): NodeJS.ErrnoException {
  return Object.assign(new Error('connected to itself: nothing listens there'), { code: 'ECONNREFUSED' });
}
