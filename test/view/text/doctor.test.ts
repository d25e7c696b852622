import t from 'tap';
import type { Check, DoctorResult } from '../../../src/document/doctor.ts';
import { clientConfig } from '../../support/results.ts';
import { checkLine, doctorText } from '../../../src/view/text/doctor.ts';

const OK: Check = { id: 'somaxconn', status: 'ok', value: 4096, needed: 100, why: 'It fits.', fix: null };
const PROBLEM: Check = {
  id: 'source_ports',
  status: 'problem',
  value: 28_232,
  needed: 200_000,
  why: '28,232 ports for each of one source address, each free again after 60 s of --hold and 1 s of TIME_WAIT.',
  fix: '--source 127.0.0.1-127.0.0.8 --and --more --of --what --is --not --broken --because --it --is --copied',
};
const UNKNOWN: Check = { id: 'cpu_governor', status: 'unknown', value: null, needed: null, why: 'No file.', fix: null };

function result(checks: readonly Check[], status: DoctorResult['status']): DoctorResult {
  return {
    schema: 'conngen.doctor/1',
    conngen: '0.1.0',
    started_at: '2026-01-01T00:00:00.000Z',
    system: { kernel: '6.18', node: 'v20.20.0', cpus: 2 },
    config: clientConfig({
      host: '::1',
      address: '::1',
      port: 80,
      rates_per_sec: [20_000, 'max'],
      hold_sec: 60,
      finish: 'half-close',
    }),
    status,
    checks,
  };
}

t.test('every check, with the fix whole on one line', (t) => {
  const text = doctorText(result([OK, PROBLEM, UNKNOWN], 'problem'));
  t.equal(
    text,
    `conngen doctor [::1]:80
20,000/s, max for 10 s, hold 60 s, timeout 5 s, finish half-close, close fin

  ok       somaxconn            4,096, needs 100
           It fits.
  problem  source_ports         28,232, needs 200,000
           28,232 ports for each of one source address, each free again after
           60 s of --hold and 1 s of TIME_WAIT.
           fix: ${PROBLEM.fix ?? ''}
  unknown  cpu_governor
           No file.

1 problem, 1 unknown: this plan cannot work here as things stand.
`,
  );
  const lines = text.split('\n').filter((line) => !line.trimStart().startsWith('fix: '));
  t.ok(lines.every((line) => line.length <= 80));
  t.end();
});

t.test('without what is ok', (t) => {
  const text = doctorText(result([OK, PROBLEM, PROBLEM], 'problem'), { leavesOutOk: true });
  t.notMatch(text, 'somaxconn');
  t.match(text, '\n2 problems: ');
  t.match(
    doctorText(result([OK], 'ok'), { leavesOutOk: true }),
    /close fin\n\nnothing here stands in the way of this plan\.\n$/,
  );
  t.end();
});

t.test('colours only where they are wanted', (t) => {
  t.notMatch(doctorText(result([PROBLEM], 'problem')), '\u001b');
  t.match(doctorText(result([PROBLEM], 'problem'), {}, { columns: 80, colours: true }), '\u001b[31mproblem');
  t.end();
});

t.test('one line for a log', (t) => {
  t.equal(checkLine(OK), 'somaxconn: 4,096, needs 100. It fits.');
  t.match(checkLine(PROBLEM), /^source_ports: 28,232, needs 200,000\. .* Fix: --source 127.*$/);
  t.end();
});
