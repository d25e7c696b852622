/** Where users report bugs; package.json and the README have the same address. */
export const BUGS_URL = 'https://github.com/conngen/conngen/issues';

/** The hint of an error that only a change of conngen can cure. */
export const PLEASE_REPORT = `please report this: ${BUGS_URL}`;
