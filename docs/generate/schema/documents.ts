/** The schemas that conngen ships: which interface is which document, and the text of each file. */
import path from 'node:path';
import { KERNEL_ROWS } from '../../../src/document/kernel-table.ts';
import { OUTCOMES, OUTCOME_TRAITS } from '../../../src/document/outcome.ts';
import { DOCUMENT_VERSIONS, type DocumentKind } from '../../../src/document/read.ts';
import { schemasOf, type DocumentType } from './generate.ts';

const TYPES: Readonly<Record<DocumentKind, { readonly file: string; readonly name: string }>> = {
  client: { file: 'client.ts', name: 'ClientResult' },
  server: { file: 'server.ts', name: 'ServerResult' },
  rtt: { file: 'rtt.ts', name: 'RttResult' },
  search: { file: 'limit.ts', name: 'SearchResult' },
  saturate: { file: 'limit.ts', name: 'SaturateResult' },
  lab: { file: 'lab.ts', name: 'LabResult' },
  doctor: { file: 'doctor.ts', name: 'DoctorResult' },
  compare: { file: 'compare.ts', name: 'CompareResult' },
  fleet: { file: 'fleet.ts', name: 'FleetResult' },
};

/** What the tables of the code say of outcomes and kernel counters. */
const TABLE_DESCRIPTIONS: ReadonlyMap<string, string> = new Map([
  ...['RoundResult', 'IntervalResult', 'LoadInterval'].flatMap((holder) =>
    OUTCOMES.map((name): [string, string] => [`${holder}.outcomes.${name}`, OUTCOME_TRAITS[name].meaning]),
  ),
  ...[...KERNEL_ROWS].map(([key, { counts }]): [string, string] => [
    `KernelEvidence.${key}`,
    `${counts.charAt(0).toUpperCase()}${counts.slice(1)}.`,
  ]),
]);

const BASE = 'https://raw.githubusercontent.com/conngen/conngen/main/schema';

/** The lines of `--stream`. */
const LINES: readonly DocumentType[] = [
  typeOf({ file: 'interval.ts', name: 'Interval' }, 'interval-1', 'A line of --stream: conngen.interval/1'),
  typeOf({ file: 'interval.ts', name: 'AgentLine' }, 'agent-1', 'A line of --stream of a fleet: conngen.agent/1'),
  typeOf(
    { file: 'interval.ts', name: 'ServerLine' },
    'server-second-1',
    'A line of --stream of a server: conngen.server-second/1',
  ),
  typeOf({ file: 'interval.ts', name: 'CellLine' }, 'cell-1', 'A line of --stream of a lab: conngen.cell/1'),
];

function typeOf(type: { readonly file: string; readonly name: string }, stem: string, title: string): DocumentType {
  return { file: `src/document/${type.file}`, name: type.name, id: `${BASE}/${stem}.json`, title };
}

/** Returns the text of every file of `schema/` by its name, such as `client-1.json`. Reads the sources under `root`; takes 2 s. */
export function schemaFiles(root: string): Map<string, string> {
  const kinds = Object.keys(TYPES) as DocumentKind[];
  const results = kinds.map((kind): DocumentType => {
    const version = DOCUMENT_VERSIONS[kind];
    return typeOf(TYPES[kind], `${kind}-${version}`, `The result of conngen ${kind}: conngen.${kind}/${version}`);
  });
  const types = [...results, ...LINES];
  const schemas = schemasOf(root, types, TABLE_DESCRIPTIONS);
  return new Map(types.map(({ id }, index) => [path.basename(id), `${JSON.stringify(schemas[index], null, 2)}\n`]));
}
