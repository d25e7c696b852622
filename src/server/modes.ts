import type { RespondOn, ServerMode } from '../plan/plan.ts';

/** What a mode can do with a connection. */
export interface ModeActions {
  readonly phase: Uint8Array;
  /** Sends back what was just received. */
  echo(slot: number): void;
  respond(slot: number): void;
  halfClose(slot: number): void;
  /** Closes it, and counts it as completed. */
  complete(slot: number): void;
  reset(slot: number): void;
  /** Closes it: the peer ended before it had asked for anything. */
  endEarly(slot: number): void;
}

/** How a server answers. Every function is called for single connections: none makes anything. */
export interface Mode {
  /** Whether connections are read at all. */
  readonly reads: boolean;
  /** Whether `halfClose` is ever called. */
  readonly halfCloses: boolean;
  accepted(actions: ModeActions, slot: number): void;
  received(actions: ModeActions, slot: number): void;
  /** Everything that was to be sent is with the kernel. */
  flushed(actions: ModeActions, slot: number): void;
  ended(actions: ModeActions, slot: number): void;
}

/** A connection that the mode is done with, and whose peer has not closed yet, is in this phase; in the others 0 is the first. */
export const LINGERING = 255;

const WAITING = 0;
const RESPONDING = 1;
/** Responding to a peer that has sent all it had. */
const RESPONDING_LAST = 2;

function nothing(): void {
  // Not in this mode.
}

function complete(actions: ModeActions, slot: number): void {
  actions.complete(slot);
}

const echo: Mode = {
  reads: true,
  halfCloses: false,
  accepted: nothing,
  received: (actions, slot) => actions.echo(slot),
  flushed: nothing,
  // Nothing is read before it is sent back: at the end of the stream nothing is left to send.
  ended: complete,
};

const discard: Mode = {
  reads: true,
  halfCloses: false,
  accepted: nothing,
  received: nothing,
  flushed: nothing,
  ended: complete,
};

const hold: Mode = { ...discard, reads: false };

const reset: Mode = {
  reads: false,
  halfCloses: false,
  accepted: (actions, slot) => actions.reset(slot),
  received: nothing,
  flushed: nothing,
  ended: nothing,
};

function startResponse(actions: ModeActions, slot: number, phase: number): void {
  actions.phase[slot] = phase;
  actions.respond(slot);
}

/**
 * Where the peer has not ended, the server shuts down writing and reads on to the peer's end: closing with unread data would
 * be a reset (RFC 9293, 3.10.4; RFC 1122, 4.2.2.13) that takes the response away from a peer that has not read it yet.
 */
function responded(actions: ModeActions, slot: number): void {
  if (actions.phase[slot] === RESPONDING_LAST) {
    actions.complete(slot);
    return;
  }
  actions.phase[slot] = LINGERING;
  actions.halfClose(slot);
}

function endedInResponse(actions: ModeActions, slot: number): void {
  const phase = actions.phase[slot];
  if (phase === LINGERING) actions.complete(slot);
  else if (phase === RESPONDING) actions.phase[slot] = RESPONDING_LAST;
  else actions.endEarly(slot);
}

const RESPOND: Readonly<Record<RespondOn, Mode>> = {
  eof: {
    reads: true,
    halfCloses: false,
    accepted: nothing,
    received: nothing,
    flushed: complete,
    ended: (actions, slot) => startResponse(actions, slot, RESPONDING_LAST),
  },
  data: {
    reads: true,
    halfCloses: true,
    accepted: nothing,
    received: (actions, slot) => {
      if (actions.phase[slot] === WAITING) startResponse(actions, slot, RESPONDING);
    },
    flushed: responded,
    ended: endedInResponse,
  },
  accept: {
    reads: true,
    halfCloses: true,
    accepted: (actions, slot) => startResponse(actions, slot, RESPONDING),
    received: nothing,
    flushed: responded,
    ended: endedInResponse,
  },
};

const MODES: Readonly<Record<Exclude<ServerMode, 'respond'>, Mode>> = { echo, discard, hold, reset };

export function modeOf(mode: ServerMode, respondOn: RespondOn): Mode {
  return mode === 'respond' ? RESPOND[respondOn] : MODES[mode];
}
