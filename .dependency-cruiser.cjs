// The rooms under src/, from the ground up: what each owns, and what it may use beside itself. A room uses only rooms above it in
// this list, so arrows point one way. `npm run docs` makes the table in ARCHITECTURE.md from it.
const ROOMS = {
  units: { owns: 'words that all rooms share: quantities, figures for people, problems, errors of a run', uses: [] },
  kernel: { owns: 'all that only Linux knows: libc through koffi, constants, structs, /proc', uses: [] },
  runtime: {
    owns: 'threads, child processes, clocks, timers, V8 settings, slots, rings in shared memory',
    uses: ['kernel', 'units'],
  },
  schedule: { owns: 'when attempt n is due, and the pacer of one worker; pure arithmetic', uses: [] },
  document: {
    owns: 'what a result is: its interfaces, outcomes and their owners, kernel counters, labs as data, the reader',
    uses: ['units'],
  },
  plan: { owns: 'what was asked for: addresses, ports, rates, the checked plan of a run', uses: ['document', 'units'] },
  count: {
    owns: 'counting on a pacing thread, and adding up elsewhere: recorder, histograms, seconds, rounds',
    uses: ['document', 'kernel'],
  },
  judge: {
    owns: 'from counts to sentences: verdict, findings, criteria, thresholds, kernel evidence',
    uses: ['count', 'plan', 'document', 'kernel', 'units'],
  },
  compare: {
    owns: 'what differs between the runs of two sides: estimates, intervals, verdicts; pure arithmetic',
    uses: ['judge', 'count', 'document', 'units'],
  },
  run: {
    owns: 'what leaves a run while it goes on, and the files that it is written to',
    uses: ['count', 'document', 'units'],
  },
  options: {
    owns: 'what a user may type, once: name, range, default, help; reading argv, environment and file',
    uses: ['run', 'judge', 'plan', 'document', 'units'],
  },
  view: {
    owns: 'a document or an event in, something to look at out: text, Markdown, HTML, charts, CSV, the live view',
    uses: ['options', 'run', 'judge', 'count', 'plan', 'document', 'units'],
  },
  engine: {
    owns: 'how the kernel is asked: the seams (`seam/`), libc sockets, and one folder an engine',
    uses: ['plan', 'runtime', 'kernel', 'units'],
  },
  work: {
    owns: 'blocking work beside a loop: executors, the queue and its threads',
    uses: ['engine', 'plan', 'document', 'runtime', 'kernel', 'units'],
  },
  ping: {
    owns: 'round trips: the ping table, the pinger, its thread and run',
    uses: ['work', 'engine', 'run', 'judge', 'count', 'plan', 'document', 'schedule', 'runtime', 'kernel', 'units'],
  },
  server: {
    owns: 'listeners, modes, the run of a server',
    uses: ['work', 'engine', 'run', 'judge', 'count', 'plan', 'document', 'runtime', 'kernel', 'units'],
  },
  client: {
    owns: 'attempts, source ports in use, response bodies, the generator, its worker, the run of a client',
    uses: [
      'ping',
      'work',
      'engine',
      'run',
      'judge',
      'count',
      'plan',
      'document',
      'schedule',
      'runtime',
      'kernel',
      'units',
    ],
  },
  limit: {
    owns: 'search and saturate: from the trials so far to the next one or the answer (`decide/`, pure), and their runs',
    uses: ['client', 'run', 'options', 'judge', 'count', 'plan', 'document', 'schedule', 'runtime', 'kernel', 'units'],
  },
  lab: {
    owns: 'a matrix of cells, its runner, its directory; one folder or file a lab',
    uses: ['engine', 'view', 'run', 'options', 'plan', 'document', 'runtime', 'kernel', 'units'],
  },
  turns: {
    owns: 'taking the runs of two sides in turns, as processes of their own',
    uses: ['compare', 'run', 'plan', 'document', 'runtime', 'units'],
  },
  doctor: {
    owns: 'what a plan asks of a machine, and whether it has it: one table of checks',
    uses: ['engine', 'plan', 'document', 'runtime', 'kernel', 'units'],
  },
  fleet: {
    owns: 'several machines as one generator: the bus, the protocol, the agent, the controller, keys and limits',
    uses: [
      ...['doctor', 'client', 'ping', 'engine', 'run', 'options', 'judge', 'count', 'plan', 'document', 'schedule'],
      ...['runtime', 'kernel', 'units'],
    ],
  },
  cli: {
    owns: 'one file a command, exit codes, signals; the only reader of argv and the environment',
    uses: [
      ...[
        'fleet',
        'doctor',
        'turns',
        'lab',
        'limit',
        'client',
        'server',
        'ping',
        'work',
        'engine',
        'view',
        'run',
        'options',
        'compare',
      ],
      ...['judge', 'count', 'plan', 'document', 'schedule', 'runtime', 'kernel', 'units'],
    ],
  },
  library: {
    owns: 'the commands as functions of a program; `src/index.ts` is the public face',
    uses: ['cli', 'run', 'options', 'compare', 'count', 'document', 'units'],
  },
};

const anyOf = (names) => `(${names.join('|')})`;

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      comment: 'Two files that need each other are one file, or hide a third.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-unresolved',
      comment: 'An import that leads nowhere. The launcher loads dist/, which a fresh clone does not have yet.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true, pathNot: '/dist/' },
    },
    {
      name: 'no-dev-packages',
      comment:
        'What runs at a user may only need what a user installs. In a checkout, the launcher may compile with tsx.',
      severity: 'error',
      from: { path: '^(src|bin)/' },
      to: {
        pathNot: 'node_modules/tsx/',
        dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'],
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'known-rooms-only',
      comment: 'A new folder under src/ needs its line in ROOMS, and in ARCHITECTURE.md.',
      severity: 'error',
      from: { path: '^src/', pathNot: `^src/(index\\.ts$|${anyOf(Object.keys(ROOMS))}/)` },
      to: {},
    },
    {
      name: 'src-stays-in-src',
      comment: 'The code that is shipped uses nothing from tests, benches or the launcher.',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^(bin|test|bench|examples)/' },
    },
    {
      name: 'bin-uses-cli',
      comment: 'The launcher starts src/cli and knows nothing else.',
      severity: 'error',
      from: { path: '^bin/' },
      to: { path: '^(src|dist)/', pathNot: '^(src|dist)/cli/' },
    },
    ...Object.entries(ROOMS).map(([room, { uses }]) => ({
      name: `${room}-arrows`,
      comment: `src/${room} may use ${uses.join(', ') || 'no other room'}.`,
      severity: 'error',
      from: { path: `^src/${room}/` },
      to: { path: '^src/', pathNot: `^src/${anyOf([room, ...uses])}/` },
    })),
  ],
  options: {
    doNotFollow: { path: '(node_modules|^dist)/' },
    // A type that points upwards is an arrow upwards too.
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'] },
  },
};

// For the table in ARCHITECTURE.md; hidden from the tool, which knows its own keys only.
Object.defineProperty(module.exports, 'rooms', { value: ROOMS, enumerable: false });

// For `npm run docs`. Hidden from dependency-cruiser, which refuses keys that it does not know.
Object.defineProperty(module.exports, 'ROOMS', { value: ROOMS });
