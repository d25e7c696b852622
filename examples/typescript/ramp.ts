/**
 * A ramp that stops itself: the rate doubles every second until connections fail or the 99th percentile exceeds a limit.
 * Usage: ramp HOST:PORT [LIMIT_MS]
 */
import { run } from 'conngen';

const [target = '127.0.0.1:2345', limitMs = '100'] = process.argv.slice(2);
const load = run({ target, steps: '50..12800*2/1s', 'payload-size': 64 });

let lastGood: number | null = null;
for await (const { offered_rate_per_sec: ratePerSec, failed, latency_ns: latency } of load) {
  const p99Ms = latency.total.p99 / 1e6;
  console.log(`${ratePerSec}/s: ${failed} failed, p99 ${p99Ms.toFixed(2)} ms`);
  // Leaving the loop stops the run.
  if (failed > 0 || p99Ms > Number(limitMs)) break;
  lastGood = ratePerSec;
}

const { rounds, interrupted = false } = await load.result;
console.log(
  `last good rate: ${lastGood ?? 'none'}; ${rounds.length} rounds, ${interrupted ? 'stopped' : 'all of them'}`,
);
