/** What results say of the machines of a fleet, and the document `conngen.fleet/1`. */
import type { Finding, Verdict } from './common.ts';
import type { KernelEvidence } from './kernel-evidence.ts';
import type { PacketEvidence } from './packet-evidence.ts';
import type { LoadSystem, MachineSystem } from './system.ts';

/** One agent's part in a round. */
export interface AgentRound {
  /** The name of the agent. */
  readonly name: string;
  /** The part of the schedule that was the agent's: 0.25 is a quarter. */
  readonly share: number;
  /** How far the agent's clock may be from the controller's, in nanoseconds: half of the smallest round trip, and what the clocks drifted apart. Null where the round did not begin. */
  readonly clock_error_ns: number | null;
  /** How far the agent's clock drifted from the controller's during the round, in nanoseconds. The schedule followed it. Null where the round did not begin. */
  readonly clock_drift_ns: number | null;
  /** Attempts, or pings, that the agent's share of the schedule had. */
  readonly scheduled: number;
  /** Attempts, or pings, that the agent started. */
  readonly started: number;
  /** Attempts, or pings, that were due and were not started. What a lost agent did not report is among them (`lost.unreported`). */
  readonly missed: number;
  /** Reports of the agent that did not arrive. Where it is not 0, counts of the agent are missing in the sums; what is in no report counts as missed. */
  readonly reports_missing: number;
  /** The p99 of the agent's own schedule lag, in nanoseconds. */
  readonly lag_p99_ns: number;
  /** Why the agent was lost in this round; null where it was there to the end. */
  readonly lost: LostAgent | null;
  /** The verdict on the agent's part alone. Null where the agent was lost before it could tell, and where nothing was due at it. */
  readonly verdict: Verdict | null;
  /** What the agent's part alone shows. */
  readonly findings: readonly Finding[];
  /** What the kernel of the agent's machine counted. Only there on Linux. */
  readonly kernel?: KernelEvidence;
  /** What the agent's packet engine counted. Only there with `--engine packet`. */
  readonly packet?: PacketEvidence;
}

/** When an agent was lost. */
export interface LostAgent {
  /** What the controller knows of it, in a sentence. */
  readonly why: string;
  /** The end of the last second that the agent reported, since the end of the warm-up; null where it had reported none. */
  readonly reported_sec: number | null;
  /** Attempts, or pings, of the agent's share that were due and that it did not start, or did not report. They are missed; no other agent took them. */
  readonly missed: number;
  /** The part of `missed` that the agent may have started: it has not told all that it did. 0 where it has; then none of `missed` was started. */
  readonly unreported: number;
}

/** A machine of the fleet that a result was measured with. */
export interface FleetAgent {
  /** The name of the agent. */
  readonly name: string;
  /** The part of the schedule that was the agent's: 0.25 is a quarter. */
  readonly share: number;
  /** The address that the agent connected to. It is that of `config`: a run does not begin where agents find different ones. */
  readonly address: string;
  /** The agent's machine, engine and pacing threads. */
  readonly system: LoadSystem;
  /** Remarks of the agent on its part, a line each. */
  readonly notes: readonly string[];
}

/** The fleet that was asked for. */
export interface FleetConfig {
  /** Where NATS is (`--fleet`), without credentials. */
  readonly url: string;
  /** The agents (`--agents`): how many, or their names. */
  readonly agents: number | readonly string[];
  /** The parts of the schedule by the agent's name (`--share`). Only there where it was given; an agent without a name there has one part. */
  readonly share?: Readonly<Record<string, number>>;
}

/** Which part of a fleet's run a result is: that of one agent (`conngen agent --keep`). */
export interface FleetPart {
  /** The name of the run, which the fleet's own result has as `fleet.run`. */
  readonly run: string;
  /** The name of the agent. */
  readonly agent: string;
  /** The part of the schedule that was the agent's: 0.25 is a quarter. `config` has the rates of all agents together. */
  readonly share: number;
  /** Who ordered the run, as `user@host`. */
  readonly controller: string;
}

/** The fleet that a result was measured with. */
export interface FleetUse {
  /** The name of the run: `conngen agent --keep` names its files after it. */
  readonly run: string;
  /** Where NATS is, without credentials. */
  readonly url: string;
  /** The agents, in the order of their turns. */
  readonly agents: readonly FleetAgent[];
  /** Remarks on the agents together, a line each. Only there where there are any. */
  readonly notes?: readonly string[];
}

/** What an agent is doing. */
export type AgentState = 'free' | 'busy' | 'incompatible';

/** What an agent is running. */
export interface AgentRun {
  /** The command: client, search, saturate or rtt. */
  readonly command: string;
  /** Who runs it, as `user@host`. */
  readonly controller: string;
  /** The target. */
  readonly target: string;
}

/** An agent that answered. */
export interface ListedAgent {
  /** The name of the agent. */
  readonly name: string;
  /** The version of conngen that the agent runs. */
  readonly conngen: string;
  /** The number of the protocol that the agent speaks. */
  readonly protocol: number;
  /** Whether the agent can be used now. `incompatible`: it speaks another protocol than this conngen. */
  readonly state: AgentState;
  /** What the agent is running, for whom and against what; null where it is free. */
  readonly running: AgentRun | null;
  /** The processors that the agent may use. Only there where the agent is not `incompatible`, as all keys below but the last. */
  readonly cpus?: number;
  /** The engines that work there. */
  readonly engines?: readonly string[];
  /** The agent's own source addresses; empty where its kernel chooses. */
  readonly sources?: readonly string[];
  /** What the agent may aim at: networks with ports. */
  readonly targets?: readonly string[];
  /** The most connections, or pings, that the agent starts a second; null: as many as it can. */
  readonly max_rate_per_sec?: number | null;
  /** The longest run that the agent takes, in seconds. */
  readonly max_duration_sec?: number;
  /** The fingerprints of the keys that the agent trusts; empty: it takes unsigned orders. */
  readonly trusts?: readonly string[];
  /** How long a message takes to the agent and back, in nanoseconds: the smallest of several. */
  readonly round_trip_ns: number | null;
}

/** The answer of `conngen fleet`: who is there. */
export interface FleetResult {
  /** The kind of document and its version. */
  readonly schema: 'conngen.fleet/1';
  /** The version of conngen. */
  readonly conngen: string;
  /** When the agents were asked, in ISO 8601, UTC. */
  readonly started_at: string;
  /** The machine that asked. */
  readonly system: MachineSystem;
  /** Where NATS is, without credentials. */
  readonly url: string;
  /** The agents that answered, by name. */
  readonly agents: readonly ListedAgent[];
}
