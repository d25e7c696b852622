/** Reads the histograms of a result back: the V2 compressed form of HdrHistogram, in base64 (HdrHistogram, AbstractHistogram.java). */
import { inflateSync } from 'node:zlib';
import { BUCKETS, SIGNIFICANT_DIGITS } from './histogram.ts';

/** The filled buckets of a histogram, the lowest first. `lowestAt` of a bucket is its lowest value in nanoseconds. */
export interface FilledBuckets {
  readonly buckets: readonly number[];
  /** How many values each of `buckets` holds. */
  readonly counts: readonly number[];
  /** The sum of `counts`. */
  readonly total: number;
}

const COMPRESSED_COOKIE = 0x1c849314;
const COOKIE = 0x1c849313;
const ENVELOPE_BYTES = 8;
const LENGTH_AT = 4;
const DIGITS_AT = 12;
const HEADER_BYTES = 40;
/** A bucket takes at most 9 bytes. More than that is no histogram of this layout. */
const PAYLOAD_MAX_BYTES = HEADER_BYTES + 9 * BUCKETS;

/** Returns the buckets, or null where the text is no histogram in the layout of conngen. */
export function decodeHistogram(base64: string): FilledBuckets | null {
  const bytes = Buffer.from(base64, 'base64');
  if (bytes.length < ENVELOPE_BYTES || bytes.readUInt32BE(0) !== COMPRESSED_COOKIE) return null;
  const payload = inflated(bytes.subarray(ENVELOPE_BYTES));
  if (payload === null || payload.length < HEADER_BYTES || payload.readUInt32BE(0) !== COOKIE) return null;
  if (payload.readInt32BE(DIGITS_AT) !== SIGNIFICANT_DIGITS) return null;
  const end = HEADER_BYTES + payload.readInt32BE(LENGTH_AT);
  return end > payload.length ? null : readCounts(payload.subarray(HEADER_BYTES, end));
}

function inflated(bytes: Buffer): Buffer | null {
  try {
    return inflateSync(bytes, { maxOutputLength: PAYLOAD_MAX_BYTES });
  } catch {
    return null;
  }
}

/** A positive number is the count of the next bucket; a negative one is a run of empty buckets. */
function readCounts(bytes: Buffer): FilledBuckets | null {
  const buckets: number[] = [];
  const counts: number[] = [];
  let total = 0;
  let bucket = 0;
  for (let at = 0; at < bytes.length;) {
    let shift = 1;
    let zigzag = 0;
    // LEB128: seven bits a byte, the lowest first. Counts are below 2^53.
    for (let byte = 0x80; byte >= 0x80; shift *= 128) {
      if (at === bytes.length) return null;
      byte = bytes[at++]!;
      zigzag += (byte & 0x7f) * shift;
    }
    if (zigzag % 2 === 1) bucket += (zigzag + 1) / 2;
    else {
      if (zigzag > 0) {
        buckets.push(bucket);
        counts.push(zigzag / 2);
        total += zigzag / 2;
      }
      bucket++;
    }
    if (bucket > BUCKETS) return null;
  }
  return { buckets, counts, total };
}
