import fc from 'fast-check';
import type { Test } from 'tap';

/**
 * Asserts that a property holds for random input, as one assertion of `t`. A failure shows the smallest counterexample and the seed
 * that finds it again. `t` is the test, not the file, so that a test without any other assertion counts.
 */
export function holds<T>(t: Test, property: fc.IProperty<T>, parameters: fc.Parameters<T> = {}): void {
  const details = fc.check(property, parameters);
  const error = details.errorInstance instanceof Error ? details.errorInstance.message : '';
  t.notOk(details.failed, 'holds for random input', { output: `${fc.defaultReportMessage(details) ?? ''}\n${error}` });
}
