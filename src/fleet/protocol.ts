/**
 * What a controller and its agents say to each other: subjects, messages and the number of the protocol. All of it is plain data.
 *
 * A run of a fleet: the controller asks who is there (`who`), asks each chosen agent for a ticket (`ticket`), and sends it a signed
 * order to open a run (`open`). For each round it orders `prepare`, and when every agent is ready `begin` with one base time. Agents
 * report what they count (`Report`), numbered without a gap, until the controller has acknowledged it (`Beat`).
 */
import type { RoundResult } from '../document/client.ts';
import type { RttRound } from '../document/rtt.ts';
import type { MachineSecond, RoundPlace } from '../run/events.ts';
import type { LoadSystem } from '../document/system.ts';
import type { Check } from '../document/doctor.ts';
import { ALONE_SEC } from '../plan/fleet/fleet-choice.ts';
import type { RoundRate } from '../plan/plan.ts';
import type { Share } from '../plan/fleet/share.ts';
import type { Problem } from '../units/problem.ts';

/** Agents and controllers of another number do not work together. Raised when a message changes its meaning. */
export const PROTOCOL = 1;

export { AGENT_NAME } from '../plan/fleet/fleet-choice.ts';

/** The subjects. Permissions of the NATS server are written for these (`examples/fleet/nats.conf`). */
export const SUBJECTS = {
  /** Request of a controller to all agents; each answers with its `Description`. */
  who: 'conngen.fleet.who',
  /** Requests to one agent. */
  ticket: (agent: string) => `conngen.fleet.agent.${agent}.ticket`,
  clock: (agent: string) => `conngen.fleet.agent.${agent}.clock`,
  order: (agent: string) => `conngen.fleet.agent.${agent}.order`,
  /** Published by an agent once a second, also without a run: its `Description`. Empty: an agent that starts asks NATS whether anyone listens. */
  alive: (agent: string) => `conngen.fleet.alive.${agent}`,
  /** The reports of an agent; only the controller listens. */
  report: (agent: string) => `conngen.fleet.report.${agent}`,
  /** The signed beat of the controller of a run; its agents listen. */
  beat: (run: string) => `conngen.fleet.run.${run}.beat`,
  /** Requests of agents to the controller of a run, for a piece of a file. */
  file: (run: string) => `conngen.fleet.run.${run}.file`,
} as const;

/** The subjects below which answers to requests come in: one for each side, so that permissions keep others from listening there. */
export const ANSWERS = {
  controller: 'conngen.fleet.answers.controller',
  agent: (agent: string) => `conngen.fleet.answers.agent.${agent}`,
} as const;

/** The times of the protocol, in ms. */
export const TIMES = {
  /** Between two signs of life of an agent, and two beats of a controller. */
  beatMs: 1000,
  /** After so long without one, with a connection to NATS, the other side is lost. */
  silenceMs: 3000,
  /** How long a run goes on without a connection to NATS. */
  disconnectedMs: ALONE_SEC * 1000,
  /** How long a controller waits for what a lost agent can still tell of its round. */
  collectMs: 30_000,
  /** How long an agent keeps the reports of a run that is over: longer than any controller waits for them. */
  keptMs: 60_000,
  /** How long a ticket is good for, on the clock of the agent that gave it. */
  ticketMs: 30_000,
} as const;

/** The commands that a fleet runs. `search` and `saturate` are rounds of a client. */
export type FleetCommand = 'client' | 'rtt';

/** What an agent says of itself. */
export interface Description {
  readonly protocol: number;
  readonly conngen: string;
  readonly name: string;
  /** Tells two starts of an agent of the same name apart. */
  readonly instance: string;
  readonly system: Pick<LoadSystem, 'kernel' | 'node' | 'cpus'>;
  /** The engines that work there. */
  readonly engines: readonly string[];
  /** Its own source addresses (`--source`), as typed; empty: the kernel chooses. */
  readonly sources: readonly string[];
  /** Its own interface (`--interface`), which one run at a time can have; null without one. */
  readonly interface: string | null;
  /** Tells kernels apart: agents with the same one share processors and memory. */
  readonly machine: string;
  /** Tells kernels with their network namespaces apart: agents with the same one share addresses and ports. */
  readonly host: string;
  /** The address from which NATS sees the agent: agents on different hosts with the same one are behind one NAT. */
  readonly seenFrom: string | null;
  /** What it may aim at and how much, as typed. */
  readonly limits: PlanLimits;
  /** The fingerprints of the keys that it trusts; empty: it takes unsigned orders. */
  readonly trusts: readonly string[];
  /** The run that holds it; null where it is free. */
  readonly busy: {
    readonly run: string;
    readonly controller: string;
    readonly command: string;
    readonly target: string;
  } | null;
}

/** What an agent lets a controller make it do. */
export interface PlanLimits {
  /** Networks with ports, as typed: `10.0.0.0/8:80,443`. */
  readonly targets: readonly string[];
  /** The most connections, or pings, that this agent starts a second; null: as many as it can. */
  readonly maxRatePerSec: number | null;
  /** The longest run, in ns, all its rounds together. */
  readonly maxDurationNs: number;
}

/** The answer to a request for a ticket: good for one `open`, for `TIMES.ticketMs`. */
export interface Ticket {
  readonly ticket: string;
}

