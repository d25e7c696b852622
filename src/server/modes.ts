import type { RespondOn, ServerMode } from '../plan/plan.ts';

/** What a mode can do with a connection. */
export interface ModeActions {
  readonly phase: Uint8Array;
  /** Sends back what was just received. */
  echo(slot: number): void;
  respond(slot: number): void;
  halfClose(slot: number): void;
  /** Called when the request has arrived: does the work of the connection, if any, then the mode's `answer`. */
  answer(slot: number): void;
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
  /** What follows on `actions.answer`: called once, when the work is done and the connection is still there. */
  answer(actions: ModeActions, slot: number): void;
  received(actions: ModeActions, slot: number): void;
  /** Everything that was to be sent is with the kernel. */
  flushed(actions: ModeActions, slot: number): void;
  ended(actions: ModeActions, slot: number): void;
}

/** The phase of a connection that the mode has finished with while the peer has not closed yet. Phase 0 is the first of each mode. */
export const LINGERING = 255;

const WAITING = 0;
const RESPONDING = 1;
/** Responding to a peer that has sent all it had. */
const RESPONDING_LAST = 2;
/** Its work is under way; and the peer has sent all it had. */
const ASKED = 3;
const ASKED_LAST = 4;

function nothing(): void {
  // Not in this mode.
}

function complete(actions: ModeActions, slot: number): void {
  actions.complete(slot);
}

function answer(actions: ModeActions, slot: number): void {
  actions.answer(slot);
}

const echo: Mode = {
  reads: true,
  halfCloses: false,
  accepted: nothing,
  // Nothing is read before it is sent back: at the end of the stream nothing is left to send.
  answer: complete,
  received: (actions, slot) => actions.echo(slot),
  flushed: nothing,
  ended: answer,
};

const discard: Mode = {
  reads: true,
  halfCloses: false,
  accepted: nothing,
  answer: complete,
  received: nothing,
  flushed: nothing,
  ended: answer,
};

/** The peer's end is no reason to answer with one: it is held on, until the peer resets it, it is idle or the server stops. */
const hold: Mode = {
  ...discard,
  reads: false,
  answer: nothing,
  ended: (actions, slot) => {
    actions.phase[slot] = LINGERING;
  },
};

const reset: Mode = {
  reads: false,
  halfCloses: false,
  accepted: answer,
  answer: (actions, slot) => actions.reset(slot),
  received: nothing,
  flushed: nothing,
  ended: nothing,
};

function startResponse(actions: ModeActions, slot: number, phase: number): void {
  actions.phase[slot] = phase;
  actions.respond(slot);
}

function ask(actions: ModeActions, slot: number): void {
  actions.phase[slot] = ASKED;
  actions.answer(slot);
}

function respondToAsked(actions: ModeActions, slot: number): void {
  startResponse(actions, slot, actions.phase[slot] === ASKED_LAST ? RESPONDING_LAST : RESPONDING);
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
  else if (phase === ASKED) actions.phase[slot] = ASKED_LAST;
  else actions.endEarly(slot);
}

const RESPOND: Readonly<Record<RespondOn, Mode>> = {
  eof: {
    reads: true,
    halfCloses: false,
    accepted: nothing,
    answer: (actions, slot) => startResponse(actions, slot, RESPONDING_LAST),
    received: nothing,
    flushed: complete,
    ended: answer,
  },
  data: {
    reads: true,
    halfCloses: true,
    accepted: nothing,
    answer: respondToAsked,
    received: (actions, slot) => {
      if (actions.phase[slot] === WAITING) ask(actions, slot);
    },
    flushed: responded,
    ended: endedInResponse,
  },
  accept: {
    reads: true,
    halfCloses: true,
    accepted: ask,
    answer: respondToAsked,
    received: nothing,
    flushed: responded,
    ended: endedInResponse,
  },
};

const MODES: Readonly<Record<Exclude<ServerMode, 'respond'>, Mode>> = { echo, discard, hold, reset };

export function modeOf(mode: ServerMode, respondOn: RespondOn): Mode {
  return mode === 'respond' ? RESPOND[respondOn] : MODES[mode];
}
