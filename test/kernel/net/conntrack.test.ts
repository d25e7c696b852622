import t from 'tap';
import { readConntrack } from '../../../src/kernel/net/conntrack.ts';
import { ORDINARY, WITH_CONNTRACK, reading, type Files } from '../../support/machines.ts';

const EMPTY: Files = { ...WITH_CONNTRACK, '/proc/sys/net/netfilter/nf_conntrack_count': '0' };

t.test('none, in the path, and unreadable', async (t) => {
  t.equal(readConntrack(reading(ORDINARY)), null);
  t.equal(readConntrack(reading({})), undefined, 'without /proc/sys nothing can be told');
  t.same(readConntrack(reading(WITH_CONNTRACK)), {
    count: 144,
    max: 262_144,
    timeWaitNs: 120e9,
    closedNs: 10e9,
    inPath: true,
  });
  t.equal(
    readConntrack(reading({ ...WITH_CONNTRACK, '/proc/sys/net/netfilter/nf_conntrack_max': undefined })),
    undefined,
  );
});

t.test('an empty table says something only beside connections', async (t) => {
  const inPath = (files: Files): boolean | undefined => readConntrack(reading({ ...EMPTY, ...files }))?.inPath;
  const snmp = (established: number): string =>
    `Ip: Forwarding\nIp: 1\nTcp: RtoMin CurrEstab InSegs\nTcp: 200 ${established} 1000`;
  const sockstat = (timeWaits: number): string =>
    `sockets: used 3\nTCP: inuse 1 orphan 0 tw ${timeWaits} alloc 1 mem 0`;
  t.equal(inPath({}), undefined);
  t.equal(inPath({ '/proc/net/snmp': snmp(0), '/proc/net/sockstat': sockstat(0) }), undefined);
  t.equal(inPath({ '/proc/net/snmp': snmp(1), '/proc/net/sockstat': sockstat(0) }), false);
  t.equal(inPath({ '/proc/net/snmp': snmp(0), '/proc/net/sockstat': sockstat(4) }), false);
});
