/** What the counts of the packet engine show of the way and the target, and when they show this machine's limit. */
import t from 'tap';
import { PACKET_FINDERS } from '../../src/judge/packet-finders.ts';
import { findingsOf, serverFindingsOf } from '../../src/judge/findings.ts';
import { judge } from '../../src/judge/verdict.ts';
import { CLIENT_RULES } from '../../src/judge/rules/client.ts';
import type { RoundFacts } from '../../src/judge/facts.ts';
import type { Finding } from '../../src/document/common.ts';
import { CONNECT, ESTABLISHED, SCHEDULED, STARTED } from '../../src/count/load.ts';
import { CONNECT_TIMEOUT, OK, RESET } from '../../src/document/outcome.ts';
import { loadTally } from '../support/load-tally.ts';
import { packetEvidence } from '../support/packets.ts';

const CONNECTIONS = 100_000;

/** A round of connections that went well, with these counts. */
function factsOf(moved: Readonly<Record<string, number>> | null, connectMs = 0.2, sources = 254): RoundFacts {
  const counts = [SCHEDULED, STARTED, ESTABLISHED].map((counter) => [counter, CONNECTIONS] as const);
  const tally = loadTally(new Map(counts), new Map([[CONNECT, [[connectMs, CONNECTIONS]]]]));
  tally.outcomes[OK] = CONNECTIONS;
  const usual = { sent: 4 * CONNECTIONS, received: 3 * CONNECTIONS, syn_acks: CONNECTIONS };
  return {
    tally,
    intervals: [],
    offeredRatePerSec: 10_000,
    maxInFlight: 1000,
    isFdBound: false,
    workers: [],
    workersDied: 0,
    kernel: undefined,
    packet: moved === null ? undefined : packetEvidence({ ...usual, ...moved }),
    sources,
    batchNs: 0,
    timeoutNs: 5e9,
    ports: { perSource: 60_000, reuseDelayNs: 1e9, wouldResetHelp: false, restsInTimeWait: true, isHeld: false },
    target: { label: '198.18.2.1:80', isLocal: false },
    answer: { finish: 'echo', payloadBytes: 64, isExpected: false },
    isTrial: false,
    isStopped: false,
    earlier: [],
  };
}

function find(moved: Readonly<Record<string, number>>, sources = 254): Finding[] {
  return findingsOf(factsOf(moved, 0.2, sources), { status: 'valid', reasons: [] });
}

const codes = (moved: Readonly<Record<string, number>>): string[] => find(moved).map(({ code }) => code);

t.test('a round without trouble has no finding', async (t) => {
  t.same(codes({}), []);
  t.same(codes({ 'resets.closing': 50_000, duplicates: 3, time_wait_acks: 2, 'ring.tx_ring_empty': 9000 }), []);
});

const CASES: readonly (readonly [
  code: string,
  few: Record<string, number>,
  many: Record<string, number>,
  says: RegExp,
])[] = [
  ['next_hop_changed', { next_hop_changes: 0 }, { next_hop_changes: 2 }, /changed 2 times in this run/],
  ['next_hop_silent', { next_hop_unanswered: 0 }, { next_hop_unanswered: 1 }, /did not answer 1 question for/],
  [
    'syns_lost',
    { 'retransmits.syn': 9 },
    { 'retransmits.syn': 1000 },
    /1,000 SYNs or SYN-ACKs of 100,000 connections had to be sent again/,
  ],
  [
    'segments_lost',
    { 'retransmits.data': 300 },
    { 'retransmits.data': 300, 'retransmits.fin': 200 },
    /500 segments of 400,000 .*300 with data, 200 FINs/,
  ],
  [
    'peer_resets',
    { 'resets.established': 9 },
    { 'resets.syn_sent': 12, 'resets.established': 5, 'resets.closing': 3 },
    /20 connections: 12 in answer to the SYN .*, 5 when they were established, 3 while/,
  ],
  ['mss_lowered', { syn_acks_low_mss: 999 }, { syn_acks_low_mss: CONNECTIONS }, /100 % of the SYN-ACKs .*MSS clamping/],
  [
    'timestamps_missing',
    { syn_acks_without_timestamps: 999 },
    { syn_acks_without_timestamps: 50_000 },
    /50 % of the SYN-ACKs .*tcp_timestamps/,
  ],
  [
    'icmp_errors',
    { 'icmp.other': 3 },
    { 'icmp.port_unreachable': 40, 'icmp.too_big': 1 },
    /41 ICMP errors .*40 port unreachable, 1 packet too big/,
  ],
  ['window_stalls', { window_stalls: 5 }, { window_stalls: 700 }, /700 times because 198\.18\.2\.1:80 had closed/],
  ['checksum_errors', {}, { checksum_errors: 1 }, /1 packet of 300,000 .*wrong checksum/],
];

t.test('each finding: what is too little for it, what is enough, and what it says', async (t) => {
  t.same(
    CASES.map(([code]) => code),
    PACKET_FINDERS.map(({ code }) => code).filter((code) => code !== 'ports_shared'),
    'every finder has its case',
  );
  for (const [code, few, many, says] of CASES) {
    t.same(codes(few), [], `${code}: too few`);
    t.match(find(many), [{ code, message: says }]);
    t.equal(find(many).length, 1, code);
  }
});

