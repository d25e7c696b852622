/** Two network namespaces joined by one veth pair: what works on an interface, and what it talks to. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Test } from 'tap';
import { plainEnvironment } from '../support/cli.ts';
import { MODULE_ARGS } from '../support/modules.ts';
import { Namespace, labNames, removeNamespace } from './lab.ts';

/** Of RFC 2544, and of RFC 5180 for IPv6. Both ends are in one network; the kernel has the first address of each. */
export const NEAR = { 4: '198.18.0.1', 6: '2001:2::1' } as const;
export const FAR = { 4: '198.18.0.2', 6: '2001:2::2' } as const;
export const PREFIX_BITS = { 4: 16, 6: 64 } as const;
/** The interface has this name at both ends. */
export const DEVICE = 'eth0';

let built = 0;

/** Names for the namespaces of a new network: `near`, `far` and others. */
export function newNames(): (end: string) => string {
  labNames(true).forEach(removeNamespace);
  built++;
  const prefix = `conngen-test-${process.pid}-pair${built}`;
  return (end) => `${prefix}-${end}`;
}

/** Gives an end its addresses. */
export function address(end: Namespace, { 4: four, 6: six }: typeof NEAR | typeof FAR): void {
  end.sysctl(`net.ipv6.conf.${DEVICE}.accept_dad`, 0);
  end.ip('address', 'add', `${four}/${PREFIX_BITS[4]}`, 'dev', DEVICE);
  end.ip('address', 'add', `${six}/${PREFIX_BITS[6]}`, 'dev', DEVICE);
  end.ip('link', 'set', DEVICE, 'up');
}

export class VethPair {
  readonly near: Namespace;
  readonly far: Namespace;
  readonly #atExit = (): void => this.close();

  /** A pair of the test's own, which is gone when the test has ended, however it ended. */
  static forTest(t: Test, queues = 1): VethPair {
    const pair = new VethPair(queues);
    t.teardown(() => pair.close());
    return pair;
  }

  /** `queues`: how many receive and transmit queues each end has. */
  constructor(queues = 1) {
    const name = newNames();
    process.once('exit', this.#atExit);
    this.near = new Namespace(name('near'));
    this.far = new Namespace(name('far'));
    const several = ['numrxqueues', String(queues), 'numtxqueues', String(queues)];
    const far = ['peer', 'name', DEVICE, 'netns', this.far.name, ...several];
    this.near.ip('link', 'add', 'name', DEVICE, ...several, 'type', 'veth', ...far);
    address(this.near, NEAR);
    address(this.far, FAR);
  }

  /** Ends all that runs in it and removes it. Callable twice. */
  close(): void {
    process.off('exit', this.#atExit);
    removeNamespace(this.near.name);
    removeNamespace(this.far.name);
  }
}

interface LinkState {
  readonly xdp?: object;
  readonly stats64: { readonly rx: { readonly packets: number } };
}

function stateOf(end: Namespace): LinkState {
  return (JSON.parse(end.ip('-j', '-d', '-s', 'link', 'show', DEVICE)) as [LinkState])[0];
}

/**
 * Resolves when a run of the packet engine at the near end is under way: its program is on the interface, and so many packets have reached
 * the far end since. Resolves too when `ended` does. A pause would not do: how long a busy machine takes to begin a run is not known.
 */
export async function untilUnderWay(
  { near, far }: Pick<VethPair, 'near' | 'far'>,
  packets: number,
  ended: Promise<unknown>,
): Promise<void> {
  const isOver = ended.then(
    () => true,
    () => true,
  );
  // Packets before it ask who has the addresses.
  let before: number | null = null;
  while (before === null || stateOf(far).stats64.rx.packets < before + packets) {
    if (await Promise.race([isOver, sleep(25)])) return;
    if (before === null && stateOf(near).xdp !== undefined) before = stateOf(far).stats64.rx.packets;
  }
}

/**
 * Runs a module of the project in a namespace, its output being that of this process, and sets the exit code to its own. ip-netns(8)
 * mounts the namespace's /sys, which setns(2) alone does not.
 */
export async function continueIn(namespace: Namespace, module: string, env: Record<string, string>): Promise<void> {
  const [command, ...args] = [...namespace.prefix, process.execPath, ...MODULE_ARGS, module];
  const tap = Object.fromEntries(Object.entries(process.env).filter(([key]) => key.startsWith('TAP')));
  const child = spawn(command, args, { env: { ...plainEnvironment(), ...tap, ...env }, stdio: 'inherit' });
  const forward = (signal: NodeJS.Signals): void => void child.kill(signal);
  process.on('SIGTERM', forward).on('SIGINT', forward);
  const [code] = (await once(child, 'close')) as [number | null];
  process.off('SIGTERM', forward).off('SIGINT', forward);
  process.exitCode = code ?? 1;
}
