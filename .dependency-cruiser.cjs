// The house table of ARCHITECTURE.md: what each room under src/ may use. Arrows point downwards only.
const ROOMS = {
  cli: [
    'cli',
    'lab',
    'doctor',
    'trials',
    'client',
    'server',
    'work',
    'rtt',
    'report',
    'search',
    'engine',
    'linux',
    'measure',
    'schedule',
    'plan',
  ],
  report: ['report', 'lab', 'doctor', 'search', 'measure', 'plan'],
  lab: ['lab', 'engine', 'measure', 'linux', 'plan'],
  doctor: ['doctor', 'client', 'engine', 'linux', 'plan'],
  trials: ['trials', 'client', 'search', 'schedule', 'engine', 'measure', 'plan', 'linux'],
  search: ['search', 'measure', 'plan'],
  client: ['client', 'rtt', 'work', 'schedule', 'engine', 'measure', 'plan', 'linux'],
  rtt: ['rtt', 'work', 'schedule', 'engine', 'measure', 'plan', 'linux'],
  server: ['server', 'work', 'engine', 'measure', 'plan', 'linux'],
  work: ['work', 'engine', 'measure', 'linux', 'plan'],
  engine: ['engine', 'linux', 'plan'],
  measure: ['measure', 'plan', 'linux'],
  schedule: ['schedule'],
  plan: ['plan'],
  linux: ['linux'],
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
      from: { path: '^src/', pathNot: `^src/${anyOf(Object.keys(ROOMS))}/` },
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
    ...Object.entries(ROOMS).map(([room, allowed]) => ({
      name: `${room}-arrows`,
      comment: `src/${room} may use ${allowed.join(', ')}.`,
      severity: 'error',
      from: { path: `^src/${room}/` },
      to: { path: '^src/', pathNot: `^src/${anyOf(allowed)}/` },
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
