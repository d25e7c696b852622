/** What each agent of a fleet has of its own: addresses, ports, the interface. The texts are as typed. */
export interface OwnOptions {
  readonly source?: readonly string[];
  readonly freebind?: true;
  readonly 'source-ports'?: string;
  readonly interface?: string;
  readonly gateway?: string;
  readonly vlan?: string;
}

/** Returns the options of an order with the agent's own over them, for a command with these options and on this engine. */
export function withOwn(
  values: Readonly<Record<string, unknown>>,
  own: OwnOptions,
  table: object,
): Readonly<Record<string, unknown>> {
  const isPacket = values['engine'] === 'packet';
  const isOfInterface = (name: string): boolean => ['interface', 'gateway', 'vlan'].includes(name);
  const usable = Object.entries(own).filter(
    ([name, value]) => value !== undefined && Object.hasOwn(table, name) && (isPacket || !isOfInterface(name)),
  );
  return { ...values, ...Object.fromEntries(usable) };
}
