/** Every result of a test, held against the schema that is shipped. Here a schema is closed: a key that it does not know is a fault. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';

const FOLDER = path.resolve(import.meta.dirname, '../../schema');

type Schema = Readonly<Record<string, unknown>>;

const validators = new Map<string, ValidateFunction>();

/**
 * Returns what is wrong with `value` as a document of conngen, a line each; empty where nothing is, and for what is no such document.
 * Results are shipped with open schemas, because keys may be added within a version; what a test produces has no undocumented key.
 */
export function schemaFaults(value: unknown): string[] {
  const schema = typeof value === 'object' && value !== null && 'schema' in value ? value.schema : undefined;
  if (typeof schema !== 'string' || !schema.startsWith('conngen.')) return [];
  const validate = validatorOf(schema);
  // As it is written: what is undefined has no key, and what is no number is null.
  if (validate(JSON.parse(JSON.stringify(value)))) return [];
  return (validate.errors ?? []).map((error) => {
    const key = 'additionalProperty' in error.params ? ` (${String(error.params['additionalProperty'])})` : '';
    return `${schema}${error.instancePath} ${error.message ?? ''}${key}`;
  });
}

/** Throws where `value` is a document of conngen and not as its schema says; returns it otherwise. */
export function validated<T>(value: T): T {
  const faults = schemaFaults(value);
  if (faults.length > 0) throw new Error(`a result that is not as its schema says:\n${faults.slice(0, 20).join('\n')}`);
  return value;
}

function validatorOf(schema: string): ValidateFunction {
  const known = validators.get(schema);
  if (known !== undefined) return known;
  const file = path.join(FOLDER, `${schema.replace('conngen.', '').replace('/', '-')}.json`);
  const shipped = JSON.parse(readFileSync(file, 'utf8')) as Schema;
  const validate = new Ajv2020({ allErrors: true, strict: true, allowUnionTypes: true }).compile(closed(shipped));
  validators.set(schema, validate);
  return validate;
}

/** The schema with every object closed that does not say what other keys hold. */
function closed(schema: Schema): Schema {
  const copy = Object.entries(schema).map(([key, value]): [string, unknown] => [key, closedIn(value)]);
  const isOpen = schema['type'] === 'object' && schema['additionalProperties'] === undefined;
  return { ...Object.fromEntries(copy), ...(isOpen ? { additionalProperties: false } : {}) };
}

function closedIn(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(closedIn);
  return typeof value === 'object' && value !== null ? closed(value as Schema) : value;
}
