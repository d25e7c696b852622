/** What an agent lets others make it do. */
export interface PlanLimits {
  /** Networks with ports, as typed: `10.0.0.0/8:80,443`. */
  readonly targets: readonly string[];
  /** The most connections, or pings, that this agent starts a second; null: as many as it can. */
  readonly maxRatePerSec: number | null;
  /** The longest run, in ns, all its rounds together. */
  readonly maxDurationNs: number;
}
