import { readFileSync } from 'node:fs';

/** The version in package.json, which stands two levels up from source and from compiled code alike. */
export const VERSION: string = (
  JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string }
).version;
