// tier: kernel
/** The packed package through npx, in a folder that has nothing else. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { ROOT, plainEnvironment, startServer } from '../support/cli.ts';

interface Packed {
  readonly filename: string;
  readonly size: number;
  readonly files: readonly { readonly path: string }[];
}

const npmEnv = { ...plainEnvironment(), npm_config_prefer_offline: 'true', npm_config_update_notifier: 'false' };
/** Without a network npm would ask for what is not in its cache for minutes. */
const ONCE = { npm_config_fetch_retries: '0' };

t.test(
  'npx runs the packed package, and the package has what it needs and little else',
  { timeout: 180_000 },
  async (t) => {
    // Outside of the checkout, whose package npx would take for the one that it runs in.
    const directory = mkdtempSync(join(tmpdir(), 'conngen-npx-'));
    t.teardown(() => rmSync(directory, { recursive: true }));
    const pack = ['pack', '--ignore-scripts', '--json', '--silent', '--pack-destination', directory];
    const [packed] = JSON.parse(execFileSync('npm', pack, { cwd: ROOT, env: npmEnv, encoding: 'utf8' })) as [Packed];
    t.ok(packed.size < 1_500_000, `${packed.size} bytes`);
    const places = new Set(packed.files.map(({ path }) => path.split('/')[0]!));
    const expected = ['bin', 'dist', 'examples', 'kernel-tuning', 'man', 'schema', 'package.json'];
    t.same([...places].sort(), [...expected, 'CHANGELOG.md', 'LICENSE', 'README.md', 'SECURITY.md'].sort());

    const cache = join(
      execFileSync('npm', ['config', 'get', 'cache'], { env: npmEnv, encoding: 'utf8' }).trim(),
      '_npx',
    );
    mkdirSync(cache, { recursive: true });
    const before = new Set(readdirSync(cache));
    t.teardown(() => {
      for (const name of readdirSync(cache)) if (!before.has(name)) rmSync(join(cache, name), { recursive: true });
    });
    const npx = (...args: string[]): { status: number | null; stdout: string; stderr: string } =>
      spawnSync('npx', ['--yes', `./${packed.filename}`, ...args], {
        cwd: directory,
        env: { ...npmEnv, ...ONCE },
        encoding: 'utf8',
      });
    const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
    const first = npx('--version');
    if (/EAI_AGAIN|ENOTFOUND|ENETUNREACH/.test(first.stderr)) {
      // After a fresh `npm ci` the cache has the packages, and not the list of their versions.
      t.comment(first.stderr);
      t.ok(true, { skip: 'needs a network, or the list of versions of @nats-io/transport-node in the cache of npm' });
      return;
    }
    t.match(first, { status: 0, stdout: `${version}\n` }, first.stderr);
    const server = await startServer();
    t.teardown(() => server.stop());
    const run = npx(
      'client',
      `127.0.0.1:${server.port}`,
      '--rate',
      '50',
      '--duration',
      '1s',
      '--html',
      'run.html',
      '--quiet',
    );
    t.match(run, { status: 0, stdout: /attempts +50 started of 50 due/ }, run.stderr);
    t.match(readFileSync(join(directory, 'run.html'), 'utf8'), /<\/html>\s*$/i, 'what a page needs is there');
  },
);
