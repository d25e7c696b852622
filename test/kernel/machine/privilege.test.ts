import { readFileSync } from 'node:fs';
import t from 'tap';
import { lowestPort, mayBindAnyPort } from '../../../src/kernel/machine/privilege.ts';

t.test('whether low ports may be bound stands in the effective capabilities', (t) => {
  const status = (effective: string): string =>
    `CapPrm:\t000001ffffffffff\nCapEff:\t${effective}\nCapBnd:\t000001ffffffffff\n`;
  t.ok(mayBindAnyPort(status('000001ffffffffff')));
  t.ok(mayBindAnyPort(status('0000000000000400')));
  t.notOk(mayBindAnyPort(status('0000000000000000')));
  t.notOk(mayBindAnyPort(status('000001fffffffbff')));
  t.notOk(mayBindAnyPort(''));
  t.end();
});

t.test("the lowest port is this process's", { skip: process.platform === 'linux' ? false : 'needs Linux' }, (t) => {
  const first = Number(readFileSync('/proc/sys/net/ipv4/ip_unprivileged_port_start', 'utf8'));
  t.equal(lowestPort(), mayBindAnyPort(readFileSync('/proc/self/status', 'utf8')) ? 0 : first);
  t.end();
});
