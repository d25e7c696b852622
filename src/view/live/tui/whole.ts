/** What a round has counted so far, from its complete seconds. */
import { LatencyHistogram } from '../../../count/histogram.ts';
import { CLOCKS, type ClockLatencies, type IntervalResult } from '../../../document/client.ts';
import type { LatencySummary } from '../../../document/common.ts';
import { OUTCOMES, type OutcomeName } from '../../../document/outcome.ts';
import type { CriterionRound } from '../../../judge/criterion.ts';
import type { SecondEvent } from '../../../run/events.ts';

/** Latencies by the names of clocks. */
export type Summaries = Readonly<Record<string, LatencySummary>>;

/** The sums of the measured seconds of a round, or of its warm-up until it is over. */
export class WholeRound {
  readonly offeredPerSec: number | null;
  seconds = 0;
  scheduled = 0;
  started = 0;
  established = 0;
  missed = 0;
  ok = 0;
  failed = 0;
  lost = 0;
  emptyResponses = 0;
  inFlightMax = 0;
  cpuUsec = 0;
  /** Connections that `cpuUsec` was for. */
  cpuStarted = 0;
  readonly probe = { sent: 0, received: 0, lost: 0 };
  readonly outcomes = Object.fromEntries(OUTCOMES.map((name) => [name, 0])) as Record<OutcomeName, number>;
  /** What was added to the kernel's counters. */
  readonly kernel: Record<string, number> = {};
  /** What was added to the counts of the packet engine. */
  readonly packet: Record<string, number> = {};
  readonly #histograms = new Map<string, LatencyHistogram>();
  latency: Summaries = {};

  constructor(offeredPerSec: number | null) {
    this.offeredPerSec = offeredPerSec;
  }

  /** Attempts that have ended. */
  get ended(): number {
    return this.ok + this.failed;
  }

  add({ of, counts, latency }: SecondEvent): void {
    this.seconds += counts.length_sec;
    this.scheduled += counts.scheduled;
    this.missed += counts.missed;
    this.inFlightMax = Math.max(this.inFlightMax, counts.in_flight);
    if (of === 'connections') this.#addConnections(counts);
    else {
      this.started += counts.sent;
      this.ok += counts.received;
      this.lost += counts.lost;
    }
    for (const [clock, histogram] of Object.entries(latency)) {
      let whole = this.#histograms.get(clock);
      if (whole === undefined) this.#histograms.set(clock, (whole = new LatencyHistogram()));
      whole.join(histogram);
    }
    this.latency = summariesOf(Object.fromEntries(this.#histograms));
  }

  #addConnections(counts: IntervalResult): void {
    this.started += counts.started;
    this.established += counts.established;
    this.ok += counts.ok;
    this.failed += counts.failed;
    this.emptyResponses += counts.empty_responses ?? 0;
    this.outcomes.ok += counts.ok;
    for (const [name, count] of Object.entries(counts.outcomes ?? {})) this.outcomes[name as OutcomeName] += count;
    const { probe } = counts;
    if (probe === undefined) return;
    this.probe.sent += probe.sent;
    this.probe.received += probe.received;
    this.probe.lost += probe.lost;
  }

  addKernel(added: Readonly<Record<string, number>>): void {
    addTo(this.kernel, added);
  }

  addPacket(added: Readonly<Record<string, number>>): void {
    addTo(this.packet, added);
  }

  /** The round as criteria judge it. Attempts that are still open count as not started: they have not failed. */
  forCriteria(): CriterionRound {
    const perSec = (count: number): number => (this.seconds > 0 ? count / this.seconds : 0);
    const probeRtt = this.latency['probe'];
    return {
      offered_rate_per_sec: this.offeredPerSec,
      duration_sec: this.seconds,
      attempts: {
        scheduled: this.scheduled,
        started: this.ended,
        missed: this.missed,
        in_flight_max: this.inFlightMax,
      },
      outcomes: this.outcomes,
      empty_responses: this.emptyResponses,
      rate_per_sec: {
        started: perSec(this.started),
        established: perSec(this.established),
        completed: perSec(this.ok),
      },
      latency_ns: Object.fromEntries(
        CLOCKS.map((clock) => [clock, this.latency[clock] ?? NOTHING]),
      ) as unknown as ClockLatencies,
      cpu: {
        user_usec: this.cpuUsec,
        system_usec: 0,
        usec_per_connection: this.cpuStarted > 0 ? this.cpuUsec / this.cpuStarted : 0,
      },
      ...(probeRtt === undefined ? {} : { probe: { ...this.probe, rtt_ns: probeRtt } }),
    };
  }
}

function addTo(counts: Record<string, number>, added: Readonly<Record<string, number>>): void {
  for (const [path, count] of Object.entries(added)) counts[path] = (counts[path] ?? 0) + count;
}

const NOTHING = new LatencyHistogram().summary();

/** The figures of histograms, by clock. */
export function summariesOf(latency: Readonly<Record<string, LatencyHistogram>>): Summaries {
  return Object.fromEntries(Object.entries(latency).map(([clock, histogram]) => [clock, histogram.summary()]));
}
