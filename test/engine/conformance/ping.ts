import type { PingEngineName } from '../../../src/plan/engines.ts';
import { createPingEngine, selectEngine } from '../../../src/engine/registry.ts';
import { once } from 'node:events';
import type { Test } from 'tap';
import { MonotonicClock, monotonicNs } from '../../../src/runtime/clock.ts';
import { RunError } from '../../../src/units/run-error.ts';
import type { PingDriver, PingEngine } from '../../../src/engine/seam/ping.ts';
import { EAGAIN, ECONNREFUSED, ECONNRESET, EPROTO } from '../../../src/kernel/errno.ts';
import type { PingProtocol } from '../../../src/plan/ping-plan.ts';
import { freePort } from '../../support/ports.ts';
import type { PingPeerPorts } from './ping-peers.ts';
import { startThread } from '../../../src/runtime/thread.ts';
import { moduleUrl } from '../../support/modules.ts';

/** A run that takes longer is broken. */
const PATIENCE_NS = 10e9;

interface Setup {
  readonly protocol: PingProtocol;
  readonly port: number;
  readonly messageBytes?: number;
  readonly connections?: number;
  readonly timeoutNs?: number;
  readonly sources?: readonly string[];
}

type Event = readonly [what: string, slot: number, ...rest: number[]];

/** A driver that opens every slot, keeps what it is told, and follows a script. */
class Script implements PingDriver {
  readonly events: Event[] = [];
  readonly engine: PingEngine;
  readonly #clock: MonotonicClock;
  readonly #connections: number;
  readonly #startNs: number;
  deadlineNs = 0;
  #isOpened = false;
  /** At each step once everything is opened; true ends the run. */
  onStep: () => boolean = () => false;
  onReceived: (slot: number, sequence: number) => void = () => undefined;

  constructor(engine: PingEngine, clock: MonotonicClock, connections: number) {
    this.engine = engine;
    this.#clock = clock;
    this.#connections = connections;
    this.#startNs = clock.now();
  }

  step(): boolean {
    const nowNs = this.#clock.now();
    if (nowNs > this.#startNs + PATIENCE_NS) throw new Error(`in vain: ${JSON.stringify(this.events.slice(-9))}`);
    if (!this.#isOpened) {
      this.#isOpened = true;
      for (let slot = 0; slot < this.#connections; slot++) {
        const errno = this.engine.open(slot);
        if (errno !== 0) this.events.push(['refused', slot, errno]);
      }
    }
    this.deadlineNs = nowNs + 5e6;
    return !this.onStep();
  }

  count(what: string): number {
    return this.events.filter(([each]) => each === what).length;
  }

  connected(slot: number): void {
    this.events.push(['connected', slot]);
  }

  received(slot: number, sequence: number, ticket: number): void {
    this.events.push(['received', slot, sequence, ticket]);
    this.onReceived(slot, sequence);
  }

  writable(slot: number): void {
    this.events.push(['writable', slot]);
  }

  undelivered(slot: number, errno: number): void {
    this.events.push(['undelivered', slot, errno]);
  }

  failed(slot: number, errno: number): void {
    this.events.push(['failed', slot, errno]);
    this.engine.close(slot);
  }
}

/** The whole suite for one engine; skipped, with the reason, where the engine cannot work. */
export async function pingConformance(t: Test, name: PingEngineName): Promise<void> {
  try {
    await selectEngine(name);
  } catch (error) {
    if (!(error instanceof RunError)) throw error;
    t.pass(`ping engine ${name}`, { skip: `${error.message} (${error.hint})` });
    return;
  }
  const peers = startThread(moduleUrl('test/engine/conformance/ping-peers.ts'), {});
  t.teardown(() => peers.terminate());
  const [ports] = (await once(peers, 'message')) as [PingPeerPorts];
  await new PingSuite(t, name, ports).run();
}

class PingSuite {
  readonly #t: Test;
  readonly #name: PingEngineName;
  readonly #ports: PingPeerPorts;

  constructor(t: Test, name: PingEngineName, ports: PingPeerPorts) {
    this.#t = t;
    this.#name = name;
    this.#ports = ports;
  }

  /** Runs a script on a new engine, to the end that it decides on. */
  async #drive(setup: Setup, script: (driver: Script) => void): Promise<Script> {
    const clock = new MonotonicClock(monotonicNs());
    const { connections = 1, messageBytes = 64, timeoutNs = 1e9, sources = [] } = setup;
    const target = { address: '127.0.0.1', family: 4, port: setup.port } as const;
    const options = { protocol: setup.protocol, target, sources, messageBytes, connections, timeoutNs, clock };
    const engine = await createPingEngine(this.#name, options);
    const driver = new Script(engine, clock, connections);
    script(driver);
    await engine.run(driver);
    engine.dispose();
    return driver;
  }

