// tier: kernel
import { readdirSync, readlinkSync } from 'node:fs';
import t from 'tap';
import { MonotonicClock, monotonicNs } from '../../src/runtime/clock.ts';
import { BlockingDatagramEcho } from '../../src/engine/blocking/datagram-echo.ts';
import { POLL_NS } from '../../src/engine/seam/engine.ts';
import { loadLibc } from '../../src/kernel/libc.ts';

function isSocket(fd: string): boolean {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`).startsWith('socket:');
  } catch {
    // That of the listing itself.
    return false;
  }
}

function openSockets(): string[] {
  return readdirSync('/proc/self/fd').filter(isSocket);
}

t.test('an echo whose receives fail again and again does not spin', { skip: process.platform !== 'linux' }, (t) => {
  const before = new Set(openSockets());
  const clock = new MonotonicClock(monotonicNs());
  const echo = new BlockingDatagramEcho({ host: '127.0.0.1', port: 0, ratePerPeer: 'max', clock });
  echo.listen();
  // Every receive fails with EBADF.
  const fd = Number(openSockets().find((each) => !before.has(each)));
  loadLibc().close(fd);
  let failures = 0;
  const startNs = clock.now();
  echo.run({
    deadlineNs: 0,
    step: () => failures < 5,
    received: () => t.fail('nothing can be received'),
    sent: () => t.fail('nothing can be sent'),
    dropped: () => t.fail('nothing can be dropped'),
    failed: () => failures++,
  });
  t.equal(failures, 5);
  t.ok(clock.now() - startNs >= 3.5 * POLL_NS, 'it sleeps after each failure but the first');
  t.end();
});
