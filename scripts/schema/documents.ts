/** The schemas that conngen ships: which interface is which document, and the text of each file. */
import { KERNEL_ROWS } from '../../src/document/kernel-table.ts';
import { OUTCOMES, OUTCOME_TRAITS } from '../../src/document/outcome.ts';
import { DOCUMENT_VERSIONS, type DocumentKind } from '../../src/document/read.ts';
import { schemasOf, type DocumentType } from './generate.ts';

const TYPES: Readonly<Record<DocumentKind, { readonly file: string; readonly name: string }>> = {
  client: { file: 'client.ts', name: 'ClientResult' },
  server: { file: 'server.ts', name: 'ServerResult' },
  rtt: { file: 'rtt.ts', name: 'RttResult' },
  search: { file: 'limit.ts', name: 'SearchResult' },
  saturate: { file: 'limit.ts', name: 'SaturateResult' },
  lab: { file: 'lab.ts', name: 'LabResult' },
  doctor: { file: 'doctor.ts', name: 'DoctorResult' },
};

/** What the tables of the code say of outcomes and kernel counters. */
const TABLE_DESCRIPTIONS: ReadonlyMap<string, string> = new Map([
  ...OUTCOMES.map((name): [string, string] => [`RoundResult.outcomes.${name}`, OUTCOME_TRAITS[name].meaning]),
  ...[...KERNEL_ROWS].map(([key, { counts }]): [string, string] => [
    `KernelEvidence.${key}`,
    `${counts.charAt(0).toUpperCase()}${counts.slice(1)}.`,
  ]),
]);

const BASE = 'https://raw.githubusercontent.com/conngen/conngen/main/schema';

/** Returns the text of every file of `schema/` by its name, such as `client-1.json`. Reads the sources under `root`; takes 2 s. */
export function schemaFiles(root: string): Map<string, string> {
  const kinds = Object.keys(TYPES) as DocumentKind[];
  const names = kinds.map((kind) => `${kind}-${DOCUMENT_VERSIONS[kind]}.json`);
  const types = kinds.map((kind, index): DocumentType => {
    const { file, name } = TYPES[kind];
    const title = `The result of conngen ${kind}: conngen.${kind}/${DOCUMENT_VERSIONS[kind]}`;
    return { file: `src/document/${file}`, name, id: `${BASE}/${names[index]!}`, title };
  });
  const schemas = schemasOf(root, types, TABLE_DESCRIPTIONS);
  return new Map(names.map((name, index) => [name, `${JSON.stringify(schemas[index], null, 2)}\n`]));
}
