/**
 * Files of a plan on their way from the controller to its agents: by the SHA-256 of their content, in pieces. An order is signed and
 * has the hashes, so a byte that is changed on the way is noticed.
 */
import { createHash } from 'node:crypto';
import type { Bus } from './bus/bus.ts';
import { badField, isCount, isFields, isText, parseJson, whole, type Check, type Fields } from './json-message.ts';
import { SUBJECTS, type FileRef, type FileRequest, type Refusal } from './protocol.ts';
import { STDIN, loadFromDisk, PAYLOAD_MAX_BYTES, type LoadFile } from '../plan/exchange/payload.ts';
import { accept, refuse } from '../units/problem.ts';
import { formatSize } from '../units/quantity.ts';

/** The bytes of a file, which threads share. */
type Content = Uint8Array<SharedArrayBuffer>;

/** How much of a file one message carries at most. */
const PIECE_BYTES = 256 * 1024;
/** How many pieces an agent asks for at the same time. */
const PIECES_AT_A_TIME = 4;
/** How long an agent waits for a piece, and how often it asks. */
const PIECE_MS = 3000;
const TRIES = 3;
/** How long the files of a plan may take, and how much longer for their size. */
const LEAST_MS = 10_000;
const LEAST_BYTES_PER_MS = 1000;
/** The most bytes of all files of a plan. */
const FILES_MAX_BYTES = PAYLOAD_MAX_BYTES;

/** The files that a plan of this controller names. They are read once, when the plan is made. */
export class OfferedFiles {
  readonly #byHash = new Map<string, Content>();
  readonly #files: Record<string, FileRef> = {};

  /** Reads files as `load` does, and keeps them; for `Machine.loadFile`. */
  loadFrom(load: LoadFile = loadFromDisk): LoadFile {
    return async (option, path) => {
      const loaded = await load(option, path);
      if (!loaded.ok) return loaded;
      const file = refOf(loaded.value);
      this.#byHash.set(file.sha256, loaded.value);
      this.#files[option] = file;
      const allBytes = [...this.#byHash.values()].reduce((sum, { length }) => sum + length, 0);
      return allBytes <= FILES_MAX_BYTES
        ? loaded
        : refuse(`files of at most ${formatSize(FILES_MAX_BYTES)} all together, which each agent has in memory`);
    };
  }

  /** What an order says of them, by option. */
  get files(): Readonly<Record<string, FileRef>> {
    return { ...this.#files };
  }

  /** Answers the agents of a run. Returns what ends it. */
  serve(bus: Bus, run: string): () => void {
    if (this.#byHash.size === 0) return () => undefined;
    return bus.subscribe(SUBJECTS.file(run), ({ data, respond }) => respond?.(this.answer(data)));
  }

  /** Returns the piece that is asked for; no bytes where there is none. Never throws. */
  answer(data: Uint8Array): Uint8Array {
    const asked = readRequest(data);
    const content = asked === null ? undefined : this.#byHash.get(asked.sha256);
    if (asked === null || content === undefined || asked.offset >= content.length) return new Uint8Array();
    return content.subarray(asked.offset, Math.min(content.length, asked.offset + asked.length));
  }
}

/** What an agent needs to get files. */
export interface Fetching {
  /** The files of the order, by option. */
  readonly files: Readonly<Record<string, FileRef>>;
  /** Asks the controller for a piece. Null where no answer came within the time. */
  readonly request: (piece: FileRequest, timeoutMs: number) => Promise<Uint8Array | null>;
  /** The largest message, in bytes. */
  readonly maxPayloadBytes: number;
  /** The time in ms, on a monotonic clock. */
  readonly nowMs?: () => number;
}

/** Files that came, for `Machine.loadFile`: nothing else can be read through it, and nothing of the agent's disk. */
export interface Fetched {
  readonly loadFile: LoadFile;
}

/** Gets the files of an order and holds each against its hash. Never rejects. */
export async function fetchFiles(fetching: Fetching): Promise<Fetched | { readonly refused: Refusal }> {
  const { files, nowMs = () => performance.now() } = fetching;
  const allBytes = Object.values(files).reduce((sum, { bytes }) => sum + bytes, 0);
  if (allBytes > FILES_MAX_BYTES) {
    const most = `an agent takes at most ${formatSize(FILES_MAX_BYTES)}`;
    return refusal('over_limit', `the files of the plan have ${allBytes} bytes, and ${most}`);
  }
  const endMs = nowMs() + LEAST_MS + allBytes / LEAST_BYTES_PER_MS;
  const contents = new Map<string, Content>();
  for (const [option, file] of Object.entries(files)) {
    const got = await fetchFile(file, { ...fetching, nowMs, endMs });
    if (!(got instanceof Uint8Array)) return refusal('failed', `the file of --${option} did not come: ${got.why}`);
    contents.set(option, got);
  }
  return {
    loadFile: (option, path) => {
      const content = contents.get(option);
      const name = path === STDIN ? 'stdin' : path;
      return Promise.resolve(
        content === undefined ? refuse(`a file that the controller sent: ${name}`) : accept(content),
      );
    },
  };
}

async function fetchFile(
  { sha256, bytes }: FileRef,
  fetching: Required<Fetching> & { readonly endMs: number },
): Promise<Content | { readonly why: string }> {
  const content = new Uint8Array(new SharedArrayBuffer(bytes));
  const pieceBytes = Math.min(PIECE_BYTES, fetching.maxPayloadBytes);
  let next = 0;
  const faults: string[] = [];
  const take = async (): Promise<void> => {
    while (next < bytes && faults.length === 0) {
      const offset = next;
      next += pieceBytes;
      const length = Math.min(pieceBytes, bytes - offset);
      const piece = await fetchPiece({ sha256, offset, length }, fetching);
      if (piece instanceof Uint8Array) content.set(piece, offset);
      else faults.push(piece.why);
    }
  };
  await Promise.all(Array.from({ length: PIECES_AT_A_TIME }, take));
  const [why] = faults;
  if (why !== undefined) return { why };
  if (createHash('sha256').update(content).digest('hex') === sha256) return content;
  return { why: 'what came has another SHA-256 than the order says' };
}

async function fetchPiece(
  piece: FileRequest,
  { request, nowMs, endMs }: Required<Fetching> & { readonly endMs: number },
): Promise<Uint8Array | { readonly why: string }> {
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const leftMs = endMs - nowMs();
    if (leftMs <= 0) return { why: 'it took too long' };
    const answer = await request(piece, Math.min(PIECE_MS, Math.ceil(leftMs)));
    if (answer === null) continue;
    if (answer.length === piece.length) return answer;
    return { why: answer.length === 0 ? 'the controller does not have it' : 'a piece of it has another length' };
  }
  return { why: `the controller did not answer ${TRIES} times` };
}

function refOf(content: Content): FileRef {
  return { sha256: createHash('sha256').update(content).digest('hex'), bytes: content.length };
}

const REQUEST: Readonly<Record<string, Check>> = { sha256: isText, offset: isCount, length: whole(0, PIECE_BYTES) };

function readRequest(data: Uint8Array): FileRequest | null {
  // A request has about 120 bytes.
  const value = data.length > 500 ? undefined : parseJson(data);
  return isFields(value) && badField(value, REQUEST) === null ? (value as Fields & FileRequest) : null;
}

function refusal(code: Refusal['code'], message: string): { readonly refused: Refusal } {
  return { refused: { code, message } };
}
