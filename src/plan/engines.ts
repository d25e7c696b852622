/** The engines, as data: what plans, options, the doctor and the labs need to know of each. The code of an engine is `engine/NAME/`. */

interface EngineTraits {
  readonly name: string;
  /** What the engine is, and what it needs. */
  readonly about: string;
  /** `connections`: for client, server and pings. `pings`: for `rtt` alone. */
  readonly carries: 'connections' | 'pings';
  /** The order in which `auto` tries engines, 1 first: for responses that are dropped, and for responses that are kept. Null: never. */
  readonly rank: { readonly dropping: number; readonly keeping: number } | null;
  /**
   * Processor time of a connection at one end, kernel included: measured near saturation on two virtual cores of an AMD
   * EPYC (bench/README.md). 0 for an engine that opens none. Another machine may need half of it, or twice as much.
   */
  readonly connectionUsec: number;
  /** It calls libc, and memory that the kernel writes into is native. */
  readonly usesLibc: boolean;
  /** Its waits end through the event loop of Node.js. */
  readonly turnsEventLoop: boolean;
  /** Connections need no file descriptor where the kernel can do without. */
  readonly hasDirectDescriptors: boolean;
  /** Receives of several connections are under way side by side: each needs a place of its own. */
  readonly receivesSideBySide: boolean;
  /** It can bind addresses that this machine does not have. */
  readonly bindsFreely: boolean;
  /** A thread waits for one reply before it sends again. */
  readonly waitsForEachReply: boolean;
}

/** One row an engine, in the order that help lists them. */
const ROWS = [
  {
    name: 'uring',
    about: 'io_uring; needs Linux 6.1',
    carries: 'connections',
    rank: { dropping: 1, keeping: 2 },
    connectionUsec: 40,
    usesLibc: true,
    turnsEventLoop: false,
    hasDirectDescriptors: true,
    receivesSideBySide: true,
    bindsFreely: true,
    waitsForEachReply: false,
  },
  {
    name: 'epoll',
    about: 'epoll through the C library; needs Linux',
    carries: 'connections',
    // Reading on until nothing is left takes epoll half the wake-ups that completions one by one take (bench/README.md, bodies).
    rank: { dropping: 2, keeping: 1 },
    connectionUsec: 50,
    usesLibc: true,
    turnsEventLoop: false,
    hasDirectDescriptors: false,
    receivesSideBySide: false,
    bindsFreely: true,
    waitsForEachReply: false,
  },
  {
    name: 'node',
    about: "Node's net module; works on any system",
    carries: 'connections',
    rank: { dropping: 3, keeping: 3 },
    connectionUsec: 110,
    usesLibc: false,
    turnsEventLoop: true,
    hasDirectDescriptors: false,
    receivesSideBySide: false,
    bindsFreely: false,
    waitsForEachReply: false,
  },
  {
    name: 'blocking',
    about: 'blocking sockets on one thread; the baseline',
    carries: 'pings',
    rank: null,
    connectionUsec: 0,
    usesLibc: true,
    turnsEventLoop: false,
    hasDirectDescriptors: false,
    receivesSideBySide: false,
    bindsFreely: true,
    waitsForEachReply: true,
  },
] as const satisfies readonly EngineTraits[];

type Row = (typeof ROWS)[number];

/** The engines of client and server. */
export type EngineName = Extract<Row, { carries: 'connections' }>['name'];
export type EngineChoice = EngineName | 'auto';
/** The engines of `rtt`. */
export type PingEngineName = Row['name'];
export type PingEngineChoice = PingEngineName | 'auto';

export const PING_ENGINE_NAMES: readonly PingEngineName[] = ROWS.map(({ name }) => name);
export const ENGINE_NAMES: readonly EngineName[] = ROWS.filter((row) => row.carries === 'connections').map(
  ({ name }) => name,
);

type Trait = { [K in keyof EngineTraits]: EngineTraits[K] extends boolean ? K : never }[keyof EngineTraits];

/** Whether something is true of the engine with this name; of `auto` nothing is. */
export function engineHas(name: unknown, trait: Trait): boolean {
  return ROWS.find((row) => row.name === name)?.[trait] ?? false;
}

/** All that is known of an engine. */
export function traitsOf(name: PingEngineName): EngineTraits {
  return ROWS.find((row) => row.name === name)!;
}

/** What `auto` tries, best first, for responses that end in this sink. */
export function preferredEngines(sink: { readonly kind: string } = { kind: 'null' }): readonly EngineName[] {
  const purpose = sink.kind === 'null' ? 'dropping' : 'keeping';
  const rankOf = (name: EngineName): number => traitsOf(name).rank?.[purpose] ?? Infinity;
  return ENGINE_NAMES.filter((name) => rankOf(name) < Infinity).sort((a, b) => rankOf(a) - rankOf(b));
}

/** The engines of which `trait` is true, for a sentence: `uring or epoll`. */
export function enginesWith(trait: Trait): string {
  return ENGINE_NAMES.filter((name) => engineHas(name, trait)).join(' or ');
}
