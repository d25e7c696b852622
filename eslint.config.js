import js from '@eslint/js';
import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';

// Each library lives in one room, so that it can be replaced there and so that start-up loads it only where it is used.
const LIBRARIES = {
  yargs: ['yargs', 'yargs/*'],
  koffi: ['koffi', 'koffi/*'],
  'hdr-histogram-js': ['hdr-histogram-js', 'hdr-histogram-js/*'],
  pino: ['pino', 'pino/*', 'pino-pretty'],
  'node:net': ['node:net', 'net'],
  'node:dgram': ['node:dgram', 'dgram'],
  nats: ['@nats-io/transport-node', '@nats-io/transport-node/*'],
  'node:http': ['node:http', 'http', 'node:https', 'https'],
};

const ROOMS = [
  { files: ['src/cli/**/*.ts'], allows: ['yargs', 'pino'] },
  { files: ['src/kernel/**/*.ts'], allows: ['koffi'] },
  { files: ['src/engine/node/**/*.ts'], allows: ['node:net', 'node:dgram'] },
  { files: ['src/count/**/*.ts'], allows: ['hdr-histogram-js'] },
  { files: ['src/fleet/bus/**/*.ts'], allows: ['nats'] },
  // Scrapes are answered, and collectors told, with what Node has.
  { files: ['src/run/**/*.ts'], allows: ['node:http'] },
  // Telling an address from a name opens no socket. A bound datagram socket tells whether an address is this machine's.
  { files: ['src/plan/**/*.ts'], allows: ['node:dgram'], netHelpers: ['isIP', 'isIPv4', 'isIPv6', 'BlockList'] },
  // What reads a pipe without a thread that waits in the kernel has the name of a socket in Node.
  { files: ['src/plan/exchange/input-file.ts'], netHelpers: ['Socket'] },
];

const NO_DEFAULT_EXPORT = [
  { selector: 'ExportDefaultDeclaration', message: 'Export by name: one name, the same everywhere.' },
  { selector: "ExportSpecifier[exported.name='default']", message: 'Export by name: one name, the same everywhere.' },
];

/** The import rules of a room: every library that it does not allow is refused, however it is loaded. */
function libraryRules({ allows = [], netHelpers = [] } = {}) {
  const refused = Object.keys(LIBRARIES).filter((name) => !allows.includes(name));
  const paths = [];
  const patterns = [];
  const dynamic = [];
  for (const name of refused) {
    const message = `${name} lives in one room; see ROOMS in eslint.config.js.`;
    const helpers = name === 'node:net' && netHelpers.length > 0;
    if (helpers) paths.push({ name, allowImportNames: netHelpers, message });
    // A pattern would match the subpaths of unrelated packages ("some/net"), hence the anchors.
    for (const specifier of LIBRARIES[name].filter((entry) => !(helpers && entry === name))) {
      const regex = `^${specifier.replace('/*', '/.*')}$`;
      patterns.push({ regex, message });
      dynamic.push({ selector: `ImportExpression[source.value=/${regex.replaceAll('/', '\\u002F')}/]`, message });
    }
  }
  return {
    '@typescript-eslint/no-restricted-imports': ['error', { paths, patterns }],
    'no-restricted-syntax': ['error', ...NO_DEFAULT_EXPORT, ...dynamic],
  };
}

const NODE_GLOBALS = Object.fromEntries(
  [
    'AbortController',
    'Buffer',
    'URL',
    'clearInterval',
    'clearTimeout',
    'console',
    'performance',
    'process',
    'setInterval',
    'setTimeout',
  ].map((name) => [name, 'readonly']),
);

export default defineConfig(
  // The examples in TypeScript import the package as it is installed; test/library/package.test.ts compiles them there.
  globalIgnores(['dist/', '.tap/', '.compiled/', '.coverage/', 'bench/results/', 'examples/typescript/']),
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  js.configs.recommended,
  {
    rules: {
      eqeqeq: 'error',
      'no-var': 'error',
      'object-shorthand': 'error',
      'prefer-const': 'error',
      'max-lines': ['error', { max: 400, skipBlankLines: false, skipComments: false }],
    },
  },

  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'separate-type-imports' }],
      '@typescript-eslint/consistent-type-exports': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', ignoreRestSiblings: true }],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      // A number in a message prints the way it should.
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      // Typed arrays by slot are read everywhere: under noUncheckedIndexedAccess each read needs `!`, and a check there
      // would cost a branch on the hot path.
      '@typescript-eslint/no-non-null-assertion': 'off',
      // Hot loops index typed arrays on purpose.
      '@typescript-eslint/prefer-for-of': 'off',
      // `() => socket.destroy()` reads better than a block.
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      // An engine loop ends from inside.
      '@typescript-eslint/no-unnecessary-condition': [
        'error',
        { allowConstantLoopConditions: 'only-allowed-literals' },
      ],
      // Brackets mark a key that no type declares.
      '@typescript-eslint/dot-notation': ['error', { allowIndexSignaturePropertyAccess: true }],
      // Seams are interfaces with methods that may be async in one implementation and are not in another.
      '@typescript-eslint/require-await': 'off',
    },
  },

  {
    files: ['src/**/*.ts'],
    rules: {
      'max-lines-per-function': ['error', { max: 60, skipBlankLines: true, skipComments: true }],
      'no-console': 'error',
      ...libraryRules(),
    },
  },
  ...ROOMS.map((room) => ({ files: room.files, rules: libraryRules(room) })),
  {
    files: ['src/**/*.ts'],
    ignores: ['src/cli/**'],
    rules: {
      'no-restricted-properties': [
        'error',
        { object: 'process', property: 'argv', message: 'Only src/cli reads it: pass what you need in the plan.' },
        { object: 'process', property: 'env', message: 'Only src/cli reads it: pass what you need in the plan.' },
      ],
    },
  },

  {
    files: ['test/**/*.ts'],
    // The servers are processes with too few descriptors to read a schema; who started them does.
    ignores: ['test/support/runs.ts', 'test/server/{limited,exhausted}-server.ts'],
    rules: {
      '@typescript-eslint/no-restricted-imports': [
        'error',
        {
          patterns: [
            {
              regex: 'src/(client|server|ping|limit|lab|doctor)/(run|run-\\w+|examine)\\.ts$',
              importNamePattern: '^run[A-Z]',
              allowTypeImports: true,
              message: 'Take it from test/support/runs.ts, which holds each result against its schema.',
            },
          ],
        },
      ],
    },
  },
  {
    files: ['test/**/*.ts'],
    rules: {
      // tap collects the promises of its subtests itself.
      '@typescript-eslint/no-floating-promises': [
        'error',
        { allowForKnownSafePromises: [{ from: 'package', package: '@tapjs/core', name: 'PromiseWithSubtest' }] },
      ],
      // Terminal escapes are what some tests look for.
      'no-control-regex': 'off',
      // Stand-ins implement a seam with nothing behind it.
      '@typescript-eslint/no-empty-function': 'off',
    },
  },

  { files: ['**/*.js', '**/*.cjs'], languageOptions: { globals: NODE_GLOBALS } },
  { files: ['**/*.cjs'], languageOptions: { sourceType: 'commonjs', globals: { module: 'writable' } } },
);
