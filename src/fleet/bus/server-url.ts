/** Addresses of NATS servers, as `BusOptions` has them. */

/** Whether a server is on this machine for certain: an address of loopback, or `localhost`. Other names are not looked up. */
export function isLoopbackServer(server: string): boolean {
  const host = hostOf(server);
  return host === 'localhost' || host === '::1' || /^127(?:\.\d{1,3}){3}$/.test(host);
}

/** Whether TLS is asked for. */
export function isTlsServer(server: string): boolean {
  return server.startsWith('tls://');
}

/** Returns the host of a server, in lower case; an IPv6 address without brackets. */
export function hostOf(server: string): string {
  const rest = server.replace(/^\w+:\/\//, '').replace(/^[^@]*@/, '');
  const bracketed = /^\[([^\]]*)\]/.exec(rest)?.[1];
  return (bracketed ?? rest.replace(/:\d+$/, '')).toLowerCase();
}
