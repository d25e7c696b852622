/** How a command connects to NATS, from what its options say. */
import type { FleetConnection } from '../plan/fleet/fleet-choice.ts';
import type { BusOptions } from './bus/bus.ts';
import { ANSWERS } from './protocol.ts';

/** Returns the settings of a controller's connection, or of one that only lists agents. `name` is for the server's own lists. */
export function busOptionsOf(connection: FleetConnection, name: string): BusOptions {
  const { servers, credentialsFile, caFile, certFile, certKeyFile } = connection;
  return { ...servers, name, credentialsFile, caFile, certFile, keyFile: certKeyFile, inbox: ANSWERS.controller };
}
