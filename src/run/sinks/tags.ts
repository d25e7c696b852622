/** The names of histograms in logs and tables. Rounds and trials count from 1, as in the text of a result. */
import { basename, dirname, join } from 'node:path';
import type { RoundPlace } from '../events.ts';

/** What tags look like, for finding them in names of files. */
export const TAGS = /[rt][1-9]\d{0,9}\.[a-z_]+/g;

/** Stands in the name of `--hgrm` for the histogram's tag; then each has a file of its own. */
const TAG_PLACE = '%';

/** `r1.connect` for the first round, `t1.connect` for the first trial of a search or step of a saturation. */
export function histogramTag({ round, trial }: RoundPlace, clock: string): string {
  return trial === undefined ? `r${round + 1}.${clock}` : `t${trial + 1}.${clock}`;
}

/** Whether `--hgrm` writes a file for each histogram. */
export function isByTag(hgrm: string): boolean {
  return basename(hgrm).includes(TAG_PLACE);
}

/** The name of the file that holds the percentile table of `tag`. */
export function tableFile(hgrm: string, tag: string): string {
  return join(dirname(hgrm), basename(hgrm).replaceAll(TAG_PLACE, tag));
}
