import { HeadPlaces, type HeadPlacesOptions } from './head-places.ts';
import { StatusReader } from './status-reader.ts';

/** Where the bytes lie that a slot received last. Makes nothing. */
export interface ReceivedBytes {
  bytesOf(slot: number): Uint8Array;
  /** Of the first of them in `bytesOf`. */
  offsetOf(slot: number): number;
}

/**
 * What the beginnings of one worker's responses say: the HTTP status. Only there where a plan asks for it.
 */
export class ResponseHeads {
  /** For the engine; undefined where the bytes come elsewhere. */
  readonly places: HeadPlaces | undefined;
  readonly #received: ReceivedBytes;
  readonly #status: StatusReader;

  /** `received`: where the bytes come, if something else than this wants them too. */
  constructor(options: HeadPlacesOptions, received: ReceivedBytes | undefined) {
    this.#status = new StatusReader(options.capacity);
    this.places = received === undefined ? new HeadPlaces(this, options) : undefined;
    this.#received = received ?? this.places!;
  }

  /** The slot's next response is another. */
  begin(slot: number): void {
    this.#status.begin(slot);
  }

  /** `bytes` more of the slot's response came. */
  received(slot: number, bytes: number): void {
    if (this.isSettled(slot)) return;
    const from = this.#received.offsetOf(slot);
    this.#status.read(slot, this.#received.bytesOf(slot), from, from + bytes);
  }

  /** Whether more bytes would change nothing. */
  isSettled(slot: number): boolean {
    return this.#status.isSettled(slot);
  }

  /** What the recorder counts the response as: its status, `NOT_HTTP` or `NO_RESPONSE`. */
  indexOf(slot: number): number {
    return this.#status.indexOf(slot);
  }

  /** When the engine is disposed of. */
  dispose(): void {
    this.places?.dispose();
  }
}
