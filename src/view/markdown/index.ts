/** Every kind of document as Markdown. */
import type { Renderers } from '../look.ts';
import { compareMarkdown } from './compare.ts';
import { doctorMarkdown } from './doctor.ts';
import { fleetMarkdown } from './fleet.ts';
import { labMarkdown } from './lab.ts';
import { saturateMarkdown, searchMarkdown } from './limit.ts';
import { clientMarkdown, rttMarkdown, serverMarkdown } from './run.ts';

export const renderers: Renderers = {
  client: clientMarkdown,
  search: searchMarkdown,
  saturate: saturateMarkdown,
  rtt: rttMarkdown,
  server: serverMarkdown,
  doctor: (result, { leavesOutOk }) => doctorMarkdown(result, { leavesOutOk }),
  lab: (result, { directory }) => labMarkdown(result, directory),
  compare: compareMarkdown,
  fleet: fleetMarkdown,
};
