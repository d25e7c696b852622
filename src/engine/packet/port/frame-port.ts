/** The seam between the TCP of this engine and what carries its frames: an interface of the machine, or a wire in memory for tests. */
import type { Deadline } from '../../seam/engine.ts';

/** Takes what came, frame by frame. */
export interface FrameReceiver {
  /**
   * An Ethernet frame of `length` bytes lies at `offset` of the port's bytes. It is the port's again after the call, so that what is to be
   * kept is copied.
   */
  frame(offset: number, length: number): void;
}

/** The other threads of a run, whose frames may come in here. They run the same rounds, one after the other. */
export interface Companions {
  /** This thread begins a round. */
  enter(): void;
  /** This thread has ended its round. */
  leave(): void;
  /** Another thread is in the round that this one left. With `late`, one that has not begun it does not count: it may never. */
  areAtWork(late: boolean): boolean;
}

/**
 * One thread's way to the wire. Frames are places in one block of memory that the kernel reads and writes too; nothing is allocated for
 * one. Every offset that `take` and `receive` give is 2 above a multiple of 4, so that what follows the 14 bytes of an Ethernet header is
 * aligned.
 */
export interface FramePort {
  /** All frames, and the same memory for numbers in network order. */
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** Null where there is one thread. */
  readonly companions: Companions | null;
  /** How many bytes fit a frame that is sent. */
  readonly frameBytes: number;
  /** The offset of a frame to write into, or -1 where all are under way. */
  take(): number;
  /** Hands over a frame that was taken; it leaves with the next `flush`, or before. */
  send(offset: number, length: number): void;
  /** Gives back a frame that was taken and is not to be sent. */
  give(offset: number): void;
  /** Lets leave what was sent. */
  flush(): void;
  /**
   * Hands what has come to the receiver, a bounded number of frames. Returns how many these were. Never waits. It reads the clock when it has
   * seen that frames are there: all that it hands over had come by the clock's last reading.
   */
  receive(receiver: FrameReceiver): number;
  /**
   * Called from inside `receive` for a frame of a connection that this thread does not have: gives a copy to thread `owner`, or where that is
   * below 0 to the others in turn, who get it from their `receive`. False where there is no other thread to ask: no thread has it.
   */
  pass(offset: number, length: number, owner: number): boolean;
  /** Flushes, then waits until a frame comes, a watched descriptor is written to, or the deadline is over. */
  wait(deadline: Deadline): void;
  /** See `ClientEngine.watch`. */
  watch(fd: number): void;
  dispose(): void;
}
