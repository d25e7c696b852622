/** That a slot, and its 4-tuple, is as good as new after `released`. */
import type { ClientRun } from './driver.ts';
import { sharedPattern, stepping, withoutSources } from './harness.ts';
import type { Case, ClientHarness } from './harness.ts';
import { until } from './peer-thread.ts';
import { random } from './random.ts';

const TOTAL = 2000;
const SLOTS = 50;
const PAYLOAD_BYTES = 8192;

/** When a connection of the storm is closed. */
const AT_ONCE = 0;
const CONNECTED = 1;
const SENT = 2;
const RECEIVED = 3;
const COMPLETE = 4;
const SOME_STEP = 5;

/** Keeps `SLOTS` slots busy with connections that are closed at random moments, until `TOTAL` were opened. */
class Storm {
  readonly #answered: boolean;
  readonly #random = random(20_261_107);
  readonly #fates = new Array<number>(SLOTS).fill(0);
  readonly #idle = Array.from({ length: SLOTS }, (_, slot) => slot);
  opened = 0;
  overrun = 0;

  /** `answered`: whether the peer sends anything. */
  constructor(answered: boolean) {
    this.#answered = answered;
  }

  #open(run: ClientRun, slot: number): void {
    if (this.opened === TOTAL) return;
    this.opened++;
    const fate = Math.floor(this.#random() * 6);
    this.#fates[slot] = this.#answered || fate <= SENT ? fate : SOME_STEP;
    run.open(slot);
  }

  #close(run: ClientRun, slot: number): void {
    run.close(slot, this.#random() < 0.5);
  }

  step(run: ClientRun): boolean {
    const opening = this.#idle.splice(0);
    for (const slot of opening) this.#open(run, slot);
    for (const slot of opening) if (this.#fates[slot] === AT_ONCE) this.#closeIf(run, slot, AT_ONCE);
    for (let slot = 0; slot < SLOTS; slot++) if (this.#random() < 0.2) this.#closeIf(run, slot, SOME_STEP);
    // A slot that was reopened from inside `released` with this fate waits for the next step.
    for (let slot = 0; slot < SLOTS; slot++) this.#closeIf(run, slot, AT_ONCE);
    return run.totals.released === TOTAL;
  }

  #closeIf(run: ClientRun, slot: number, fate: number): void {
    const state = run.slots.states[slot];
    if (this.#fates[slot] === fate && (state === 'opening' || state === 'open')) this.#close(run, slot);
  }

  connected(run: ClientRun, slot: number): void {
    this.#closeIf(run, slot, CONNECTED);
  }

  sent(run: ClientRun, slot: number): void {
    if (run.sentBytes[slot]! > PAYLOAD_BYTES) this.overrun++;
    this.#closeIf(run, slot, SENT);
  }

  received(run: ClientRun, slot: number): void {
    if (run.receivedBytes[slot]! > run.sentBytes[slot]!) this.overrun++;
    this.#closeIf(run, slot, RECEIVED);
    if (run.receivedBytes[slot] === PAYLOAD_BYTES) this.#closeIf(run, slot, COMPLETE);
  }

  /** Half of them from inside the event, half at the next step. */
  released(run: ClientRun, slot: number): void {
    if (this.#random() < 0.5) this.#open(run, slot);
    else this.#idle.push(slot);
  }
}

export const reuseCases: readonly Case<ClientHarness>[] = [
  {
    name: 'a slot is opened again from inside released, 200 times',
    async run(t, h) {
      const { port } = h.peers.serve({ behaviour: 'echo' });
      const result = await h.run(
        t,
        { port, payload: sharedPattern(64), halfClose: true, capacity: 1 },
        {
          step: stepping(
            (run) => {
              run.open(0);
            },
            (run) => run.totals.released === 200,
          ),
          released: (run, slot) => {
            if (run.totals.released < 200) run.open(slot);
          },
        },
      );
      t.equal(result.totals.received, 200 * 64);
      t.equal(result.totals.ended, 200);
    },
  },
  // The peer ends no connection by itself in either: an end or a failure would be an older one's.
  ...(['echo', 'silent'] as const).map((behaviour): Case<ClientHarness> => ({
    name: `${TOTAL} connections in ${SLOTS} slots and ${behaviour} peers, closed at random moments: no event of an old one`,
    async run(t, h) {
      const { port } = h.peers.serve({ behaviour });
      const storm = new Storm(behaviour === 'echo');
      const halfClose = behaviour === 'silent';
      const setup = { port, payload: sharedPattern(PAYLOAD_BYTES), halfClose, capacity: SLOTS };
      const result = await h.run(t, setup, {
        step: (run) => storm.step(run),
        connected: (run, slot) => storm.connected(run, slot),
        sent: (run, slot) => storm.sent(run, slot),
        received: (run, slot) => storm.received(run, slot),
        released: (run, slot) => storm.released(run, slot),
      });
      t.equal(storm.opened, TOTAL);
      t.equal(result.totals.released, TOTAL);
      t.equal(storm.overrun, 0, 'no connection was told of bytes of another');
      t.equal(result.totals.ended, 0);
      t.strictSame(result.errnos(), []);
    },
  })),
  ...['at once', 'after a half-close'].map((when): Case<ClientHarness> => ({
    name: `a 4-tuple that was reset ${when} is free when released says so`,
    skip: withoutSources,
    async run(t, h) {
      const { port, server } = h.peers.serve({ behaviour: 'silent' });
      const source = h.privateSource();
      const halfClose = when !== 'at once';
      const setup = { port, sources: [source.address], payload: sharedPattern(64), halfClose };
      const errnos: number[] = [];
      const result = await h.run(t, setup, {
        step: stepping(
          (run) => {
            errnos.push(run.open(0, 0, source.port));
          },
          (run) => run.totals.released === 20,
        ),
        sent: (run, slot) => run.close(slot, true),
        released: (run, slot) => {
          if (run.totals.released < 20) errnos.push(run.open(slot, 0, source.port));
        },
      });
      t.strictSame(new Set(errnos), new Set([0]));
      t.strictSame(result.errnos(), []);
      t.equal(result.totals.connected, 20);
      await until('the peer saw all', () => h.peers.accepted(server).length === 20);
      // 0 where the reset came before the peer could ask.
      const ports = h.peers.accepted(server).map((peer) => peer.remotePort);
      t.strictSame(new Set(ports.filter((seen) => seen !== 0 && seen !== source.port)), new Set());
    },
  })),
];
