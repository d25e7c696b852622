/** From the events of a run to the values of its metrics. */
import type { IntervalResult } from '../../document/client.ts';
import type { TrialResult } from '../../document/limit.ts';
import { OUTCOMES, OUTCOME_TRAITS, type OutcomeName } from '../../document/outcome.ts';
import type { RttInterval } from '../../document/rtt.ts';
import type { ServerInterval } from '../../document/server.ts';
import { VERSION } from '../../units/version.ts';
import type {
  AgentState,
  AgentTold,
  Health,
  RoundEnded,
  RoundStarted,
  RunEvent,
  RunStarted,
  SecondEvent,
} from '../events.ts';
import { METRICS, METRIC_NAMES, metricOf, type MetricName } from './catalogue.ts';
import { MetricStore, type Family } from './store.ts';

const AGENT_STATES: readonly AgentState[] = ['running', 'ended', 'lost'];
/** Agents with series of their own. Of more, a system that stores series would have thousands of a run. */
const AGENTS_MAX = 100;

/** What the trials of a search say of one goal: whether its last trial at each load met it. */
interface Bracket {
  readonly labels: Readonly<Record<string, string>>;
  readonly met: Map<number, boolean>;
}

/** Follows the events of one run. */
export class RunMetrics {
  readonly #store = new MetricStore();
  readonly #brackets = new Map<string, Bracket>();
  #startedAt = new Date();
  /** What each agent of a fleet is doing. */
  readonly #agents = new Map<string, { readonly state: AgentState | null; readonly hasSeries: boolean }>();

  /** When the run began; before that, when this was made. */
  get startedAt(): Date {
    return this.#startedAt;
  }

  /** Changes whenever a value does. */
  get revision(): number {
    return this.#store.revision;
  }

  /** The metrics that have a value by now. */
  families(): Family[] {
    return this.#store.families();
  }

  on(event: RunEvent): void {
    if (event.type === 'run-started') this.#begin(event);
    else if (event.type === 'round-started') this.#beginRound(event);
    else if (event.type === 'second') this.#addSecond(event);
    else if (event.type === 'server-second') this.#addServer(event.counts);
    else if (event.type === 'health') this.#addHealth(event);
    else if (event.type === 'agent') this.#addAgent(event);
    else if (event.type === 'round-ended') this.#endRound(event);
    else if (event.type === 'trial-ended') this.#addTrial(event.result);
    // A moment stays true while the time that is left runs out.
    else if (event.type === 'estimate')
      this.#store.set('expected_end_time', Math.round(Date.now() / 1e3 + event.leftSec));
  }

