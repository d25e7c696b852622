/** How the process ends. The README lists what each code means to a script. */
export const EXIT_DONE = 0;
export const EXIT_FAILED = 1;
export const EXIT_USAGE = 2;
/** `search` and `saturate`: done, but this machine was the limit, so what was found is a lower bound and no answer. */
export const EXIT_LIMITED = 3;
export const EXIT_THRESHOLD = 99;
/** 128 and the number of the signal, as shells have it. */
export const EXIT_BY_SIGNAL = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;
