/** Thread: accepts connections, notes when, closes them. Posts its port; at a message it posts the times in ms and ends. */
import { parentPort, workerData } from 'node:worker_threads';
import { SOCK_CLOEXEC, SOCK_NONBLOCK } from '../src/linux/constants.ts';
import { loadLibc } from '../src/linux/libc.ts';
import { openListeningSocket } from '../src/engine/listening-socket.ts';

const ROUNDS_PER_TURN = 50;

const libc = loadLibc();
const listener = openListeningSocket(libc, '127.0.0.1', workerData as number, 20_480);
const times = new Float64Array(4_000_000);
let count = 0;
let stopped = false;

/** Spins on accept: what wakes late would see the arrivals of its own sleep. */
function turn(): void {
  for (let i = 0; i < ROUNDS_PER_TURN; i++) {
    const fd = libc.accept4(listener.fd, 0, 0, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) continue;
    if (count < times.length) times[count++] = performance.now();
    libc.close(fd);
  }
  if (stopped) {
    parentPort!.postMessage(times.slice(0, count));
    parentPort!.close();
  } else setImmediate(turn);
}

parentPort!.on('message', () => (stopped = true));
parentPort!.postMessage(listener.port);
turn();
