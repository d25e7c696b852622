/**
 * Values for the options of a table, found by its own parsers, so that a new option takes part without an edit here. An option whose
 * parser takes none of these needs a value in `SAMPLES`; test/cli/every-option.test.ts says so.
 */
import type { OptionSpec } from '../../src/units/option.ts';

/** Small, so that a run with any of them is short and light. By what stands for the value in help. */
const BY_KIND: Readonly<Record<string, readonly string[]>> = {
  TIME: ['0s', '1ms', '20ms', '150ms', '400ms', '1s', '2s'],
  'N/s': ['1', '30/s', '100', '0.2k', 'max'],
  N: ['1', '2', '5', '40', '0', '120'],
  BYTES: ['0', '1', '8', '64', '5KiB', '40KiB'],
};

const SAMPLES: readonly string[] = [
  ...Object.values(BY_KIND).flat(),
  ...['true', 'false', 'auto'],
  ...['1.5', '3', '50%', '20%'],
  ...['127.0.0.1', '127.0.0.2', '127.0.0.3-127.0.0.6', '127.0.0.8/30', '127.0.0.1:2345'],
  ...['20000-29999', '21000-21009', '2345'],
  ...['10..200/300ms', '50..200*2/150ms', '100..200+50/100ms'],
  ...['p99(total)>20ms', 'failures>1%', 'loss<=0.1%', 'p99(connect)<=20ms', 'failures>3'],
  ...['p99(total)>+5%', 'p99.9(total)', 'cpu', '95%', 'true'],
  ...['half-close', 'eof', 'echo', 'connect', 'bytes:64'],
  ...['null', 'memory', 'gather', 'file:.'],
  ...['none', 'cpu:300', 'sleep:20us', 'direct', 'pool', 'permit:1', 'dispatch:2,queue=4'],
  ...['200,30x', 'HTTP/1'],
  ...['http://127.0.0.1:4318', 'X-Token=abc', 'a=3,b=1'],
];

/** Texts that the option's parser takes: of its kind, of its words, of all samples. Never empty for an option known here. */
export function valuesFor(spec: OptionSpec): readonly string[] {
  const words = [...(spec.parse.choices ?? []), ...Object.keys(spec.words ?? {})];
  const isChoice = BY_KIND[spec.value] === undefined;
  const all = isChoice ? [...words, ...SAMPLES] : (BY_KIND[spec.value] ?? []);
  const given = spec.default === undefined ? [] : [spec.default];
  const taken = (text: string): boolean => spec.parse(text).ok;
  const found = all.filter(taken);
  return [...new Set(found.length > 0 ? found : [...SAMPLES, ...given].filter(taken))];
}

/** Whether any text is a value: the name of a file or of a directory. */
export function takesAnyText(spec: OptionSpec): boolean {
  return spec.parse('\u2603 any text, even this').ok;
}
