/** Every kind of document as an HTML page. */
import type { Renderers } from '../look.ts';
import { clientHtml } from './client.ts';
import { compareHtml } from './compare.ts';
import { doctorHtml } from './doctor.ts';
import { fleetHtml } from './fleet.ts';
import { labHtml } from './lab.ts';
import { saturateHtml, searchHtml } from './limit.ts';
import { rttHtml } from './rtt.ts';
import { serverHtml } from './server.ts';

/** Templates make texts printable themselves, and the page holds the document as it was. */
export const takesOriginal = true as const;

export const renderers: Renderers = {
  client: clientHtml,
  search: searchHtml,
  saturate: saturateHtml,
  rtt: rttHtml,
  server: serverHtml,
  doctor: doctorHtml,
  lab: labHtml,
  compare: compareHtml,
  fleet: fleetHtml,
};

export { sideBySideHtml as sideBySide } from './side-by-side.ts';
