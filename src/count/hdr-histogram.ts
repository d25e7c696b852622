/**
 * Our histograms as HdrHistogram's own tools read them. The layout is the same (see histogram.ts), so every count goes over
 * as it is. About a millisecond each: for the main thread, never for a pacing one.
 */
import { deflateSync, inflateSync } from 'node:zlib';
import { build, encodeIntoCompressedBase64, type Histogram } from 'hdr-histogram-js';
import type { EncodedHistograms } from '../document/common.ts';
import { NS_MAX, SIGNIFICANT_DIGITS, type LatencyHistogram } from './histogram.ts';

/** Cookie and length stand before the compressed part. */
const ENVELOPE_BYTES = 8;
const NORMALIZING_INDEX_OFFSET_AT = 8;
const CONVERSION_RATIO_AT = 32;

/** Ticks in each half of the way to 100 %: what HistogramLogProcessor writes. */
const TICKS_PER_HALF = 5;

function toHdr(latency: LatencyHistogram): Histogram {
  const histogram = build({
    bitBucketSize: 64,
    useWebAssembly: false,
    lowestDiscernibleValue: 1,
    highestTrackableValue: NS_MAX,
    numberOfSignificantValueDigits: SIGNIFICANT_DIGITS,
  });
  latency.forEachFilled((valueNs, count) => {
    histogram.recordValueWithCount(valueNs, count);
  });
  return histogram;
}

/**
 * The V2 compressed form in base64, values in ns, as a line of a histogram log has it.
 *
 * hdr-histogram-js 3.0.1 writes a header that other implementations misread: an offset of 1 where there is none, which shifts
 * every value, and the conversion ratio as the integer 1 where a double is expected. Both are put right here.
 */
export function encodeHistogram(latency: LatencyHistogram): string {
  const encoded = Buffer.from(encodeIntoCompressedBase64(toHdr(latency)), 'base64');
  const length = encoded.readInt32BE(4);
  const payload = inflateSync(encoded.subarray(ENVELOPE_BYTES, ENVELOPE_BYTES + length));
  payload.writeInt32BE(0, NORMALIZING_INDEX_OFFSET_AT);
  payload.writeDoubleBE(1, CONVERSION_RATIO_AT);
  const compressed = deflateSync(payload);
  const envelope = Buffer.from(encoded.subarray(0, ENVELOPE_BYTES));
  envelope.writeInt32BE(compressed.length, 4);
  return Buffer.concat([envelope, compressed]).toString('base64');
}

/** Returns histograms by the names of their clocks in this form. */
export function encodeHistograms(latency: Readonly<Record<string, LatencyHistogram>>): EncodedHistograms {
  return Object.fromEntries(Object.entries(latency).map(([clock, histogram]) => [clock, encodeHistogram(histogram)]));
}

/** The table of an .hgrm file, values in µs with the ns after the point, and a newline at its end. */
export function percentileTable(latency: LatencyHistogram): string {
  return toHdr(latency).outputPercentileDistribution(TICKS_PER_HALF, 1e3);
}
