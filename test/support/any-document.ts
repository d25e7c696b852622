/** Documents as their schema allows them, made at random: whatever a file may hold that `readDocument` takes. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import type { Document, DocumentKind } from '../../src/document/read.ts';

const FOLDER = path.resolve(import.meta.dirname, '../../schema');

/** What a format must not take for its own words, and what a terminal would obey. */
export const EVIL_TEXTS: readonly string[] = [
  '</script><script>alert(1)</script>',
  '</style><img src=x onerror=alert(1)>',
  '<!--',
  '<!--<script>',
  '-->',
  ']]>',
  '"><svg onload=alert(1)>',
  "' onmouseover='alert(1)",
  '&lt;b&gt;&amp;&#39;',
  '`${alert(1)}`',
  '\u001b]0;owned\u0007\u001b[2J',
  '\u202eright to left',
  'line\u2028and\u2029paragraph',
  'nul\0 and \r\n ends',
  '| a | b |',
  '\ud800 alone',
  '{{seq}}',
  '__proto__',
  '',
  '💥',
];

interface Schema {
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, Schema>>;
  readonly type?: string | readonly string[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: Schema | boolean;
  readonly items?: Schema;
  readonly prefixItems?: readonly Schema[];
}

const TEXT = fc.oneof(fc.constantFrom(...EVIL_TEXTS), fc.string({ maxLength: 12 }));
const NUMBER = fc.oneof(
  fc.constantFrom(0, 1, 2, 0.5),
  fc.nat(100_000),
  fc.double({ min: 1e-9, max: 1e13, noNaN: true, noDefaultInfinity: true }),
);

/** Returns documents of a kind. */
export function anyDocument(kind: DocumentKind): fc.Arbitrary<Document> {
  const schema = JSON.parse(readFileSync(path.join(FOLDER, `${kind}-1.json`), 'utf8')) as Schema;
  const definitions = schema.$defs ?? {};
  const made = new Map<string, fc.Arbitrary<unknown>>();
  const ofReference = (name: string): fc.Arbitrary<unknown> => {
    const known = made.get(name);
    if (known !== undefined) return known;
    const arbitrary = valueOf(definitions[name]!, ofReference);
    made.set(name, arbitrary);
    return arbitrary;
  };
  return valueOf(schema, ofReference) as fc.Arbitrary<Document>;
}

function valueOf(schema: Schema, ofReference: (name: string) => fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  const of = (each: Schema): fc.Arbitrary<unknown> => valueOf(each, ofReference);
  if (schema.$ref !== undefined) return ofReference(schema.$ref.split('/').at(-1)!);
  if (schema.const !== undefined) return fc.constant(schema.const);
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
  if (schema.anyOf !== undefined) return fc.oneof(...schema.anyOf.map(of));
  if (schema.properties !== undefined) return recordOf(schema, of);
  if (typeof schema.additionalProperties === 'object') {
    return fc.dictionary(TEXT, of(schema.additionalProperties), { maxKeys: 3, noNullPrototype: true });
  }
  if (schema.prefixItems !== undefined) return fc.tuple(...schema.prefixItems.map(of));
  if (schema.items !== undefined) return fc.array(of(schema.items), { maxLength: 3 });
  const types = typeof schema.type === 'string' ? [schema.type] : (schema.type ?? []);
  return fc.oneof(...types.map(ofType));
}

function recordOf(schema: Schema, of: (each: Schema) => fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  const model = Object.fromEntries(Object.entries(schema.properties ?? {}).map(([key, each]) => [key, of(each)]));
  return fc.record(model, { requiredKeys: [...(schema.required ?? [])], noNullPrototype: true });
}

function ofType(type: string): fc.Arbitrary<unknown> {
  switch (type) {
    case 'string':
      return TEXT;
    case 'number':
      return NUMBER;
    case 'integer':
      return fc.nat(100_000);
    case 'boolean':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    case 'object':
      return fc.constant({});
    default:
      throw new Error(`a schema with the type ${type}`);
  }
}
