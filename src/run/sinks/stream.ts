/** `--stream`: a line of JSON for each second, of a server and of each agent of a fleet too, and for each cell of a lab. */
import { encodeHistogram } from '../../count/hdr-histogram.ts';
import type { AgentLine, CellLine, ServerLine } from '../../document/interval.ts';
import type { AgentTold, RunCommand, ServerSecond, Sink } from '../events.ts';
import { Intervals } from '../interval.ts';
import { lineSink, type SinkSetup } from './sink.ts';

/** Opens a stream. The seconds of a warm-up are in it, marked. */
export function openSink(setup: SinkSetup): Sink {
  const intervals = new Intervals();
  let lab = '';
  let command: RunCommand = 'client';
  return lineSink(setup, (event) => {
    if (event.type === 'run-started') ({ target: lab, command } = event);
    if (event.type === 'cell-ended') {
      const line: CellLine = { schema: 'conngen.cell/1', command: 'lab', lab, ...event.result };
      return `${JSON.stringify(line)}\n`;
    }
    if (event.type === 'agent') return `${JSON.stringify(agentLine(event, command))}\n`;
    if (event.type === 'server-second') return `${JSON.stringify(serverLine(event))}\n`;
    const interval = intervals.next(event);
    if (interval === null || event.type !== 'second') return '';
    const histograms = Object.fromEntries(
      Object.entries(event.latency).map(([clock, histogram]) => [clock, encodeHistogram(histogram)]),
    );
    return `${JSON.stringify({ ...interval, histograms })}\n`;
  });
}

function agentLine(event: AgentTold, command: RunCommand): AgentLine {
  const { round, trial, agent, share, state, why, second, scheduled, started, missed } = event;
  return {
    schema: 'conngen.agent/1',
    command: command as AgentLine['command'],
    ...(trial === undefined ? {} : { trial }),
    ...{ round, agent, share, state, why, second, scheduled, started, missed },
    lag_p99_ns: event.lagP99Ns,
    clock_error_ns: Math.round(event.clockErrorNs),
  };
}

function serverLine({ second, startNs, counts }: ServerSecond): ServerLine {
  const { start_sec: _, ...counted } = counts;
  const elapsedSec = Math.round(startNs / 1e6) / 1e3;
  return { schema: 'conngen.server-second/1', command: 'server', second, elapsed_sec: elapsedSec, ...counted };
}