t.test('answers for another program are told of where the run shares its address with the kernel', async (t) => {
  t.same(find({ stray: 999 }, 0), []);
  t.match(find({ stray: 1000 }, 0), [
    {
      code: 'ports_shared',
      message: /^1,000 packets of 198\.18\.2\.1:80 came for source ports of this run, .*--source/,
    },
  ]);
  t.same(find({ stray: 50_000 }), [], 'with addresses of its own they are stray packets');
  const agents: RoundFacts = { ...factsOf({ stray: 50_000 }, 0.2, 0), agents: [] };
  t.same(findingsOf(agents, { status: 'valid', reasons: [] }), [], 'the addresses of agents are not known here');
});

t.test('only the ICMP errors that are refusals are named as such', async (t) => {
  t.match(find({ 'icmp.port_unreachable': 40 }), [{ message: /a refusal among the outcomes may be a firewall's/ }]);
  t.notMatch(find({ 'icmp.host_unreachable': 40 })[0]!.message, /refusal/);
});

t.test('one is not several', async (t) => {
  const packet = packetEvidence({ 'retransmits.syn': 1 });
  const [finding] = serverFindingsOf(undefined, 0, { packet, connections: 1 });
  t.match(finding?.message, /^1 SYN or SYN-ACK of 1 connection had/);
});

t.test('a reset in place of an answer is found, whether our FIN was sent or not', async (t) => {
  const find = (moved: Readonly<Record<string, number>>, failed: number): Finding[] => {
    const facts = factsOf(moved);
    facts.tally.outcomes[RESET] = failed;
    return findingsOf(facts, { status: 'valid', reasons: [] });
  };
  t.match(find({ 'resets.closing': 198 }, 198), [
    {
      code: 'peer_resets',
      message: /ended 198 connections: 198 after the FIN of this side and before the end of the exchange\.$/,
      evidence: { closing: 198, failed: 198 },
    },
  ]);
  t.match(find({ 'resets.closing': 500, 'resets.established': 100 }, 120), [
    { message: /ended 600 .*: 100 when they were established, 20 after the FIN .*, 480 while they were being closed/ },
  ]);
  t.same(find({ 'resets.closing': 500 }, 0), [], 'as a close, a reset is no trouble');
  t.same(find({ 'resets.closing': 500 }, 9), [], 'too few');
});

t.test('with many sources the neighbour table of the next hop may be full', async (t) => {
  const message = (sources: number): string => {
    const facts = { ...factsOf({ 'retransmits.syn': 1000 }), sources };
    return findingsOf(facts, { status: 'valid', reasons: [] })[0]!.message;
  };
  t.notMatch(message(512), /neighbour/);
  t.match(message(65_534), /on the way; with 65,534 sources also for a full neighbour table of the next hop/);
});

t.test('nothing is guessed from connect times where the SYNs are known', async (t) => {
  const facts = factsOf({}, 1010);
  t.same(findingsOf(facts, { status: 'valid', reasons: [] }), []);
  const [finding] = findingsOf({ ...facts, packet: undefined }, { status: 'valid', reasons: [] });
  t.equal(finding?.code, 'syn_drops_suspected', 'as it is of sockets');
});

t.test("what the rings lost is this machine's limit, and never the target's", async (t) => {
  const verdictOf = (moved: Readonly<Record<string, number>> | null): unknown => judge(CLIENT_RULES, factsOf(moved));
  t.match(verdictOf(null), { status: 'valid', reasons: [] });
  t.match(verdictOf({ 'ring.rx_ring_full': 70 }), { status: 'valid' }, 'up to one in 10,000 packets');
  for (const path of ['ring.rx_ring_full', 'ring.fill_ring_empty', 'no_frame']) {
    t.match(verdictOf({ [path]: 7000 }), {
      status: 'generator_limited',
      reasons: [{ code: 'ring_drops', message: /lost 7,000 packets of its own, of 700,000: .*--workers/ }],
    });
  }
});

t.test('packets that do not fit a frame are no question of speed', (t) => {
  const verdict = judge(CLIENT_RULES, factsOf({ 'ring.rx_dropped': 7000 }));
  t.match(verdict, {
    status: 'generator_limited',
    reasons: [
      { code: 'ring_drops', message: /they were longer than a frame of the engine; .*MTU to 1500.*tso and gso/ },
    ],
  });
  const lacking = judge(CLIENT_RULES, factsOf({ 'ring.rx_dropped': 7000, 'ring.fill_ring_empty': 7000 }));
  t.match(lacking.reasons, [{ message: /did not take them from the rings/ }]);
  t.end();
});

t.test('where nothing came back, the way back is what to look at', async (t) => {
  const message = (moved: Readonly<Record<string, number>> | null): string => {
    const facts = factsOf(moved);
    const tally = loadTally(new Map([[STARTED, 10]]), new Map());
    tally.outcomes[CONNECT_TIMEOUT] = 10;
    return judge(CLIENT_RULES, { ...facts, tally }).reasons[0]!.message;
  };
  t.match(message({ syn_acks: 0 }), /10 had no answer .*the other side needs a route to them/);
  t.notMatch(message({ syn_acks: 0, 'icmp.prohibited': 3 }), /needs a route/);
  t.notMatch(message({ syn_acks: 0, 'resets.syn_sent': 3 }), /needs a route/);
  t.notMatch(message(null), /needs a route/);
});

t.test('a server finds the same of its clients, and its own drops', async (t) => {
  const packet = packetEvidence({ received: 10_000, 'retransmits.syn': 5, 'ring.rx_ring_full': 20 });
  const found = serverFindingsOf(undefined, 0, { packet, connections: 2000 });
  t.match(found, [
    { code: 'syns_lost', message: /no answer of the clients/ },
    { code: 'ring_drops', message: /dropped 20 packets of its own.*--listeners/ },
  ]);
  t.same(serverFindingsOf(undefined, 0, { packet: packetEvidence(), connections: 2000 }), []);
});
