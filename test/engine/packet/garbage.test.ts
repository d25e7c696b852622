import { execFileSync } from 'node:child_process';
import t from 'tap';
import { MODULE_ARGS, modulePath } from '../../support/modules.ts';

/** Holds all that the rounds leave behind, so that nothing is collected in between. */
const YOUNG_MIB = 512;
/** Three number objects: what V8 does not inline hands its doubles over as such, and that differs from run to run. */
const MOST_BYTES = 48;

/** Null is Infinity in JSON: no stretch was measured. */
function isLittle(bytes: number | null | undefined): boolean {
  return typeof bytes === 'number' && bytes <= MOST_BYTES;
}

t.test('a connection of the packet engine leaves next to nothing behind for the collector', (t) => {
  const sizes = [`--min-semi-space-size=${YOUNG_MIB}`, `--max-semi-space-size=${YOUNG_MIB}`];
  const script = modulePath('test/engine/packet/garbage-run.ts');
  const output = execFileSync(process.execPath, [...sizes, ...MODULE_ARGS, script, String(MOST_BYTES)], {
    encoding: 'utf8',
  });
  const [fin, rst] = JSON.parse(output) as (number | null)[];
  t.ok(isLittle(fin), `closed with FIN: ${fin} bytes`);
  t.ok(isLittle(rst), `closed with RST: ${rst} bytes`);
  t.end();
});
