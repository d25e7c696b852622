import { execFileSync } from 'node:child_process';
import t from 'tap';
import { MODULE_ARGS, modulePath } from '../support/modules.ts';

/** Holds all that the rounds leave behind if each connection left as much as it did before it was looked after: 300 bytes. */
const YOUNG_MIB = 512;
/** Three number objects: what V8 does not inline hands its doubles over as such, and that differs from run to run. */
const MOST_BYTES = 48;

t.test('a connection leaves next to nothing behind for the collector', (t) => {
  const output = execFileSync(
    process.execPath,
    [
      `--min-semi-space-size=${YOUNG_MIB}`,
      `--max-semi-space-size=${YOUNG_MIB}`,
      ...MODULE_ARGS,
      modulePath('test/client/garbage-run.ts'),
    ],
    { encoding: 'utf8' },
  );
  const [closedLoop, openLoop] = JSON.parse(output) as number[];
  t.ok(Math.abs(closedLoop!) <= MOST_BYTES, `closed loop: ${closedLoop} bytes`);
  t.ok(Math.abs(openLoop!) <= MOST_BYTES, `open loop: ${openLoop} bytes`);
  t.end();
});
