import type { DatagramEcho, DatagramEchoOptions } from './datagram-echo.ts';
import type { ClientEngine, ClientEngineOptions, ServerEngine, ServerEngineOptions } from './engine.ts';
import type { AttachRequest, Attachment } from './link.ts';
import type { PingEngine, PingEngineOptions } from './ping.ts';

/**
 * An engine as the rest of the house sees it: what `engine/NAME/index.ts` exports as `engine`. Its parts are loaded by the call that
 * makes one, so that asking whether an engine works loads no more than that takes.
 */
export interface EngineModule {
  /** Throws `RunError` where the engine cannot work on this machine. */
  readonly requireSupport: () => void;
  readonly createClient?: (options: ClientEngineOptions) => Promise<ClientEngine>;
  readonly createServer?: (options: ServerEngineOptions) => Promise<ServerEngine>;
  /** Of an engine that works on an interface itself: takes hold of it for all threads of a run. Rejects with `RunError`. */
  readonly attach?: (request: AttachRequest) => Promise<Attachment>;
  readonly createPing?: (options: PingEngineOptions) => Promise<PingEngine>;
  readonly createDatagramEcho?: (options: DatagramEchoOptions) => Promise<DatagramEcho>;
  /** Whether several listeners can have one port together. */
  readonly canSharePort?: () => Promise<boolean>;
}
