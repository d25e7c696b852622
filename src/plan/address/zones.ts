/** IPv6 zones: the device that belongs to a link-local address (RFC 4007). */
import { networkInterfaces } from 'node:os';
import { accept, refuse, type Parsed } from '../../units/problem.ts';

/** fe80::/10. */
const LINK_LOCAL = /^fe[89ab][0-9a-f]:/i;

/** An address without its zone, and the zone; null where it has none. */
function splitZone(address: string): { readonly bare: string; readonly zone: string | null } {
  const at = address.indexOf('%');
  return at === -1 ? { bare: address, zone: null } : { bare: address.slice(0, at), zone: address.slice(at + 1) };
}

/**
 * The address with its zone as the name of a device, which every engine understands; node:net takes no numbers. Refused where this
 * machine has no such device with a link-local address, and where a link-local address has no zone. Others pass through unchanged.
 */
export function withNamedZone(address: string): Parsed<string> {
  const { bare, zone } = splitZone(address);
  const devices = linkLocalDevices();
  const names = devices.map(({ name }) => name).join(', ');
  const here = names === '' ? 'there is none here' : `here: ${names}`;
  if (zone === null) {
    if (!LINK_LOCAL.test(address)) return accept(address);
    const example = `${bare}%${devices[0]?.name ?? 'eth0'}`;
    return refuse(`the device of the link-local address after %, such as ${example} (${here})`);
  }
  const device = devices.find(({ name, index }) => name === zone || String(index) === zone);
  if (device !== undefined) return accept(`${bare}%${device.name}`);
  return refuse(`a device after % that is up and has a link-local address; this machine has no such ${zone} (${here})`);
}

function linkLocalDevices(): { readonly name: string; readonly index: number }[] {
  return Object.entries(networkInterfaces()).flatMap(([name, addresses]) => {
    const own = addresses?.find((each) => each.family === 'IPv6' && each.scopeid > 0);
    return own?.family === 'IPv6' ? [{ name, index: own.scopeid }] : [];
  });
}

/** The command that gives this machine an address. The device is `device`, or the address's own. */
export function addressCommand(address: string, device: string): string {
  const { bare, zone } = splitZone(address);
  const length = zone !== null ? 64 : bare.includes(':') ? 128 : 32;
  return `ip addr add ${bare}/${length} dev ${zone ?? device}`;
}
