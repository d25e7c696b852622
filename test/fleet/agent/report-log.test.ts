/** Reports are numbered, kept until they are acknowledged, and sent again. */
import t from 'tap';
import { ReportLog } from '../../../src/fleet/agent/report-log.ts';
import { decodeReport } from '../../../src/fleet/report-code.ts';

interface Sent {
  readonly log: ReportLog;
  /** The numbers of the reports that were sent, again ones included. */
  readonly numbers: () => readonly (number | undefined)[];
  readonly full: () => number;
}

function logOf(maxBytes?: number): Sent {
  const sent: Uint8Array[] = [];
  let full = 0;
  const log = new ReportLog({
    ...{ run: 'r', instance: 'i', send: (message: Uint8Array) => void sent.push(message), onEnd: () => (full += 1) },
    maxMessageBytes: () => 500,
    ...(maxBytes === undefined ? {} : { maxBytes }),
  });
  return { log, numbers: () => sent.map((message) => decodeReport(message)?.report.number), full: () => full };
}

t.test('numbers have no gap, and what is acknowledged is not sent again', (t) => {
  const { log, numbers } = logOf();
  for (let stage = 0; stage < 4; stage++) log.add({ kind: 'stage', stage });
  t.strictSame(numbers(), [0, 1, 2, 3]);
  log.acknowledge(2);
  t.equal(log.pending, 2);
  log.sendAgain();
  t.strictSame(numbers(), [0, 1, 2, 3, 2, 3]);
  log.acknowledge(4);
  t.same([log.pending, log.keptBytes], [0, 0]);
  log.add({ kind: 'stage', stage: 4 });
  t.equal(numbers().at(-1), 4);
  t.end();
});

t.test('an acknowledgement of what was not sent is ignored', (t) => {
  const { log } = logOf();
  log.add({ kind: 'stage', stage: 4 });
  log.acknowledge(7);
  t.equal(log.pending, 1);
  t.end();
});

t.test('acknowledgements that do not get further have what is overdue sent again, and only that', async (t) => {
  const { log, numbers } = logOf();
  log.add({ kind: 'stage', stage: 4 });
  log.acknowledge(0);
  log.acknowledge(0);
  log.acknowledge(0);
  t.strictSame(numbers(), [0], 'it is under way');
  await new Promise((resolve) => setTimeout(resolve, 1600));
  log.acknowledge(0);
  t.strictSame(numbers(), [0, 0]);
});

t.test('at the bound it says so once, and takes nothing more', (t) => {
  const { log, numbers, full } = logOf(1000);
  const data = new Uint8Array(400);
  for (let stage = 0; stage < 5; stage++) log.add({ kind: 'stage', stage }, data);
  t.ok(log.keptBytes <= 1000);
  t.equal(full(), 1);
  t.strictSame(numbers(), [0, 1]);
  log.clear();
  log.add({ kind: 'stage', stage: 4 });
  t.strictSame(numbers(), [0, 1], 'a gap would hide what is missing');
  t.end();
});

t.test('a report that NATS does not take ends it', (t) => {
  const { log, numbers, full } = logOf();
  log.add({ kind: 'stage', stage: 4 }, new Uint8Array(501));
  log.add({ kind: 'stage', stage: 4 });
  t.same([full(), numbers()], [1, []]);
  t.end();
});
