/**
 * What tells the series of a chart apart beside their colours: dashes of lines, shapes of points. The drawing without JavaScript and
 * the script of the page share this file, so it touches no page. The colours are in `chart-styles.ts`.
 */
import type { ChartRole } from './spec.ts';

type NamedRole = Exclude<ChartRole, `run${number}`>;

/** Lengths of strokes and gaps in pixels; of a solid line none. */
const DASHES: Readonly<Record<NamedRole, readonly number[]>> = {
  offered: [6, 4],
  ok: [],
  missed: [2, 3],
  target: [],
  network: [7, 3],
  generator: [3, 2],
  p50: [],
  p90: [9, 3],
  p99: [4, 2],
  p99_9: [8, 2, 2, 2],
  max: [1.5, 2.5],
  passed: [],
  failed: [4, 3],
  inconclusive: [1.5, 2.5],
  neutral: [],
};

const NUMBERED_DASHES = [[], [7, 3], [2, 2], [8, 3, 2, 3]] as const;

export type MarkerShape = 'circle' | 'cross' | 'triangle' | 'square' | 'diamond';

const MARKERS: Readonly<Partial<Record<NamedRole, MarkerShape>>> = {
  failed: 'cross',
  target: 'cross',
  inconclusive: 'triangle',
  generator: 'square',
  network: 'diamond',
};

const NUMBERED_MARKERS = ['circle', 'square', 'triangle', 'diamond', 'cross'] as const;

/** The number of colours for things of a kind. After so many they begin anew, with other dashes. */
export const NUMBERED_COLOURS = 7;

/** Returns the number of a role such as run12, and null of a role that has a name. */
function numberOf(role: ChartRole): number | null {
  const digits = /^run(\d+)$/.exec(role)?.[1];
  return digits === undefined ? null : Number(digits);
}

/** Returns the name of the role's colour: of its class in the SVG, `c-NAME`, and of its property in the styles, `--c-NAME`. */
export function colourName(role: ChartRole): string {
  const number = numberOf(role);
  return number === null ? role : `run${number % NUMBERED_COLOURS}`;
}

export function dashOf(role: ChartRole): readonly number[] {
  const number = numberOf(role);
  return number === null ? DASHES[role as NamedRole] : NUMBERED_DASHES[number % NUMBERED_DASHES.length]!;
}

export function markerOf(role: ChartRole): MarkerShape {
  const number = numberOf(role);
  if (number !== null) return NUMBERED_MARKERS[number % NUMBERED_MARKERS.length]!;
  return MARKERS[role as NamedRole] ?? 'circle';
}
