/** How a command connects to the carrier, from what its options say. */
import type { FleetConnection } from '../plan/fleet-choice.ts';
import type { BusOptions } from './bus/bus.ts';
import { ANSWERS } from './protocol.ts';

/** Returns the settings of the connection of a controller, or of who only looks; `name` is what the server's own lists call it. */
export function busOptionsOf(connection: FleetConnection, name: string): BusOptions {
  const { servers, credentialsFile, caFile, certFile, certKeyFile } = connection;
  return { ...servers, name, credentialsFile, caFile, certFile, keyFile: certKeyFile, inbox: ANSWERS.controller };
}
