/** JSON messages of a fleet: values as bytes, and the checks of what comes in. None of these functions throws on bad input. */

/** An object of JSON whose fields are not checked yet. */
export type Fields = Readonly<Record<string, unknown>>;

/** A check of one field. */
export type Check = (value: unknown) => boolean;

/** Returns the bytes of a value as JSON in UTF-8. */
export function encodeJson(value: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(value));
}

/** Returns the value that bytes of JSON in UTF-8 stand for; undefined for other bytes. */
export function parseJson(data: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('utf8'));
  } catch {
    return undefined;
  }
}

/** Whether a value is an object, and no array. */
export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Returns the first field that is missing or does not pass its check; null where all pass. Fields without a check may be anything. */
export function badField(value: Fields, checks: Readonly<Record<string, Check>>): string | null {
  const bad = Object.entries(checks).find(([name, check]) => !Object.hasOwn(value, name) || !check(value[name]));
  return bad?.[0] ?? null;
}

/** Checks for an object whose fields pass these checks. */
export function fields(checks: Readonly<Record<string, Check>>): Check {
  return (value) => isFields(value) && badField(value, checks) === null;
}

export function isText(value: unknown): value is string {
  return typeof value === 'string';
}

export function areTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every(isText);
}

/** Whether a value is a whole number, 0 or more. */
export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

/** Checks for a whole number within bounds, which are included. */
export function whole(min: number, max: number = Number.MAX_SAFE_INTEGER): Check {
  return (value) => Number.isSafeInteger(value) && Number(value) >= min && Number(value) <= max;
}

/** Checks for a number within bounds, which are included. */
export function number(min: number, max: number = Number.MAX_VALUE): Check {
  return (value) => typeof value === 'number' && value >= min && value <= max;
}

export function orNull(check: Check): Check {
  return (value) => value === null || check(value);
}

/** Checks a field that may be left out. */
export function optional(check: Check): Check {
  return (value) => value === undefined || check(value);
}

export function matches(pattern: RegExp): Check {
  return (value) => isText(value) && pattern.test(value);
}

/** Checks for a text of at most so many UTF-16 units. */
export function text(maxLength: number): Check {
  return (value) => isText(value) && value.length <= maxLength;
}

export function oneOf(...words: readonly string[]): Check {
  return (value) => isText(value) && words.includes(value);
}
