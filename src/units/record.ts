/** Records whose keys come from a file: a key may be any word, `__proto__` too. */

/** Returns the value of a key that the record itself has; undefined where it has none, also for what every object inherits. */
export function ownValue<T>(record: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}
