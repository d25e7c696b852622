// tier: kernel
/** Requests while the carrier breaks, over the carrier in memory. */
import t from 'tap';
import { AWAY, Requests } from '../../../src/fleet/controller/requests.ts';
import { MemoryCarrier } from '../memory-bus.ts';

const EMPTY = new Uint8Array(0);
const YES = Uint8Array.of(1);
const LONG_MS = 20_000;

// Timers of requests alone keep no process alive.
const alive = setInterval(() => undefined, 1000);
t.teardown(() => clearInterval(alive));

t.test('what may be asked twice is asked until it is answered', async (t) => {
  const carrier = new MemoryCarrier();
  const [bus, agent] = [carrier.connect(), carrier.connect()];
  const requests = new Requests(bus);
  let asked = 0;
  t.equal(await requests.ask('x', EMPTY, 1000), null, 'nobody is there');
  bus.disconnect();
  bus.reconnect();
  setTimeout(() => agent.subscribe('x', ({ respond }) => ++asked > 0 && respond!(YES)), 500);
  t.same(await requests.ask('x', EMPTY, 1000), YES, 'one that connects again later');
  t.equal(asked, 1);
});

t.test('an order is given once, and its lost answer is told after the break', async (t) => {
  const carrier = new MemoryCarrier();
  const [bus, agent] = [carrier.connect(), carrier.connect()];
  const requests = new Requests(bus);
  const orderOf = (): ReturnType<Requests['order']> =>
    requests.order(
      'x',
      () => EMPTY,
      LONG_MS,
      () => true,
    );
  t.equal(await orderOf(), null, 'nobody is there');
  let asked = 0;
  const end = agent.subscribe('x', () => asked++);
  const startMs = performance.now();
  const lost = orderOf();
  setTimeout(() => bus.disconnect(), 100);
  setTimeout(() => bus.reconnect(), 200);
  t.equal(await lost, AWAY);
  t.ok(performance.now() - startMs < LONG_MS / 2);
  t.equal(asked, 1);
  end();
  setTimeout(() => agent.subscribe('x', ({ respond }) => respond!(YES)), 300);
  t.same(await orderOf(), YES, 'one that nobody had is given again');
});
