/** Reads any result of conngen back from its JSON, or says what is wrong with what was given instead. */
import { readFileSync } from 'node:fs';
import { getHeapStatistics } from 'node:v8';
import type { ClientResult } from './client.ts';
import type { CompareResult } from './compare.ts';
import type { DoctorResult } from './doctor.ts';
import type { FleetResult } from './fleet.ts';
import { parseJson } from './json.ts';
import type { LabResult } from './lab.ts';
import type { SaturateResult, SearchResult } from './limit.ts';
import type { RttResult } from './rtt.ts';
import { faultOf, type Schema } from './schema-check.ts';
import type { ServerResult } from './server.ts';

/** Every result that conngen writes, told apart by `schema`. */
export type Document =
  | ClientResult
  | ServerResult
  | RttResult
  | SearchResult
  | SaturateResult
  | LabResult
  | DoctorResult
  | CompareResult
  | FleetResult;

/** The name of a kind of document: the part of `schema` between the dot and the slash. */
export type DocumentKind = Document['schema'] extends `conngen.${infer Kind}/${string}` ? Kind : never;

/** The document of a kind. */
export type DocumentOf<Kind extends DocumentKind> = Extract<Document, { readonly schema: `conngen.${Kind}/1` }>;

/** The newest version of each kind of document that this version of conngen writes and reads. */
export const DOCUMENT_VERSIONS: Readonly<Record<DocumentKind, number>> = {
  client: 1,
  server: 1,
  rtt: 1,
  search: 1,
  saturate: 1,
  lab: 1,
  doctor: 1,
  compare: 1,
  fleet: 1,
};

/** The largest document that is read. Half a gigabyte is where the strings of Node.js end. */
export const DOCUMENT_MAX_BYTES = 256 * 1024 * 1024;

/**
 * A document, or a clause that says what is wrong: "it is cut off after 1,234 bytes". `fault` is there where it is a document with a
 * value that does not belong there.
 */
export type ReadDocument =
  { readonly document: Document } | { readonly problem: string } | { readonly problem: string; readonly fault: string };

/** Returns the kind of a document. */
export function kindOf({ schema }: Document): DocumentKind {
  return schema.slice('conngen.'.length, schema.indexOf('/')) as DocumentKind;
}

/**
 * Reads a document from its JSON text, its bytes, or the object that the text was parsed to. Keys that this version does not know are
 * kept. Never throws for what it is given.
 */
export function readDocument(input: string | Uint8Array | object): ReadDocument {
  if (input instanceof Uint8Array) return readBytes(input);
  if (typeof input === 'string') return readText(input);
  return readValue(input);
}

