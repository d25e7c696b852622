import type { RoundLeader } from './leader.ts';
import type { WorkerPool } from './worker-pool.ts';

/** How often it looks whether the workers are done with a stage. */
const LOOK_MS = 5;

/** Tells the leader of a round in stages when the workers are done with one, and the workers when the leader has the next begin. */
export class LedStages {
  readonly #pool: Pick<WorkerPool, 'stagesEnded' | 'beginStage' | 'stop'>;
  readonly #leader: Pick<RoundLeader, 'afterStage'>;
  readonly #runBaseNs: bigint;
  readonly #timer: NodeJS.Timeout;
  #told = 0;
  #isOver = false;

  constructor(
    pool: Pick<WorkerPool, 'stagesEnded' | 'beginStage' | 'stop'>,
    leader: Pick<RoundLeader, 'afterStage'>,
    runBaseNs: bigint,
  ) {
    this.#pool = pool;
    this.#leader = leader;
    this.#runBaseNs = runBaseNs;
    this.#timer = setInterval(() => this.#look(), LOOK_MS);
  }

  #look(): void {
    while (this.#told < this.#pool.stagesEnded) this.#tell(this.#told++);
  }

  /** A leader that rejects ends the round: what is open is waited for. */
  #tell(stage: number): void {
    this.#leader.afterStage(stage).then(
      (beginNs) => {
        if (!this.#isOver) this.#pool.beginStage(stage, Number(beginNs - this.#runBaseNs));
      },
      () => {
        if (!this.#isOver) this.#pool.stop();
      },
    );
  }

  /** The round is over. The leader is still told of stages that the workers left, because others wait for them. */
  end(): void {
    this.#isOver = true;
    clearInterval(this.#timer);
    while (this.#told < this.#pool.stagesEnded) {
      this.#leader.afterStage(this.#told++).catch(() => undefined);
    }
  }
}
