/** Thread entry for the test: does what its messages say. */
import { threadEntry } from '../../src/runtime/thread-host.ts';

export type Order = 'echo' | 'fail' | 'throw' | 'leave' | 'exit';
export interface Echo {
  readonly type: 'echo';
  readonly name: string;
}

const { init, tell, fail, listen, close } = threadEntry<{ readonly name: string }, Order, Echo>();
listen((order) => {
  if (order === 'echo') tell({ type: 'echo', name: init.name });
  else if (order === 'fail') fail(new Error('as it was told'));
  else if (order === 'throw') throw new Error('thrown');
  else if (order === 'leave') process.exit(3);
  else close();
});
