import t from 'tap';
import { planClient, type Typed } from '../support/plans.ts';

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
