/**
 * `rate`: new connections per second. `connections`: how many are open at the same time. `teardown`: how many of those that are open are
 * closed per second, by both sides.
 */
export const QUANTITIES = ['rate', 'connections', 'teardown'] as const;

export type Quantity = (typeof QUANTITIES)[number];