  #begin({ command, engine, startedAt }: RunStarted): void {
    this.#startedAt = startedAt;
    this.#store.set('build_info', 1, { version: VERSION, engine: engine ?? '', command });
    this.#store.set('run_start_time', startedAt.getTime() / 1e3);
    // A series that begins at 0 shows its first increase; one that begins later does not.
    for (const name of METRIC_NAMES) {
      const { kind, labels, of } = metricOf(name);
      if (kind === 'counter' && labels === undefined && of.includes(command) && !isOptional(name))
        this.#store.add(name, 0);
    }
    if (METRICS.connections_finished.of.some((each) => each === command)) {
      for (const outcome of OUTCOMES) this.#store.add('connections_finished', 0, { outcome, owner: ownerOf(outcome) });
    }
  }

  #beginRound({ round, trial, offeredRatePerSec }: RoundStarted): void {
    this.#store.set('round', round + 1);
    if (trial !== undefined) this.#store.set('trial', trial + 1);
    if (offeredRatePerSec === null) this.#store.clear('offered_rate');
    else this.#store.set('offered_rate', offeredRatePerSec);
  }

  #addSecond(event: SecondEvent): void {
    this.#store.set('warmup', event.warmup ? 1 : 0);
    if (event.of === 'connections') this.#addLoad(event.counts, event.warmup);
    else this.#addPings(event.counts, event.warmup);
    if (event.warmup) return;
    for (const [clock, histogram] of Object.entries(event.latency)) {
      if (isHistogram(clock)) this.#store.join(clock, histogram);
    }
  }

  #addLoad(counts: IntervalResult, warmup: boolean): void {
    const store = this.#store;
    store.set('connections_in_flight', counts.in_flight);
    store.set('connections_held', counts.held);
    if (warmup) return;
    store.add('connections_scheduled', counts.scheduled);
    store.add('connections_started', counts.started);
    store.add('connections_missed', counts.missed);
    store.add('connections_established', counts.established);
    store.add('connections_finished', counts.ok, { outcome: 'ok', owner: ownerOf('ok') });
    for (const [name, count] of Object.entries(counts.outcomes ?? {})) {
      const outcome = name as OutcomeName;
      store.add('connections_finished', count, { outcome, owner: ownerOf(outcome) });
    }
    store.add('empty_responses', counts.empty_responses ?? 0);
    store.add('sent', counts.bytes.sent);
    store.add('received', counts.bytes.received);
    if (counts.probe === undefined) return;
    store.add('probe_pings_sent', counts.probe.sent);
    store.add('probe_pings_received', counts.probe.received);
    store.add('probe_pings_lost', counts.probe.lost);
  }

  #addPings(counts: RttInterval, warmup: boolean): void {
    const store = this.#store;
    store.set('pings_in_flight', counts.in_flight);
    if (warmup) return;
    store.add('pings_scheduled', counts.scheduled);
    store.add('pings_sent', counts.sent);
    store.add('pings_received', counts.received);
    store.add('pings_lost', counts.lost);
    store.add('pings_missed', counts.missed);
    store.add('pings_aborted', counts.aborted);
    store.add('pings_out_of_order', counts.out_of_order);
    store.add('pings_late', counts.late);
    store.add('pings_duplicate', counts.duplicates);
  }

  #addServer(counts: ServerInterval): void {
    const store = this.#store;
    for (const [index, each] of counts.listeners.entries()) {
      const labels = { listener: String(index) };
      store.add('server_accepted', each.accepted, labels);
      store.add('server_completed', each.completed, labels);
      store.add('server_rejected', each.rejected, labels);
    }
    store.add('server_idle_closed', counts.idle_closed);
    store.add('server_aborted', counts.aborted);
    for (const [error, count] of Object.entries(counts.errors)) store.add('server_errors', count, { error });
    store.set('server_open', counts.open);
    store.add('sent', counts.bytes.sent);
    store.add('received', counts.bytes.received);
    this.#addPackets(counts.packet ?? {});
    if (counts.datagrams === undefined) return;
    store.add('server_datagrams_received', counts.datagrams.received);
    store.add('server_datagrams_sent', counts.datagrams.sent);
    for (const [reason, count] of Object.entries(counts.datagrams.dropped ?? {}) as [string, number][])
      store.add('server_datagrams_dropped', count, { reason });
  }

  #addHealth({ threads, cpuUsec, added, fills, packet = {} }: Health): void {
    const store = this.#store;
    store.add('process_cpu', cpuUsec / 1e6);
    // Threads of a fleet have no number of their own.
    for (const [index, use] of this.#agents.size > 0 ? [] : threads.entries()) {
      const labels = { thread: String(index) };
      if (use.cpu_usec !== undefined) store.add('thread_cpu', use.cpu_usec / 1e6, labels);
      if (use.run_queue_wait_usec !== undefined)
        store.add('thread_run_queue_wait', use.run_queue_wait_usec / 1e6, labels);
    }
    for (const [counter, count] of Object.entries(added)) store.add('kernel_events', count, { counter });
    this.#addPackets(packet);
    for (const [table, fill] of Object.entries(fills)) store.set('kernel_fill', fill, { table });
  }

  #addPackets(packet: Readonly<Record<string, number>>): void {
    for (const [counter, count] of Object.entries(packet)) this.#store.add('packet_events', count, { counter });
  }

  #addAgent({ agent, state, lagP99Ns, clockErrorNs }: AgentTold): void {
    const known = this.#agents.get(agent);
    const own = known ?? { state: null, hasSeries: this.#agents.size < AGENTS_MAX };
    if (own.state !== state) {
      this.#agents.set(agent, { ...own, state });
      const states = [...this.#agents.values()].map((each) => each.state);
      for (const each of AGENT_STATES) {
        this.#store.set('agents', states.filter((other) => other === each).length, { state: each });
      }
    }
    if (!own.hasSeries) return;
    this.#store.set('agent_schedule_lag_p99', lagP99Ns / 1e9, { agent });
    this.#store.set('agent_clock_error', clockErrorNs / 1e9, { agent });
  }

  #endRound({ result }: RoundEnded): void {
    const { status, reasons } = result.verdict;
    this.#store.add('rounds', 1, { status });
    const codes = reasons.length === 0 ? ['none'] : reasons.map(({ code }) => code);
    for (const reason of new Set(codes)) this.#store.add('verdict', 1, { status, reason });
  }

  #addTrial({ passed, quantity, payload_file: payload, ...load }: TrialResult): void {
    const value = quantity === 'rate' ? load.rate_per_sec : loadOf(quantity, load);
    for (const [goal, met] of Object.entries(passed)) {
      // Where this machine was the limit, the trial says nothing of the goal.
      if (met === null || value === null) continue;
      const labels = { goal, quantity, payload: payload ?? '' };
      const key = Object.values(labels).join('\0');
      const bracket = this.#brackets.get(key) ?? { labels, met: new Map<number, boolean>() };
      this.#brackets.set(key, bracket);
      bracket.met.set(value, met);
      this.#tellBracket(bracket);
    }
  }

  #tellBracket({ labels, met }: Bracket): void {
    const upper = Math.min(...[...met].filter(([, isMet]) => !isMet).map(([load]) => load));
    const lower = Math.max(...[...met].filter(([load, isMet]) => isMet && load < upper).map(([load]) => load));
    if (Number.isFinite(upper)) this.#store.set('search_upper', upper, labels);
    if (Number.isFinite(lower)) this.#store.set('search_lower', lower, labels);
  }
}

/** The load of a trial in stages. */
function loadOf(
  quantity: TrialResult['quantity'],
  load: Pick<TrialResult, 'connections' | 'exchange_rate_per_sec'>,
): number | null {
  return quantity === 'connections' ? load.connections : load.exchange_rate_per_sec;
}

function ownerOf(outcome: OutcomeName): string {
  if (outcome === 'ok') return 'none';
  const { owner } = OUTCOME_TRAITS[outcome];
  return owner === 'nobody' ? 'unattributed' : owner;
}

/** Whether a counter is only there with the option that it belongs to. */
function isOptional(name: MetricName): boolean {
  return name.startsWith('probe_') || name.startsWith('server_datagrams_') || name === 'process_cpu';
}

function isHistogram(clock: string): clock is MetricName {
  return Object.hasOwn(METRICS, clock) && metricOf(clock as MetricName).kind === 'histogram';
}
