import type { TargetConfig } from '../document/config.ts';
import { formatHostPort } from '../plan/address/address.ts';

/** Returns the first line of a report, such as `conngen search example.org:80 (192.0.2.1)`. */
export function targetLine(command: string, { host, address, port }: TargetConfig): string {
  const resolved = host === address ? '' : ` (${address})`;
  return `conngen ${command} ${formatHostPort(host, port)}${resolved}`;
}
