/** Holds a value against a schema of `schema/`: the part of JSON Schema 2020-12 that these use, with messages for people. */

/** A schema, or a part of one, as `docs/generate/schema` makes it. */
export interface Schema {
  readonly $defs?: Readonly<Record<string, Schema>>;
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly const?: string | number | boolean;
  readonly enum?: readonly (string | number)[];
  readonly anyOf?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: Schema | false;
  readonly items?: Schema;
  readonly prefixItems?: readonly Schema[];
}

type Members = Readonly<Record<string, unknown>>;

/**
 * Returns the first fault of `value`, such as "plan.only is 7, not a list", or 'the key "plan" is missing'; null where it is what `root` says. Keys that the schema
 * does not know are no fault.
 */
export function faultOf(root: Schema, value: unknown): string | null {
  return new Checker(root).fault(root, value, '');
}

class Checker {
  readonly #root: Schema;

  constructor(root: Schema) {
    this.#root = root;
  }

  fault(schema: Schema, value: unknown, path: string): string | null {
    const { anyOf, properties, items, prefixItems } = schema;
    if (schema.$ref !== undefined) return this.fault(this.#resolve(schema.$ref), value, path);
    if (anyOf !== undefined) return this.#anyOf(anyOf, value, path);
    if (!isOfType(schema, value)) return faultText(path, value, expected(schema));
    if (prefixItems !== undefined && Array.isArray(value)) return this.#tuple(prefixItems, value, path);
    if (items !== undefined && Array.isArray(value)) return this.#items(items, value, path);
    if (isObject(value) && (properties !== undefined || schema.additionalProperties !== undefined)) {
      return this.#members(schema, value, path);
    }
    return null;
  }

  #resolve(reference: string): Schema {
    const found = this.#root.$defs?.[reference.replace('#/$defs/', '')];
    if (found === undefined) throw new Error(`${reference} is not in the schema`);
    return found;
  }

  #members(schema: Schema, value: Members, path: string): string | null {
    const { properties = {}, required = [], additionalProperties: others } = schema;
    for (const [key, property] of Object.entries(properties)) {
      if (!Object.hasOwn(value, key) && !required.includes(key)) continue;
      const found = this.fault(property, Object.hasOwn(value, key) ? value[key] : undefined, below(path, key));
      if (found !== null) return found;
    }
    if (others === undefined || others === false) return null;
    for (const key of Object.keys(value)) {
      const found = Object.hasOwn(properties, key) ? null : this.fault(others, value[key], below(path, key));
      if (found !== null) return found;
    }
    return null;
  }

  #items(items: Schema, value: readonly unknown[], path: string): string | null {
    for (const [index, item] of value.entries()) {
      const found = this.fault(items, item, `${path}[${index}]`);
      if (found !== null) return found;
    }
    return null;
  }

  #tuple(items: readonly Schema[], value: readonly unknown[], path: string): string | null {
    if (value.length !== items.length) return faultText(path, value, `a list of ${items.length}`);
    for (const [index, item] of items.entries()) {
      const found = this.fault(item, value[index], `${path}[${index}]`);
      if (found !== null) return found;
    }
    return null;
  }

  #anyOf(schemas: readonly Schema[], value: unknown, path: string): string | null {
    const resolved = schemas.map((each) => (each.$ref === undefined ? each : this.#resolve(each.$ref)));
    const kind = discriminatorOf(resolved);
    if (kind !== null) {
      const word = isObject(value) ? value[kind] : undefined;
      const chosen = resolved.find(({ properties }) => properties?.[kind]?.const === word);
      if (chosen !== undefined) return this.fault(chosen, value, path);
      const words = resolved.map(({ properties }) => JSON.stringify(properties?.[kind]?.const));
      return faultText(below(path, kind), word, words.join(' or '));
    }
    const faults = resolved.map((each) => this.fault(each, value, path));
    if (faults.includes(null)) return null;
    const inside = resolved.findIndex((each) => isOfType(each, value));
    return faults[inside] ?? faultText(path, value, resolved.map(expected).join(' or '));
  }
}

function below(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`;
}

/** The property by which alternatives are told apart: each has it, with one value. */
function discriminatorOf(schemas: readonly Schema[]): string | null {
  const [first, ...rest] = schemas.map(({ properties = {} }) =>
    Object.keys(properties).filter((key) => properties[key]!.const !== undefined),
  );
  return first?.find((key) => rest.length > 0 && rest.every((keys) => keys.includes(key))) ?? null;
}

const SHOWN_CHARACTERS = 30;

function faultText(path: string, value: unknown, what: string): string {
  if (value === undefined) return `the key "${path}" is missing`;
  const text = JSON.stringify(value);
  const shown = text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}…` : text;
  return `${path === '' ? 'the whole' : path} is ${shown}, not ${what}`;
}

const WORDS: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  boolean: 'true or false',
  object: 'an object',
  array: 'a list',
  null: 'null',
};

function expected({ type, const: only, enum: values }: Schema): string {
  if (only !== undefined) return JSON.stringify(only);
  if (values !== undefined) return values.map((each) => JSON.stringify(each)).join(' or ');
  return [type ?? []]
    .flat()
    .map((each) => WORDS[each] ?? each)
    .join(' or ');
}

function isOfType({ type, const: only, enum: values }: Schema, value: unknown): boolean {
  if (only !== undefined) return value === only;
  if (values !== undefined) return values.some((each) => each === value);
  if (type === undefined) return value !== undefined;
  return [type].flat().includes(typeOf(value));
}

function typeOf(value: unknown): string {
  return value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value;
}

function isObject(value: unknown): value is Members {
  return typeOf(value) === 'object';
}
