import t from 'tap';
import { planClient, type Typed } from '../../support/plans.ts';

async function problemsOf(typed: Typed): Promise<readonly string[]> {
  return (await planClient(typed)).problems;
}

t.test('--min-response against what an exchange reads', async (t) => {
  t.match((await planClient({ 'min-response': '1KiB', finish: 'eof' })).plan, { answer: { minBytes: 1024 } });
  t.equal((await planClient({})).plan?.answer.minBytes, 0);
  t.match(await problemsOf({ 'min-response': '8', finish: 'bytes:7' }), [
    /--min-response.*"8".*at most the 7 bytes that --finish bytes:7 reads/,
  ]);
  t.match(await problemsOf({ 'min-response': '8', finish: 'echo', 'payload-size': '5' }), [/at most the 5 bytes/]);
  t.match(await problemsOf({ 'min-response': '1', finish: 'connect' }), [/beside --finish connect/]);
  t.match(await problemsOf({ 'min-response': 'some' }), [/--min-response/]);
});

t.test('--expect-status and --expect-prefix', async (t) => {
  const folder = t.testdir({ prefix: 'HTTP/', empty: '' });
  const planned = await planClient({
    'expect-status': '200, 30X',
    'expect-prefix': `@${folder}/prefix`,
    finish: 'eof',
  });
  t.match(planned.plan?.answer, { statuses: ['200', '30x'], prefixText: `@${folder}/prefix` });
  t.same(Buffer.from(planned.plan!.answer.prefix!).toString(), 'HTTP/');
  t.match((await planClient({})).plan?.answer, { statuses: null, prefix: null });
  for (const bad of ['', '20', '2000', '2xx,', '099', 'ok'])
    t.match(await problemsOf({ 'expect-status': bad }), [/--expect-status.*2xx,30x/]);
  t.match(await problemsOf({ 'expect-prefix': '' }), [/--expect-prefix.*TEXT, or @FILE/]);
  t.match(await problemsOf({ 'expect-prefix': `@${folder}/empty` }), [/a file that is not empty/]);
  t.match(await problemsOf({ 'expect-prefix': `@${folder}/none` }), [/a file that exists/]);
  t.match(await problemsOf({ 'expect-status': '200', 'expect-prefix': 'longer', finish: 'bytes:5' }), [
    /--expect-status.*12 bytes or more; --finish bytes:5 reads 5/,
    /--expect-prefix.*6 bytes or more/,
  ]);
  t.match(await problemsOf({ 'expect-status': '200', finish: 'connect' }), [/beside --finish connect/]);
});
