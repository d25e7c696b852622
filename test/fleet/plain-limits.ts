import type { OwnLimits } from '../../src/fleet/trust/plan-limits.ts';
import { LOOPBACK_TARGETS } from '../../src/plan/address/allowed-targets.ts';

/** The limits of an agent that was given none but the time. */
export const PLAIN_LIMITS: OwnLimits = { targets: LOOPBACK_TARGETS, maxRatePerSec: null, maxDurationNs: 3600e9 };
