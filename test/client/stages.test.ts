import t from 'tap';
import {
  CONTROL_WORDS,
  STAGE_CLOSING,
  STAGE_EXCHANGING,
  STAGE_OPENING,
  Stages,
  beginStage,
  openStages,
  resetStages,
  stagesEnded,
} from '../../src/client/stages.ts';

function pair(holdNs = 0): { control: Int32Array; first: Stages; second: Stages } {
  const control = new Int32Array(CONTROL_WORDS);
  const of = (worker: number): Stages => new Stages({ control, worker, workers: 2, ratePerSec: 1000, holdNs });
  return { control, first: of(0), second: of(1) };
}

t.test('a stage is over for all at once, and turns are shared', async (t) => {
  const { first, second } = pair(7e6);
  t.equal(first.stage, STAGE_OPENING);
  t.notOk(first.arrive(1e6));
  t.notOk(first.arrive(2e6), 'asking again is no second arrival');
  t.equal(first.wakeNs(2e6, true, false), 3e6, 'it looks again soon');
  t.ok(second.arrive(3e6));
  t.ok(first.arrive(4e6));
  t.same([first.stage, second.stage], [STAGE_EXCHANGING, STAGE_EXCHANGING]);
  t.same([first.take(), first.take(), second.take(), second.take()], [4e6, 6e6, 4e6, 6e6], 'every second one each');
  t.equal(first.wakeNs(0, true, true), 8e6);
  t.equal(first.wakeNs(0, false, true), Infinity, 'only an event can go on');
  t.notOk(second.arrive(9e6));
  t.ok(first.arrive(10e6));
  t.ok(second.arrive(10e6));
  t.equal(first.stage, STAGE_CLOSING);
  t.same([first.dueNs, second.dueNs], [17e6, 18e6], 'behind the hold');
});

t.test('a worker that leaves or dies holds nobody up', async (t) => {
  const { first, second } = pair();
  first.leave();
  t.ok(second.arrive(0));
  t.ok(second.arrive(0));
  const dying = pair();
  dying.first.arrive(0);
  dying.first.leave();
  t.same([...dying.control].filter(Boolean), [1, 1], 'an arrival counts once');
  openStages(dying.control);
  t.ok(dying.second.arrive(0));
  resetStages(dying.control);
  t.same([...dying.control], new Array<number>(CONTROL_WORDS).fill(0));
});

t.test(
  'workers that are led wait for the time of the next stage, and have the turns of their machine in it',
  async (t) => {
    const control = new Int32Array(CONTROL_WORDS);
    const share = { turns: [1, 2], of: 3 };
    const led = { control, workers: 2, ...share, ratePerSec: 1000, holdNs: 5e6, isLed: true };
    const [first, second] = [new Stages({ ...led, worker: 0 }), new Stages({ ...led, worker: 1 })];
    t.notOk(first.arrive(1e6));
    t.equal(stagesEnded(control, 2), 0);
    t.notOk(second.arrive(1e6), 'all are here, and nobody has said when');
    t.equal(stagesEnded(control, 2), 1);
    beginStage(control, STAGE_OPENING, 50e6);
    t.ok(first.arrive(2e6));
    t.ok(second.arrive(3e6));
    t.same([first.take(), first.take(), second.take(), second.take()], [51e6, 54e6, 52e6, 55e6]);
    t.notOk(first.arrive(60e6));
    t.notOk(second.arrive(60e6));
    t.equal(stagesEnded(control, 2), 2);
    beginStage(control, STAGE_EXCHANGING, 70e6);
    t.ok(second.arrive(61e6));
    t.equal(second.dueNs, 77e6, 'after the hold');
  },
);
