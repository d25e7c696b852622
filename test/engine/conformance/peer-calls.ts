/** What the peers of a test can be asked to do; see `peers.ts`. */

/**
 * What a peer does with the connections that it accepts:
 * - `echo`: sends back what comes, ends after the other end has;
 * - `drain`: reads, ends after the other end has;
 * - `silent`: reads, never sends, never ends;
 * - `unread`: reads nothing before `resume`, then like `drain`;
 * - `greet`: sends `bytes` and ends, reads nothing;
 * - `reset`: resets at the first byte;
 * - `cutShort`: sends `bytes` of the pattern and resets behind them.
 * - `refuse`: resets at once.
 */
export type Behaviour = 'echo' | 'drain' | 'silent' | 'unread' | 'greet' | 'reset' | 'cutShort' | 'refuse';

export interface ServeArgs {
  readonly behaviour: Behaviour;
  readonly host?: string;
  readonly port?: number;
  readonly backlog?: number;
  readonly bytes?: number;
}

export interface DialArgs {
  readonly host?: string;
  readonly port: number;
  readonly count?: number;
  /** Bytes of the pattern that are sent once connected. */
  readonly bytes?: number;
  /** What follows when they are with the kernel; default `end`. */
  readonly then?: 'end' | 'keep' | 'reset';
  /** False: nothing is read before `act(…, 'resume')`. */
  readonly read?: boolean;
}

export type Act = 'resume' | 'end' | 'reset' | 'send';

/** What a peer knows about one connection. */
export interface PeerRecord {
  readonly connected: boolean;
  readonly sentBytes: number;
  readonly receivedBytes: number;
  /** Of what was received, in hex. */
  readonly digest: string;
  readonly ended: boolean;
  readonly closed: boolean;
  readonly error: string | null;
  readonly remoteAddress: string;
  readonly remotePort: number;
}

export interface PeerCalls {
  serve(args: ServeArgs): { server: number; port: number };
  accepted(server: number): PeerRecord[];
  resume(server: number): void;
  /** Stops listening and destroys what was accepted. */
  unserve(server: number): void;
  /** Connects `count` times; returns the first id, the others follow it. */
  dial(args: DialArgs): number;
  dialled(id: number, count?: number): PeerRecord[];
  act(id: number, act: Act, bytes?: number): void;
  /** Destroys every socket and server. */
  clear(): void;
  /** Answers, then blocks the thread until `PeerThread.unblock`. */
  block(): void;
}
