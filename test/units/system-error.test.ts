import t from 'tap';
import { describeSystemError } from '../../src/units/system-error.ts';

t.test('errors of the system in one line, with what to do', (t) => {
  const system = Object.assign(new Error('EMFILE: too many open files\n    at open'), {
    code: 'EMFILE',
    syscall: 'open',
  });
  t.match(describeSystemError(system), { message: /^EMFILE: too many open files$/, hint: /ulimit -n/ });
  const thread = Object.assign(new Error('Worker initialization failure: EAGAIN'), { code: 'ERR_WORKER_INIT_FAILED' });
  t.match(describeSystemError(thread), { hint: /ulimit -u/ });
  const gone = Object.assign(new Error('ENOENT: uv_cwd'), { code: 'ENOENT', syscall: 'uv_cwd' });
  t.match(describeSystemError(gone), { message: 'the working directory was deleted' });
  t.equal(describeSystemError(new TypeError('x is not a function')), null, 'a mistake of ours keeps its stack');
  t.end();
});
