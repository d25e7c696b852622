/** The seconds of a load and of the probe beside it, put together. */
import t from 'tap';
import { ProbedRound } from '../../src/client/probe.ts';
import { BUCKETS, STATS } from '../../src/count/histogram.ts';
import { LoadTally } from '../../src/count/load.ts';
import { PING_BANK, type PingRound, PINGS_RECEIVED, PINGS_SENT } from '../../src/count/ping.ts';
import { END_NS, ERRNOS, START_NS } from '../../src/count/bank.ts';
import { interval, roundResult } from '../support/results.ts';

/** A probe that does what a test says, when it says so. */
class ScriptedProbe {
  #pings: PingRound | undefined;
  #end: () => void = () => undefined;

  async round(_baseNs: number, _durationNs: number, pings: PingRound): Promise<void> {
    this.#pings = pings;
    await new Promise<void>((resolve) => (this.#end = resolve));
  }

  /** Pings from one second to another, as one bank. */
  pings(fromSec: number, toSec: number, count: number): void {
    const counters = new Float64Array(PING_BANK.counters);
    counters[START_NS] = fromSec * 1e9;
    counters[END_NS] = toSec * 1e9;
    counters[PINGS_SENT] = count;
    counters[PINGS_RECEIVED] = count;
    this.#pings?.add({
      counters,
      outcomes: new Float64Array(0),
      errnos: new Float64Array(ERRNOS),
      responses: new Float64Array(0),
      stats: PING_BANK.clocks.map(() => new Float64Array(STATS)),
      counts: PING_BANK.clocks.map(() => new Uint32Array(BUCKETS)),
    });
  }

  end(): void {
    this.#end();
  }
}

interface Scene {
  readonly probe: ScriptedProbe;
  readonly round: ProbedRound;
  /** Second and pings sent, as told. */
  readonly told: (readonly [second: number, sent: number | undefined])[];
  readonly ended: Promise<void>;
  /** A second of the load is complete. */
  readonly add: (startSec: number) => void;
  /** How many seconds have not given their histograms back. */
  readonly held: () => number;
}

function begin(): Scene {
  const probe = new ScriptedProbe();
  const told: Scene['told'] = [];
  const round = new ProbedRound(probe, 0, ({ interval: { start_sec: second, probe: result }, latency }) => {
    told.push([second, result?.sent]);
    if ((latency['probe'] === undefined) !== (result === undefined)) throw new Error('figures without a histogram');
  });
  const ended = round.run(0, 10e9);
  let held = 0;
  const add = (startSec: number): void => {
    held += 1;
    const latency = new LoadTally().latencyByClock();
    round.add(second(startSec), false, { startNs: 0, latency, release: () => (held -= 1) });
  };
  return { probe, round, told, ended, add, held: () => held };
}

const second = (startSec: number) => interval({ start_sec: startSec });

t.test('a second is told when both have it', async (t) => {
  const { probe, told, ended, add, held } = begin();
  add(0);
  t.same(told, []);
  t.equal(held(), 1);
  probe.pings(0, 1, 7);
  t.same(told, [[0, 7]]);
  probe.pings(1, 2, 8);
  add(1);
  t.same(told.slice(1), [[1, 8]]);
  probe.end();
  await ended;
});

t.test('a second that the probe has no figures of holds up none after it', async (t) => {
  const { probe, told, ended, add } = begin();
  for (const startSec of [0, 1, 2]) add(startSec);
  probe.pings(0, 2, 7);
  probe.pings(2, 3, 8);
  t.same(told, [
    [0, 7],
    [1, undefined],
    [2, 8],
  ]);
  probe.end();
  await ended;
});

t.test('a probe that has ended holds up nothing', async (t) => {
  const { probe, told, ended, add, held } = begin();
  add(0);
  add(1);
  probe.pings(0, 0.5, 7);
  probe.end();
  await ended;
  t.same(told, [
    [0, 7],
    [1, undefined],
  ]);
  add(2);
  t.same(told.at(-1), [2, undefined]);
  t.equal(held(), 0, 'all histograms were given back');
});

t.test('intervals of several seconds have the probe of all of them', async (t) => {
  const { probe, round, ended } = begin();
  for (let startSec = 1199; startSec < 1204; startSec++) probe.pings(startSec, startSec + 1, startSec - 1190);
  probe.end();
  await ended;
  const intervals = [second(1199), ...[1200, 1202].map((startSec) => ({ ...second(startSec), length_sec: 2 }))];
  const { intervals: beside, probe: total } = round.beside(roundResult({ intervals }));
  t.same(
    beside.map((each) => each.probe?.sent),
    [9, 10 + 11, 12 + 13],
  );
  t.equal(total?.sent, 55);
});
