import { networkInterfaces } from 'node:os';

/** The number of the device that an IPv6 zone (RFC 4007) names, as the kernel wants it in a sockaddr_in6; 0 for one that is not there. */
export function zoneIndex(zone: string): number {
  if (/^\d+$/.test(zone)) return Number(zone);
  for (const own of networkInterfaces()[zone] ?? []) if (own.family === 'IPv6' && own.scopeid > 0) return own.scopeid;
  return 0;
}

/** The name of the device with this number, or the number where no device with a link-local address has it. */
export function zoneName(index: number): string {
  for (const [name, addresses] of Object.entries(networkInterfaces())) {
    if (addresses?.some((own) => own.family === 'IPv6' && own.scopeid === index) === true) return name;
  }
  return String(index);
}