function readBytes(bytes: Uint8Array): ReadDocument {
  if (bytes.length > DOCUMENT_MAX_BYTES) return { problem: tooLarge('it is larger than 256 MiB') };
  const { heap_size_limit: limitBytes, used_heap_size: usedBytes } = getHeapStatistics();
  if (parsedBytesAtMost(bytes) > limitBytes - usedBytes) {
    return { problem: tooLarge('once it is parsed it could take more memory than Node.js may use') };
  }
  return readText(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'));
}

/** The way out where a document is too large. */
export const LEAVE_OUT =
  "to read a part of it, leave out what is long: jq 'del(.rounds[]?.samples) | (.rounds[]?, .trials[]?.result).intervals = []'";

function tooLarge(what: string): string {
  return `${what}; ${LEAVE_OUT}`;
}

/** A list or an object takes this on the heap of V8, and so does one more member of it. */
const CONTAINER_BYTES = 64;
const MEMBER_BYTES = 24;

/** The most memory that the parsed value can take: one pass over the bytes. */
function parsedBytesAtMost(bytes: Uint8Array): number {
  let containers = 0;
  let members = 0;
  for (const byte of bytes) {
    if (byte === 0x2c) members++;
    else if (byte === 0x7b || byte === 0x5b) containers++;
  }
  return containers * CONTAINER_BYTES + members * MEMBER_BYTES;
}

const BYTE_ORDER_MARK = '\uFEFF';

function readText(given: string): ReadDocument {
  const text = given.startsWith(BYTE_ORDER_MARK) ? given.slice(1) : given;
  const parsed = parseJson(text);
  if ('value' in parsed) return readValue(parsed.value);
  return readLines(text) ?? { problem: foreignText(text) ?? parsed.problem };
}

/** Where there is one JSON document a line: a stream of seconds, or what a server prints, whose result is the last line. */
function readLines(text: string): ReadDocument | null {
  const first = parseJson(text.slice(0, text.indexOf('\n')));
  if (!('value' in first) || !isObject(first.value)) return null;
  if (first.value['event'] === 'listening') {
    const last = text.trimEnd();
    return readText(last.slice(last.lastIndexOf('\n') + 1));
  }
  return first.value['schema'] === undefined ? null : readValue(first.value);
}

/** What is no JSON and is known all the same. */
function foreignText(text: string): string | null {
  if (text.startsWith('conngen ') || text.startsWith('## conngen ')) {
    return 'it is the text of a result; what is read is the JSON, which --json FILE writes';
  }
  if (text.startsWith('Running ') && text.includes(' test @ ')) return 'it is the text that wrk or autocannon prints';
  if (text.startsWith('round,') || text.startsWith('#[')) return 'it is a table of seconds or histograms, not a result';
  return null;
}

/** Tools whose JSON is likely to be taken for a result, by keys that only they have. */
const FOREIGN: readonly { readonly tool: string; readonly keys: readonly string[] }[] = [
  { tool: 'k6', keys: ['metrics', 'root_group'] },
  { tool: 'vegeta', keys: ['latencies', 'status_codes'] },
  { tool: 'oha', keys: ['summary', 'latencyPercentiles'] },
  { tool: 'autocannon', keys: ['non2xx', 'requests'] },
  { tool: 'iperf3', keys: ['start', 'intervals', 'end'] },
  { tool: 'fortio', keys: ['RunType', 'DurationHistogram'] },
];
const KEYS_SHOWN = 4;

function readValue(value: unknown): ReadDocument {
  if (!isObject(value)) return { problem: `it is JSON, but ${Array.isArray(value) ? 'a list' : 'no object'}` };
  const { schema } = value;
  if (typeof schema !== 'string' || !schema.startsWith('conngen.')) return { problem: foreignObject(value) };
  const [, kind = '', version = ''] = /^conngen\.([a-z]+)\/(\d+)$/.exec(schema) ?? [];
  if (kind === 'interval' || kind === 'agent') {
    return { problem: 'it is a stream of seconds (--stream), not a result; the result is what --json FILE writes' };
  }
  if (!isKind(kind)) {
    return { problem: `it is ${JSON.stringify(schema)}, which this version of conngen does not know` };
  }
  const newest = DOCUMENT_VERSIONS[kind];
  if (Number(version) > newest) {
    return {
      problem: `it was written by a newer conngen: it is ${schema}, and this one reads up to conngen.${kind}/${newest}`,
    };
  }
  const fault = faultOf(schemaOf(kind), value);
  return fault === null ? { document: value as unknown as Document } : { problem: `in it, ${fault}`, fault };
}

function foreignObject(value: Readonly<Record<string, unknown>>): string {
  const { schema } = value;
  if (schema !== undefined)
    return `its "schema" is ${JSON.stringify(schema).slice(0, 60)}, which no result of conngen has`;
  const known = FOREIGN.find(({ keys }) => keys.every((key) => Object.hasOwn(value, key)));
  if (known !== undefined) {
    const keys = known.keys.map((key) => JSON.stringify(key)).join(' and ');
    return `it is JSON of ${known.tool}: it has ${keys}, and no "schema"`;
  }
  const keys = Object.keys(value);
  const shown = keys.slice(0, KEYS_SHOWN).map((key) => JSON.stringify(key.slice(0, 30)));
  const has = keys.length === 0 ? 'nothing' : `${shown.join(', ')}${keys.length > KEYS_SHOWN ? ' …' : ''}`;
  return `it is JSON of something else: it has ${has}, and no "schema"`;
}

function isKind(kind: string): kind is DocumentKind {
  return Object.hasOwn(DOCUMENT_VERSIONS, kind);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Returns the first fault of a round of a result, as "duration_sec is missing"; null where it is as the schema has it. */
export function faultOfRound(kind: 'client' | 'rtt', value: unknown): string | null {
  const { $defs = {} } = schemaOf(kind);
  return faultOf({ $defs, $ref: kind === 'client' ? '#/$defs/RoundResult' : '#/$defs/RttRound' }, value);
}

const schemas = new Map<DocumentKind, Schema>();

/** The shipped schema of a kind. */
function schemaOf(kind: DocumentKind): Schema {
  const known = schemas.get(kind);
  if (known !== undefined) return known;
  const file = new URL(`../../schema/${kind}-${DOCUMENT_VERSIONS[kind]}.json`, import.meta.url);
  const schema = JSON.parse(readFileSync(file, 'utf8')) as Schema;
  schemas.set(kind, schema);
  return schema;
}
