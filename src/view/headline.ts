import { formatHostPort } from '../plan/address.ts';

/** `conngen search example.org:80 (192.0.2.1)`, from the options that results echo. */
export function targetLine(command: string, config: Readonly<Record<string, unknown>>): string {
  const { host, address, port } = config as { host?: string; address?: string; port?: number };
  const resolved = host === address || address === undefined ? '' : ` (${address})`;
  return `conngen ${command} ${formatHostPort(host ?? '', port ?? 0)}${resolved}`;
}