/** What every order has beside its kind. */
interface OrderHead {
  readonly protocol: number;
  readonly agent: string;
  readonly run: string;
  /** Counts from 0 in a run and rises with each order: an order that was seen before is refused. */
  readonly number: number;
}

/** A file that an option names on the controller's machine. */
export interface FileRef {
  readonly sha256: string;
  readonly bytes: number;
}

export type Order =
  | (OrderHead & {
      readonly kind: 'open';
      readonly ticket: string;
      /** For people: `user@host`. */
      readonly controller: string;
      readonly command: FleetCommand;
      /** What the user called: client, search, saturate or rtt. */
      readonly called: string;
      /** The options, as `--config` has them. */
      readonly values: Readonly<Record<string, unknown>>;
      /** Files that options name, by option. */
      readonly files: Readonly<Record<string, FileRef>>;
      /** Where trials find the rate: the highest. Null where the options say the rates. */
      readonly trialsUpToPerSec: number | null;
      readonly isInStages: boolean;
      readonly share: Share;
      /** Which part of the source ports is this agent's, where agents share an address: part k of `of`. */
      readonly portsPart: { readonly index: number; readonly of: number };
    })
  /** Gets ready for a round. The answer comes when the agent is. */
  | (OrderHead & {
      readonly kind: 'prepare';
      readonly place: RoundPlace;
      readonly rate: RoundRate;
      /** Null fields: as the options say. */
      readonly durationNs: number | null;
      readonly maxLagNs: number | null;
      readonly exchangePerSec: number | null;
    })
  /** Begins the round that was prepared, at a time of the agent's CLOCK_MONOTONIC in ns, as text. */
  | (OrderHead & { readonly kind: 'begin'; readonly baseNs: string })
  /** All agents have ended this stage (`client/stages.ts`): the next begins at this time of the agent's clock. */
  | (OrderHead & { readonly kind: 'stage'; readonly stage: number; readonly beginNs: string })
  /** Every slot of the round is due so much later than at its begin: the clocks have drifted. */
  | (OrderHead & { readonly kind: 'shift'; readonly shiftNs: number })
  /** Starts nothing more; what is open is waited for, and the round ends with its reports. */
  | (OrderHead & { readonly kind: 'stop' })
  /** The run is over; the agent is free. */
  | (OrderHead & { readonly kind: 'close' });

/**
 * A message with its signature, both in base64: Ed25519 over what the message is for and the bytes of `body` (`trust/sealed.ts`).
 * `key`: the fingerprint of the public key.
 */
export interface Signed {
  readonly body: string;
  readonly key: string | null;
  readonly signature: string | null;
}

/** Why an agent does not do what it was ordered. */
export interface Refusal {
  readonly code:
    | 'protocol'
    | 'untrusted'
    | 'replayed'
    | 'busy'
    | 'not_allowed'
    | 'over_limit'
    | 'no_engine'
    | 'options'
    | 'doctor'
    | 'no_connection'
    | 'run_unknown'
    | 'failed';
  readonly message: string;
  readonly hint?: string;
  readonly problems?: readonly Problem[];
}

/** What an agent answers to `open` when it can run its share. */
export interface Opened {
  readonly system: LoadSystem;
  readonly notes: readonly string[];
  /** What the doctor found for its share that is not ok. */
  readonly checks: readonly Check[];
  readonly workers: number;
  readonly maxInFlight: number;
  readonly isFdBound: boolean;
  /** Ports of its own over all source addresses, and how long one rests; null where none of them rests. */
  readonly ports: { readonly ports: number; readonly reuseDelayNs: number } | null;
  /** The address that it connects to. */
  readonly address: string;
}

export type Answer<T = Record<string, never>> = { readonly ok: T } | { readonly refused: Refusal };

/** What an agent tells of a run. Numbered from 0 without a gap, and kept until it is acknowledged. */
export type Report = { readonly run: string; readonly instance: string; readonly number: number } &
  /** What a worker counted in a second: the body of the message is the encoded bank. `of`: connections, or the pings of a probe or of rtt. */
  (
    | {
        readonly kind: 'bank';
        readonly of: 'connections' | 'pings';
        readonly place: RoundPlace;
        readonly worker: number;
      }
    | ({ readonly kind: 'health'; readonly place: RoundPlace } & MachineSecond)
    | { readonly kind: 'notice'; readonly level: 'info' | 'warning' | 'error' | 'failure'; readonly text: string }
    /** This agent's workers have ended a stage of the round. */
    | { readonly kind: 'stage'; readonly stage: number }
    /** The round is over, and all its banks were told. */
    | {
        readonly kind: 'round';
        readonly place: RoundPlace;
        readonly result: RoundResult | RttRound;
        /** How many banks were told of the round. */
        readonly banks: number;
        /** Why the agent ended the run before the end of the round; left out where it did not. */
        readonly why?: string;
      }
    /** The agent cannot go on with the run. */
    | { readonly kind: 'failed'; readonly code: string; readonly message: string }
  );

/**
 * The controller is there. `acknowledged`: by agent, the number below which it has every report. A beat names a part of the agents, in
 * turn: an agent that is not named hears nothing new.
 */
export interface Beat {
  readonly protocol: number;
  readonly run: string;
  readonly number: number;
  readonly acknowledged: Readonly<Record<string, number>>;
}

/** A piece of a file. The answer is its bytes; an empty answer: there is no such file. */
export interface FileRequest {
  readonly sha256: string;
  readonly offset: number;
  readonly length: number;
}
