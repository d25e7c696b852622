/** The engines, as data: what plans, options, the doctor and the labs need to know of each. The code of an engine is `engine/NAME/`. */

interface EngineTraits {
  readonly name: string;
  /** What the engine is, and what it needs. */
  readonly about: string;
  /** It is an engine of client and server. */
  readonly carriesConnections: boolean;
  /** It is an engine of `rtt`. */
  readonly carriesPings: boolean;
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
  /** Connections are no sockets of the kernel: the limit of open files, its ports and its TIME_WAITs do not bound them. */
  readonly hasOwnConnections: boolean;
  /** It sends and receives on one interface, which the user names. */
  readonly worksOnInterface: boolean;
  /** A wake-up costs it little, so that starts at a high rate are hardly gathered: see `batchNsOf`. */
  readonly wakesCheaply: boolean;
  /** Receives of several connections are under way side by side: each needs a place of its own. */
  readonly receivesSideBySide: boolean;
  /** It can bind addresses that this machine does not have (IP_FREEBIND). */
  readonly bindsFreely: boolean;
  /** A thread waits for one reply before it sends again. */
  readonly waitsForEachReply: boolean;
}

/** One row an engine, in the order that help lists them. */
const ROWS = [
  {
    name: 'uring',
    about: 'io_uring; needs Linux 6.1',
    carriesConnections: true,
    carriesPings: true,
    rank: { dropping: 1, keeping: 2 },
    connectionUsec: 40,
    usesLibc: true,
    turnsEventLoop: false,
    hasDirectDescriptors: true,
    hasOwnConnections: false,
    worksOnInterface: false,
    wakesCheaply: false,
    receivesSideBySide: true,
    bindsFreely: true,
    waitsForEachReply: false,
  },
  {
    name: 'epoll',
    about: 'epoll through the C library; needs Linux',
    carriesConnections: true,
    carriesPings: true,
    // Reading on until nothing is left takes epoll half the wake-ups that completions one by one take (bench/README.md, bodies).
    rank: { dropping: 2, keeping: 1 },
    connectionUsec: 50,
    usesLibc: true,
    turnsEventLoop: false,
    hasDirectDescriptors: false,
    hasOwnConnections: false,
    worksOnInterface: false,
    wakesCheaply: false,
    receivesSideBySide: false,
    bindsFreely: true,
    waitsForEachReply: false,
  },
  {
    name: 'node',
    about: "Node's net module; works on any system",
    carriesConnections: true,
    carriesPings: true,
    rank: { dropping: 3, keeping: 3 },
    connectionUsec: 110,
    usesLibc: false,
    turnsEventLoop: true,
    hasDirectDescriptors: false,
    hasOwnConnections: false,
    worksOnInterface: false,
    wakesCheaply: false,
    receivesSideBySide: false,
    bindsFreely: false,
    waitsForEachReply: false,
  },
  {
    name: 'packet',
    about: 'TCP in user space over AF_XDP on --interface; needs Linux 5.9 and root',
    carriesConnections: true,
    carriesPings: false,
    rank: null,
    // Measured over a veth pair on two virtual cores of an Intel Xeon; a network card takes less.
    connectionUsec: 6,
    usesLibc: false,
    turnsEventLoop: false,
    hasDirectDescriptors: false,
    hasOwnConnections: true,
    worksOnInterface: true,
    wakesCheaply: true,
    receivesSideBySide: false,
    bindsFreely: false,
    waitsForEachReply: false,
  },
  {
    name: 'blocking',
    about: 'blocking sockets on one thread; the baseline',
    carriesConnections: false,
    carriesPings: true,
    rank: null,
    connectionUsec: 0,
    usesLibc: true,
    turnsEventLoop: false,
    hasDirectDescriptors: false,
    hasOwnConnections: false,
    worksOnInterface: false,
    wakesCheaply: false,
    receivesSideBySide: false,
    bindsFreely: true,
    waitsForEachReply: true,
  },
] as const satisfies readonly EngineTraits[];

type Row = (typeof ROWS)[number];

/** The name of any engine. */
export type AnyEngineName = Row['name'];
/** The engines of client and server. */
export type EngineName = Extract<Row, { carriesConnections: true }>['name'];
export type EngineChoice = EngineName | 'auto';
/** The engines of `rtt`. */
export type PingEngineName = Extract<Row, { carriesPings: true }>['name'];
export type PingEngineChoice = PingEngineName | 'auto';
/** The engines whose connections are sockets of the kernel, on any interface: those that `auto` tries. */
export type SocketEngineName = Extract<EngineName, PingEngineName>;

export const ENGINE_NAMES: readonly EngineName[] = ROWS.filter((row) => row.carriesConnections).map(({ name }) => name);
export const PING_ENGINE_NAMES: readonly PingEngineName[] = ROWS.filter((row) => row.carriesPings).map(
  ({ name }) => name,
);
export const SOCKET_ENGINE_NAMES: readonly SocketEngineName[] = ROWS.filter(
  (row) => row.carriesConnections && row.carriesPings,
).map(({ name }) => name);

type Trait = { [K in keyof EngineTraits]: EngineTraits[K] extends boolean ? K : never }[keyof EngineTraits];

/** Whether something is true of the engine with this name; of `auto` nothing is. */
export function engineHas(name: unknown, trait: Trait): boolean {
  return ROWS.find((row) => row.name === name)?.[trait] ?? false;
}

/** All that is known of an engine. */
export function traitsOf(name: AnyEngineName): EngineTraits {
  return ROWS.find((row) => row.name === name)!;
}

/** What `auto` tries, best first, for responses that end in this sink. */
export function preferredEngines(sink: { readonly kind: string } = { kind: 'null' }): readonly SocketEngineName[] {
  const purpose = sink.kind === 'null' ? 'dropping' : 'keeping';
  const rankOf = (name: AnyEngineName): number => traitsOf(name).rank?.[purpose] ?? Infinity;
  return SOCKET_ENGINE_NAMES.filter((name) => rankOf(name) < Infinity).sort((a, b) => rankOf(a) - rankOf(b));
}

/** The engines of which `trait` is true, for a sentence: `uring or epoll`. */
export function enginesWith(trait: Trait): string {
  return ENGINE_NAMES.filter((name) => engineHas(name, trait)).join(' or ');
}
