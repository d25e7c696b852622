/** `docs/reference/results/`: a page for each document, from its JSON Schema, which comes from the interfaces in `src/document/`. */
import { code, page, table } from './markdown.ts';

/** A JSON Schema as far as the schemas of conngen use it. */
export interface Schema {
  readonly title?: string;
  readonly description?: string;
  readonly type?: string | readonly string[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly $ref?: string;
  readonly items?: Schema;
  readonly prefixItems?: readonly Schema[];
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: Schema | boolean;
  readonly unevaluatedProperties?: Schema | boolean;
  readonly $defs?: Readonly<Record<string, Schema>>;
}

export function resultPage(name: string, file: string, schema: Schema): string {
  const definitions = byFirstUse(schema);
  return page(
    `conngen.${name.replace(/-(\d+)$/, '/$1')}`,
    '`src/document/`',
    schema.description ?? schema.title ?? '',
    `JSON Schema: [\`${file}\`](../../../${file}). Names and meanings stay as they are within a schema; keys may be added. An ` +
      'optional key is there only where it has something to say.',
    schema.anyOf === undefined ? propertiesOf(schema) : `One of ${schema.anyOf.map(typeOf).join(', ')}.`,
    ...definitions
      .filter(([, definition]) => definition.properties !== undefined || definition.description !== undefined)
      .map(([title, definition]) => definitionSection(title, definition)),
  );
}

/** The definitions of a schema, the ones that are used first before those that they use. */
function byFirstUse(schema: Schema): [string, Schema][] {
  const found = new Map<string, Schema>();
  let names = referencesOf({ ...schema, $defs: {} });
  while (names.length > 0) {
    const fresh = names.filter((name) => !found.has(name));
    for (const name of fresh) found.set(name, schema.$defs?.[name] ?? {});
    names = fresh.flatMap((name) => referencesOf(found.get(name)!));
  }
  return [...found];
}

/** The names of the definitions that a schema refers to by itself, in order. */
function referencesOf(schema: Schema): string[] {
  return [...JSON.stringify(schema).matchAll(/"#\/\$defs\/(\w+)"/g)].map((match) => match[1]!);
}

function definitionSection(title: string, definition: Schema): string {
  const parts = [`## ${title}`, definition.description ?? '', propertiesOf(definition)];
  if (definition.properties === undefined) parts.push(`A value: ${typeOf(definition)}.`);
  return parts.filter((part) => part !== '').join('\n\n');
}

function propertiesOf({ properties = {}, required = [] }: Schema): string {
  const rows = Object.entries(properties).flatMap(([name, schema]) => rowsOf(name, schema, required.includes(name)));
  return rows.length === 0 ? '' : table(['key', 'type', 'meaning'], rows);
}

/** A row for a key, and one for each key of an object without a name in it. */
function rowsOf(name: string, schema: Schema, isRequired: boolean): string[][] {
  const inner = innerOf(schema);
  const own = [code(name), typeOf(schema) + (isRequired ? '' : ', optional'), schema.description ?? ''];
  const suffix = inner === schema ? '' : '[]';
  const children = Object.entries(inner.properties ?? {}).flatMap(([key, child]) =>
    rowsOf(`${name}${suffix}.${key}`, child, inner.required?.includes(key) ?? false),
  );
  return [own, ...children];
}

/** The objects of a list. */
function innerOf(schema: Schema): Schema {
  return schema.items?.properties === undefined ? schema : schema.items;
}

function typeOf(schema: Schema): string {
  if (schema.$ref !== undefined) return linkTo(schema.$ref);
  if (schema.const !== undefined) return code(JSON.stringify(schema.const));
  if (schema.enum !== undefined) return schema.enum.map((value) => code(JSON.stringify(value))).join(', ');
  const alternatives = schema.anyOf ?? schema.oneOf;
  if (alternatives !== undefined) return [...new Set(alternatives.map(typeOf))].join(' or ');
  if (schema.prefixItems !== undefined) return `list of ${schema.prefixItems.map(typeOf).join(', ')}`;
  if (schema.items !== undefined)
    return `list of ${schema.items.properties === undefined ? typeOf(schema.items) : 'objects'}`;
  const values = schema.additionalProperties ?? schema.unevaluatedProperties;
  if (schema.properties === undefined && typeof values === 'object') return `object of ${typeOf(values)}`;
  return [schema.type ?? 'any'].flat().join(' or ');
}

function linkTo(ref: string): string {
  const name = ref.split('/').at(-1)!;
  return `[${name}](#${name.toLowerCase()})`;
}
