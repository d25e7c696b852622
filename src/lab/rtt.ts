/** `lab rtt`: round trips of every engine beside blocking sockets, by rate, beside tasks on the same loop. */
import { PING_ENGINE_NAMES, engineHas, type PingEngineName } from '../plan/engines.ts';
import { selectEngine } from '../engine/registry.ts';
import { allowedCpuList } from '../kernel/machine/cpus.ts';
import type { RttResult, RttRound } from '../document/rtt.ts';
import { parseCpuList } from '../plan/demand/cpus.ts';
import { NS_PER_MS, NS_PER_SEC } from '../units/quantity.ts';
import { besideServer, durationArgument, resultOf } from './children.ts';
import { refusedEngines } from './engines.ts';
import type { CellContext, Lab } from './lab.ts';
import { RTT_LAB } from '../document/labs.ts';
import type { AxisValue, Cell, CellMeasurement } from '../document/lab-description.ts';

/** The most samples of a round, evenly over it: enough for a density, few enough for a file that can be opened. */
const SAMPLES = 1000;

const PROTOCOLS = ['tcp', 'udp'];
/** `closed`: the next ping waits for the reply. `pipelined`: it leaves when it is due. */
const LOOPS = ['closed', 'pipelined'];
const BACK_TO_BACK = 'max';
const RATES = [1, 10, 100, 1000, 10_000, 100_000, 1_000_000, BACK_TO_BACK];

export const RTT: Lab = {
  ...RTT_LAB,
  times: {
    // At 1/s, the fewest round trips that give an interval of confidence.
    full: { settleNs: NS_PER_SEC, warmupNs: NS_PER_SEC, durationNs: 6 * NS_PER_SEC },
    quick: { settleNs: 100 * NS_PER_MS, warmupNs: 300 * NS_PER_MS, durationNs: 500 * NS_PER_MS },
  },
  overheadSec: 1,
  axes: (quick) => [
    { name: 'engine', values: PING_ENGINE_NAMES },
    { name: 'protocol', values: PROTOCOLS },
    { name: 'loop', values: quick ? LOOPS.slice(0, 1) : LOOPS },
    { name: 'rate', label: 'pings per second', values: quick ? [1000, BACK_TO_BACK] : RATES },
    { name: 'tasks', label: 'busy tasks', values: quick ? [0, 100] : [0, 10, 100, 1000] },
  ],
  isWanted: ({ engine, loop, rate }) =>
    loop === 'closed' || (!engineHas(engine, 'waitsForEachReply') && rate !== BACK_TO_BACK),
  refusals: (cells) => refusedEngines(cells, (engine) => selectEngine(engine as PingEngineName)),
  measure,
};

async function measure({ axes }: Cell, context: CellContext): Promise<CellMeasurement> {
  const { server, pinger } = cores();
  const { measured } = await besideServer(
    context,
    ['--listeners', '1', '--protocol', String(axes['protocol']), ...pinned(server)],
    (port) => resultOf<RttResult>(context, rttArguments(axes, port, pinned(pinger), context)),
  );
  const [round] = measured.rounds;
  if (round === undefined) throw new Error(measured.error?.message ?? 'no round was run');
  const { samples } = round;
  if (samples === undefined || samples.rtt_ns.length === 0) throw new Error(whyNothing(round));
  return { samples: samples.rtt_ns, atSec: samples.at_sec, figures: figuresOf(round) };
}

function rttArguments(
  axes: Readonly<Record<string, AxisValue>>,
  port: number,
  cpu: readonly string[],
  { times }: CellContext,
): string[] {
  const rate = String(axes['rate']);
  const isClosed = axes['loop'] === 'closed' && rate !== BACK_TO_BACK;
  return [
    'rtt',
    `127.0.0.1:${port}`,
    ...['--engine', String(axes['engine']), '--protocol', String(axes['protocol'])],
    ...['--rate', rate, ...(isClosed && !engineHas(axes['engine'], 'waitsForEachReply') ? ['--pipeline', '1'] : [])],
    ...['--busy-tasks', String(axes['tasks']), '--samples', String(SAMPLES), ...cpu],
    ...['--warmup', durationArgument(times.warmupNs), '--duration', durationArgument(times.durationNs)],
  ];
}

function whyNothing({ sent, lost, verdict }: RttRound): string {
  return verdict.reasons[0]?.message ?? `of ${sent} pings ${lost} were lost and none came back`;
}

function figuresOf(round: RttRound): CellMeasurement['figures'] {
  const { busy, sent, lost } = round;
  return {
    offered_per_sec: round.offered_rate_per_sec,
    achieved_per_sec: round.achieved_rate_per_sec,
    lost_percent: sent > 0 ? (lost / sent) * 100 : null,
    missed: round.missed,
    all_p50_ns: round.rtt_ns.p50,
    all_p99_ns: round.rtt_ns.p99,
    corrected_p50_ns: round.corrected_rtt_ns.p50,
    busy_skipped_percent: busy === undefined ? null : (busy.skipped / Math.max(1, busy.ticks + busy.skipped)) * 100,
    cpu_usec_per_ping: round.cpu.usec_per_ping,
  };
}

/** A core for each end where there are two; else the kernel places them. */
function cores(): { readonly server: number | null; readonly pinger: number | null } {
  const list = allowedCpuList();
  const parsed = list === undefined ? null : parseCpuList(list);
  if (parsed === null || !parsed.ok || parsed.value.length < 2) return { server: null, pinger: null };
  return { server: parsed.value[0]!, pinger: parsed.value[1]! };
}

function pinned(cpu: number | null): string[] {
  return cpu === null ? [] : ['--cpu', String(cpu)];
}
