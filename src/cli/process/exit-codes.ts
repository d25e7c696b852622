/** How the process ends. The reference page of exit codes is made from `EXIT_MEANINGS`. */
export const EXIT_DONE = 0;
export const EXIT_FAILED = 1;
export const EXIT_USAGE = 2;
/** `search` and `saturate`: done, but this machine was the limit, so what was found is a lower bound and no answer. */
export const EXIT_LIMITED = 3;
export const EXIT_THRESHOLD = 99;
/** 128 and the number of the signal, as shells have it. */
export const EXIT_BY_SIGNAL = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;

/** What each code means to a script. */
export const EXIT_MEANINGS: readonly (readonly [number, string])[] = [
  [EXIT_DONE, 'Done; also with the verdict `generator_limited`.'],
  [
    EXIT_FAILED,
    'Failed while running: a round was `invalid`, a worker died, the engine cannot work here, a server cannot listen, a result could not be ' +
      'written, the doctor found a problem, a goal was not met at --min-rate.',
  ],
  [EXIT_USAGE, 'Wrong options. Nothing was opened or written.'],
  [
    EXIT_LIMITED,
    '`search` and `saturate`: done, but this machine was the limit, so the answer is a lower bound (--allow-generator-limited: 0).',
  ],
  [
    EXIT_THRESHOLD,
    'A threshold was not met (--fail-if; of `compare`, a change that is beyond its limit), or this machine was the limit and --allow-generator-limited was not given.',
  ],
  [EXIT_BY_SIGNAL.SIGHUP, 'Stopped by SIGHUP, after the report.'],
  [EXIT_BY_SIGNAL.SIGINT, 'Stopped by SIGINT (Ctrl-C), after the report.'],
  [EXIT_BY_SIGNAL.SIGTERM, 'Stopped by SIGTERM, after the report.'],
];
