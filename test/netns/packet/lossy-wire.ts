/** Two ends and a wire between them that loses, doubles and reorders TCP packets. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Test } from 'tap';
import { MODULE_ARGS, modulePath } from '../../support/modules.ts';
import { Namespace, removeNamespace } from '../lab.ts';
import { DEVICE, FAR, NEAR, address, newNames } from '../veth-pair.ts';
import type { ForwarderArgs, ForwarderCounts } from './forwarder.ts';

const SIDES = ['near', 'far'] as const;

export interface Treatment {
  /** From now on packets pass as they are. */
  spare(): void;
  /** Nothing passes any more. Returns what was done. */
  stop(): Promise<ForwarderCounts>;
}

export class LossyWire {
  readonly near: Namespace;
  readonly far: Namespace;
  readonly #middle: Namespace;
  readonly #atExit = (): void => this.close();

  static forTest(t: Test): LossyWire {
    const wire = new LossyWire();
    t.teardown(() => wire.close());
    return wire;
  }

  constructor() {
    const name = newNames();
    process.once('exit', this.#atExit);
    this.near = new Namespace(name('near'));
    this.far = new Namespace(name('far'));
    this.#middle = new Namespace(name('middle'));
    // It carries frames, and has nothing to say itself.
    this.#middle.sysctl('net.ipv6.conf.default.disable_ipv6', 1);
    for (const side of SIDES) {
      const there = ['peer', 'name', DEVICE, 'netns', this[side].name];
      this.#middle.ip('link', 'add', 'name', side, 'type', 'veth', ...there);
      this.#middle.ip('link', 'set', side, 'up');
      // Otherwise the kernel hands over up to 64 KiB in one piece, and a loss is that of 45 packets.
      this[side].ip('link', 'set', DEVICE, 'gso_max_segs', '1');
    }
    address(this.near, NEAR);
    address(this.far, FAR);
  }

  /** Treats packets like this from now on. */
  async treat(shares: Omit<ForwarderArgs, 'interfaces'>): Promise<Treatment> {
    const args: ForwarderArgs = { interfaces: SIDES, ...shares };
    const program = [...this.#middle.prefix, process.execPath, ...MODULE_ARGS];
    const [command, ...rest] = [...program, modulePath('test/netns/packet/forwarder.ts'), JSON.stringify(args)];
    const forwarder = spawn(command, rest, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    await message(forwarder);
    return {
      spare: () => void forwarder.send('spare'),
      async stop() {
        forwarder.send('stop');
        return (await message(forwarder)) as ForwarderCounts;
      },
    };
  }

  /** Ends all that runs in it and removes it. Callable twice. */
  close(): void {
    process.off('exit', this.#atExit);
    for (const { name } of [this.near, this.far, this.#middle]) removeNamespace(name);
  }
}

async function message(child: ChildProcess): Promise<unknown> {
  const ended = once(child, 'exit').then(([code]) => Promise.reject(new Error(`the forwarder ended with ${code}`)));
  ended.catch(() => undefined);
  return Promise.race([once(child, 'message').then(([value]) => value as unknown), ended]);
}
