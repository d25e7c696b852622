/** The text of every kind of document. */
import type { Renderers } from '../look.ts';
import { clientText } from './client.ts';
import { compareText } from './compare.ts';
import { doctorText } from './doctor.ts';
import { fleetText } from './fleet.ts';
import { labText } from './lab.ts';
import { rttText } from './rtt.ts';
import { saturateText } from './saturate.ts';
import { searchText } from './search.ts';
import { serverText } from './server.ts';

export const renderers: Renderers = {
  client: (result, { style }) => clientText(result, style),
  search: (result, { style }) => searchText(result, style),
  saturate: (result, { style }) => saturateText(result, style),
  rtt: (result, { style }) => rttText(result, style),
  server: (result, { style }) => serverText(result, style),
  doctor: (result, { style, leavesOutOk }) => doctorText(result, { leavesOutOk }, style),
  lab: (result, { style, directory }) => labText(result, directory, style),
  compare: (result, { style }) => compareText(result, style),
  fleet: (result, { style }) => fleetText(result, style),
};
