/**
 * With a limit of open files below this a ring's table of descriptors, which the limit bounds too, has no room for more than the
 * connections themselves. A server whose table is full loses a connection that was taken already, where ordinary descriptors
 * leave it in the backlog: with small limits it does without such a table.
 */
export const ROOMY_FD_LIMIT = 4096;
