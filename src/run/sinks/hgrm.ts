/** `--hgrm`: the percentile tables of each round, as HdrHistogram's plotter takes them. */
import { percentileTable } from '../../count/hdr-histogram.ts';
import { printable } from '../../units/printable.ts';
import { VERSION } from '../../units/version.ts';
import type { RoundEnded, RunEvent, Sink } from '../events.ts';
import { SinkFile, lineSink, type SinkSetup } from './sink.ts';
import { histogramTag, isByTag, tableFile } from './tags.ts';

/** The table of one clock of one round, with its title. */
interface Table {
  readonly tag: string;
  readonly text: string;
}

/** Opens one file for all tables; or, where the name has a `%`, one for each. */
export function openSink(setup: SinkSetup): Sink {
  const tablesOf = tableMaker();
  if (!isByTag(setup.path)) {
    return lineSink(setup, (event) =>
      tablesOf(event)
        .map(({ text }) => text)
        .join(''),
    );
  }
  const files: Promise<boolean>[] = [];
  return {
    on: (event) => {
      for (const { tag, text } of tablesOf(event)) {
        const file = new SinkFile({ ...setup, path: tableFile(setup.path, tag) });
        file.append(text);
        files.push(file.end('commit'));
      }
    },
    close: async () => (await Promise.all(files)).every((isWhole) => isWhole),
  };
}

/** The tables of a round's end; percentiles of a round come from the counts of all of it. */
function tableMaker(): (event: RunEvent) => readonly Table[] {
  let of = '';
  return (event) => {
    if (event.type === 'run-started') of = `${event.command} ${printable(event.target)}`;
    return event.type === 'round-ended' ? tables(event, of) : [];
  };
}

function tables(event: RoundEnded, of: string): Table[] {
  // A clock that nothing was measured by has no percentiles.
  const measured = Object.entries(event.latency).filter(([, histogram]) => histogram.count > 0);
  return measured.map(([clock, histogram]) => {
    const tag = histogramTag(event, clock);
    // Readers of .hgrm files skip the title.
    const title = `#[conngen ${VERSION}: ${tag} of ${of}; values in µs]`;
    return { tag, text: `${title}\n${percentileTable(histogram)}\n` };
  });
}
