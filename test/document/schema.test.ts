import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { schemaFiles } from '../../docs/generate/schema/documents.ts';
import { ROOT } from '../support/modules.ts';
import { clientResult, serverResult } from '../support/results.ts';
import { schemaFaults } from '../support/schemas.ts';

t.test('the schemas in the repository are those of the interfaces (npm run schema writes them)', async (t) => {
  const made = schemaFiles(ROOT);
  t.same(readdirSync(path.join(ROOT, 'schema')).sort(), [...made.keys()].sort());
  for (const [file, text] of made) t.equal(readFileSync(path.join(ROOT, 'schema', file), 'utf8'), text, file);
});

t.test('every field of a document says what it is', async (t) => {
  const silent: string[] = [];
  const look = (schema: unknown, at: string): void => {
    if (typeof schema !== 'object' || schema === null) return;
    for (const [key, value] of Object.entries(schema)) {
      if (key === 'properties') {
        for (const [name, property] of Object.entries(value as Record<string, { readonly description?: string }>)) {
          if (property.description === undefined) silent.push(`${at}.${name}`);
        }
      }
      look(value, key === 'properties' || key === '$defs' ? at : `${at}.${key}`);
    }
  };
  for (const [file, text] of schemaFiles(ROOT)) look(JSON.parse(text), file);
  t.same([...new Set(silent)], []);
});

t.test('a result is as its schema says; one with another key or type is not', async (t) => {
  t.same(schemaFaults(clientResult()), []);
  t.same(schemaFaults(serverResult()), []);
  t.same(schemaFaults({ schema: 'of another tool' }), []);
  t.match(schemaFaults({ ...clientResult(), extra: 1 }), [/must NOT have additional properties \(extra\)/]);
  t.match(schemaFaults({ ...clientResult(), rounds: {} }), [/\/rounds must be array/]);
});