  async run(): Promise<void> {
    for (const protocol of ['tcp', 'udp'] as const) {
      await this.#roundTrips(protocol);
      await this.#sizes(protocol);
      await this.#connections(protocol);
    }
    await this.#pieces();
    await this.#failures();
    await this.#datagrams();
    if (this.#name !== 'blocking') await this.#pipelines();
  }

  #roundTrips(protocol: PingProtocol): Promise<unknown> {
    return this.#t.test(`${protocol}: one ping after the other`, async (t) => {
      const pings = 200;
      const driver = await this.#drive({ protocol, port: this.#ports[protocol].echo }, (script) => {
        let sent = 0;
        script.onStep = () => {
          const received = script.count('received');
          // A step may come before the reply: where the machine is slow, a wait ends at its deadline.
          if (script.count('connected') === 1 && sent === received && sent < pings) {
            sent++;
            script.engine.send(0, received - 3, received * 0x1000003);
          }
          return received === pings;
        };
      });
      const heads = driver.events.filter(([what]) => what === 'received').map(([, , ...head]) => head);
      t.same(
        heads,
        Array.from({ length: pings }, (_, i) => [(i - 3) | 0, (i * 0x1000003) | 0]),
        'every head came back once, in order, whatever its bits',
      );
      t.same(driver.events[0], ['connected', 0]);
    });
  }

  #sizes(protocol: PingProtocol): Promise<unknown> {
    return this.#t.test(`${protocol}: messages of any size`, async (t) => {
      for (const messageBytes of [8, 9, 63, 1500, 65_507]) {
        const driver = await this.#drive({ protocol, port: this.#ports[protocol].echo, messageBytes }, (script) => {
          let sent = 0;
          script.onStep = () => {
            const received = script.count('received');
            if (script.count('connected') === 1 && sent === received && sent < 5) script.engine.send(0, sent++, 77);
            return received === 5;
          };
        });
        t.equal(driver.count('received'), 5, `${messageBytes} bytes`);
      }
    });
  }

  #connections(protocol: PingProtocol): Promise<unknown> {
    return this.#t.test(`${protocol}: several connections, sources in turn`, async (t) => {
      const setup = {
        protocol,
        port: this.#ports[protocol].echo,
        connections: 5,
        sources: ['127.0.0.2', '127.0.0.3'],
      };
      const driver = await this.#drive(setup, (script) => {
        let sent = 0;
        script.onStep = () => {
          const received = script.count('received');
          if (script.count('connected') === 5 && sent === received && sent < 20)
            script.engine.send(sent % 5, sent++, 1);
          return received === 20;
        };
      });
      const slots = driver.events.filter(([what]) => what === 'received').map(([, slot]) => slot);
      t.same(
        slots,
        Array.from({ length: 20 }, (_, i) => i % 5),
        'each reply on the connection of its ping',
      );
    });
  }

  #pieces(): Promise<unknown> {
    return this.#t.test('tcp: a reply in pieces is one message', async (t) => {
      const driver = await this.#drive(
        { protocol: 'tcp', port: this.#ports.tcp.crumbs, messageBytes: 33 },
        (script) => {
          let sent = 0;
          script.onStep = () => {
            const received = script.count('received');
            if (script.count('connected') === 1 && sent === received && sent < 10) script.engine.send(0, sent++, 5);
            return received === 10;
          };
        },
      );
      const sequences = driver.events.filter(([what]) => what === 'received').map((event) => event[2]);
      t.same(sequences, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    });
  }

  async #failures(): Promise<void> {
    const endings = [
      ['ends', 0],
      ['resets', ECONNRESET],
    ] as const;
    for (const [peer, errno] of endings) {
      await this.#t.test(`tcp: a peer that ${peer} is told of once`, async (t) => {
        const driver = await this.#drive({ protocol: 'tcp', port: this.#ports.tcp[peer] }, (script) => {
          let isSent = false;
          script.onStep = () => {
            if (script.count('connected') === 1 && !isSent) isSent = script.engine.send(0, 1, 1) === 0;
            return script.count('failed') > 0;
          };
        });
        t.same(driver.events, [
          ['connected', 0],
          ['failed', 0, errno],
        ]);
      });
    }
    await this.#t.test('tcp: nobody listens', async (t) => {
      const port = await freePort();
      const driver = await this.#drive({ protocol: 'tcp', port }, (script) => {
        script.onStep = () => script.events.length > 0;
      });
      t.same(driver.events.length, 1);
      t.same(driver.events[0]!.slice(1), [0, ECONNREFUSED], 'refused at once or told of later');
    });
    await this.#t.test('tcp: silence is not waited out', async (t) => {
      const startMs = Date.now();
      const setup = { protocol: 'tcp', port: this.#ports.tcp.silent, timeoutNs: 50e6 } as const;
      const driver = await this.#drive(setup, (script) => {
        script.onStep = () => {
          if (script.count('connected') === 1 && script.events.length === 1) {
            script.engine.send(0, 1, 1);
            script.events.push(['sent', 0]);
          }
          return Date.now() - startMs > 150;
        };
      });
      t.ok(Date.now() - startMs < 2000, 'the driver was asked all the same');
      t.equal(driver.count('received'), 0);
    });
  }

  async #datagrams(): Promise<void> {
    await this.#t.test('udp: a lost one does not stop the others', async (t) => {
      const setup = { protocol: 'udp', port: this.#ports.udp.loses, timeoutNs: 300e6 } as const;
      const driver = await this.#drive(setup, (script) => {
        let sent = 0;
        let sentMs = 0;
        script.onStep = () => {
          const isAnswered = script.events.some(([what, , sequence]) => what === 'received' && sequence === sent - 1);
          // The others may take their time: an echo is late where the peer is held up, and not lost.
          const isLost = (sent - 1) % 4 === 0 && Date.now() - sentMs > 30;
          const isFree = sent === 0 || isAnswered || isLost;
          if (script.count('connected') === 0 || !isFree) return false;
          if (sent === 12) return true;
          script.engine.send(0, sent++, 9);
          sentMs = Date.now();
          return false;
        };
      });
      const sequences = driver.events.filter(([what]) => what === 'received').map((event) => event[2]);
      t.same(sequences, [1, 2, 3, 5, 6, 7, 9, 10, 11]);
    });
    await this.#t.test('udp: an answer of another size is none', async (t) => {
      const driver = await this.#drive({ protocol: 'udp', port: this.#ports.udp.longer }, (script) => {
        script.onStep = () => {
          if (script.events.length === 1) script.events.push(['sent', 0, script.engine.send(0, 1, 1)]);
          return script.count('undelivered') > 0;
        };
      });
      t.same(driver.events.at(-1), ['undelivered', 0, EPROTO]);
      t.equal(driver.count('received'), 0);
    });
    await this.#t.test('udp: a port where nobody is does not end the run', async (t) => {
      const port = await freePort();
      const setup = { protocol: 'udp', port, timeoutNs: 20e6 } as const;
      const driver = await this.#drive(setup, (script) => {
        let sent = 0;
        let sentMs = 0;
        script.onStep = () => {
          if (script.count('connected') === 1 && Date.now() - sentMs > 30 && sent < 3) {
            script.engine.send(0, sent++, 1);
            sentMs = Date.now();
          }
          return sent === 3 && Date.now() - sentMs > 60;
        };
      });
      const refusals = driver.events.filter(([what, , errno]) => what === 'undelivered' && errno === ECONNREFUSED);
      t.ok(refusals.length > 0, 'ECONNREFUSED is told');
      t.equal(driver.count('failed'), 0, 'and the socket goes on');
    });
  }

  async #pipelines(): Promise<void> {
    for (const protocol of ['tcp', 'udp'] as const) {
      await this.#t.test(`${protocol}: many under way on one connection`, async (t) => {
        const driver = await this.#drive({ protocol, port: this.#ports[protocol].echo }, (script) => {
          let sent = 0;
          script.onStep = () => {
            const isUp = script.count('connected') === 1;
            while (isUp && sent < 500 && sent - script.count('received') < 20) {
              if (script.engine.send(0, sent, 3) !== 0) break;
              sent++;
            }
            return script.count('received') === 500;
          };
        });
        const sequences = driver.events.filter(([what]) => what === 'received').map((event) => event[2]);
        t.same(
          sequences,
          Array.from({ length: 500 }, (_, i) => i),
        );
      });
    }
    await this.#t.test('udp: overtaking and repetition are passed on as they come', async (t) => {
      const setup = { protocol: 'udp', port: this.#ports.udp.swaps } as const;
      const driver = await this.#drive(setup, (script) => {
        let sent = 0;
        script.onStep = () => {
          if (script.count('connected') === 1 && sent < 2 && script.engine.send(0, sent, 3) === 0) sent++;
          return script.count('received') === 2;
        };
      });
      t.same(
        driver.events.filter(([what]) => what === 'received').map((event) => event[2]),
        [1, 0],
      );
    });
    await this.#t.test('tcp: a peer that does not read is not sent to for ever', async (t) => {
      const setup = { protocol: 'tcp', port: this.#ports.tcp.deaf, messageBytes: 1024 * 1024 } as const;
      let refused = 0;
      const driver = await this.#drive(setup, (script) => {
        let calls = 0;
        script.onStep = () => {
          if (script.count('connected') === 1 && refused === 0 && script.engine.send(0, calls++, 3) === EAGAIN)
            refused = calls;
          return refused > 0;
        };
      });
      t.ok(refused > 0 && refused < 100, `refused at message ${refused}`);
      t.equal(driver.count('failed'), 0);
    });
  }
}
