import { readFileSync } from 'node:fs';
import t from 'tap';
import {
  TIME_WAIT_NS,
  localPortRange,
  readProc,
  readSysctl,
  readSysctlNumber,
  reservedPorts,
  reuseDelayNs,
} from '../../src/kernel/proc.ts';

const skip = process.platform === 'linux' ? false : 'needs Linux (/proc)';

function raw(key: string): string {
  return readFileSync(`/proc/sys/net/ipv4/${key}`, 'utf8').trim();
}

t.test('a file of /proc comes without its last newline', { skip }, async (t) => {
  t.equal(readProc('/proc/sys/kernel/ostype'), 'Linux');
  t.match(readProc('/proc/self/limits'), /^Limit[^]*Max open files[^]*[^\n]$/);
});

t.test('what is missing or may not be read is undefined', { skip }, async (t) => {
  t.equal(readProc('/proc/conngen-does-not-exist'), undefined);
  t.equal(readProc('/proc'), undefined, 'a directory');
  t.equal(readSysctl('net.ipv4.conngen_does_not_exist'), undefined);
  t.equal(readSysctl('net.ipv4'), undefined, 'a directory');
  t.equal(readSysctlNumber('net.ipv4.conngen_does_not_exist'), undefined);
});

t.test('a sysctl is read by its dotted name', { skip }, async (t) => {
  t.equal(readSysctl('kernel.ostype'), 'Linux');
  t.equal(readSysctl('net.ipv4.tcp_timestamps'), raw('tcp_timestamps'));
  t.equal(readSysctlNumber('net.ipv4.tcp_timestamps'), Number(raw('tcp_timestamps')));
});

t.test('what is not one number is not a number', { skip }, async (t) => {
  t.equal(readSysctlNumber('kernel.ostype'), undefined);
  t.equal(readSysctlNumber('net.ipv4.ip_local_port_range'), undefined, 'two numbers');
  t.equal(
    readSysctlNumber('net.ipv4.ip_local_reserved_ports'),
    /^\d+$/.test(raw('ip_local_reserved_ports')) ? Number(raw('ip_local_reserved_ports')) : undefined,
  );
});

t.test("the local port range is this machine's", { skip }, async (t) => {
  const [first, last] = raw('ip_local_port_range').split(/\s+/).map(Number);
  t.same(localPortRange(), { first, last });
});

t.test("the reserved ports are this machine's", { skip }, async (t) => {
  const text = raw('ip_local_reserved_ports');
  const reserved = reservedPorts();
  const count =
    text === ''
      ? 0
      : text.split(',').reduce((sum, part) => {
          const [first, last = first] = part.split('-').map(Number);
          return sum + last! - first! + 1;
        }, 0);
  t.equal(reserved.size, count);
  for (const part of text.split(',').filter((each) => each !== '')) {
    for (const port of part.split('-').map(Number)) t.ok(reserved.has(port), `${port}`);
  }
});

t.test('a 4-tuple can be used again after the delay of the kernel, or after TIME_WAIT', { skip }, async (t) => {
  const reuse = readSysctlNumber('net.ipv4.tcp_tw_reuse');
  const timestamps = readSysctlNumber('net.ipv4.tcp_timestamps');
  const delayMs = readSysctlNumber('net.ipv4.tcp_tw_reuse_delay');
  const soonNs = delayMs === undefined ? 2e9 : delayMs * 1e6;
  const applies = (loopback: boolean): boolean => (timestamps ?? 0) > 0 && (reuse === 1 || (reuse === 2 && loopback));
  for (const address of ['127.0.0.1', '127.8.9.10', '::1']) {
    t.equal(reuseDelayNs(address), applies(true) ? soonNs : TIME_WAIT_NS, address);
  }
  for (const address of ['192.0.2.1', '10.0.0.1', '1.127.0.0', '2001:db8::1', '::']) {
    t.equal(reuseDelayNs(address), applies(false) ? soonNs : TIME_WAIT_NS, address);
  }
  t.equal(TIME_WAIT_NS, 60e9);
});
