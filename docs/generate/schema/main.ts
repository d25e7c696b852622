/** `npm run schema`: writes `schema/` anew from the interfaces of `src/document/`. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { schemaFiles } from './documents.ts';

const ROOT = path.resolve(import.meta.dirname, '../../..');
mkdirSync(path.join(ROOT, 'schema'), { recursive: true });
for (const [file, text] of schemaFiles(ROOT)) writeFileSync(path.join(ROOT, 'schema', file), text);
