import t from 'tap';
import { MACHINE, planRtt } from '../support/plans.ts';

t.test('defaults: one TCP connection, 64 bytes, 1000/s, nothing waits for a reply', async (t) => {
  const { plan, problems, notices } = await planRtt({});
  t.same(problems, []);
  t.same(notices, []);
  t.match(plan, {
    protocol: 'tcp',
    rates: [1000],
    sizeBytes: 64,
    connections: 1,
    thinkNs: 0,
    timeoutNs: 1e9,
    cpu: null,
  });
  t.same(plan?.depths, [1001], 'as many as are sent until the first is given up');
});

t.test('a depth for each round: closed loop where there is no schedule, and where one thread waits', async (t) => {
  t.same((await planRtt({ rate: ['max', '100'] })).plan?.depths, [1, 101]);
  t.same((await planRtt({ rate: '100', engine: 'blocking' })).plan?.depths, [1]);
  t.same((await planRtt({ rate: ['max', '100'], pipeline: '8' })).plan?.depths, [8, 8]);
  t.same((await planRtt({ rate: '1M' })).plan?.depths, [16_384], 'with an end');
});

t.test('a pause without a rate is a closed loop that it paces', async (t) => {
  t.match((await planRtt({ think: '1ms' })).plan, { rates: ['max'], depths: [1], thinkNs: 1e6 });
  t.match((await planRtt({ think: '1ms', rate: '50' })).plan, { rates: [50], depths: [1] });
});

t.test('what cannot work is refused, all of it at once', async (t) => {
  const { problems } = await planRtt({
    rate: ['0', '2M'],
    connections: '0',
    size: '7',
    protocol: 'sctp',
    pipeline: '0',
    cpu: '0-',
  });
  t.match(problems, [
    /^--protocol: got "sctp", expected tcp or udp$/,
    /^--rate: got "0", expected more than 0 pings\/s$/,
    /^--rate: got "2M", expected at most 1000000 pings\/s$/,
    /^--size: got "7", expected at least 8$/,
    /^--connections: got "0", expected a whole number of connections/,
    /^--pipeline: got "0", expected a whole number of pings/,
    /^--cpu: got "0-", expected the numbers of cores/,
  ]);
  t.equal(problems.length, 7);
});

t.test('few open files: half of them where there is no room for the margin', async (t) => {
  const problemsOf = async (fdLimit: number, connections?: string): Promise<readonly string[]> =>
    (await planRtt(connections === undefined ? {} : { connections }, { ...MACHINE, fdLimit })).problems;
  t.same(await problemsOf(64), []);
  t.same(await problemsOf(63), ['ulimit -n: got "63", expected at least 64 open files (ulimit -n 65536)']);
  t.match(await problemsOf(64, '33'), [/^--connections: got "33", expected at most 32/]);
});

t.test('what does not go together is refused', async (t) => {
  const refused = async (typed: Record<string, string>): Promise<readonly string[]> => (await planRtt(typed)).problems;
  t.match(await refused({ protocol: 'udp', size: '65508' }), [/^--size: got "65508", expected at most 65507 bytes/]);
  t.match(await refused({ think: '1ms', pipeline: '2' }), [
    /^--think: got "1ms", expected to be left out beside --pipeline 2/,
  ]);
  t.match(await refused({ engine: 'blocking', pipeline: '2' }), [
    /^--pipeline: got "2", expected to be left out beside --engine blocking/,
  ]);
  t.match(await refused({ cpu: '7' }), [/^--cpu: got "7", expected cores that this process may run on: 0, 1$/]);
  t.match(await refused({ cpu: '0,1' }), [/^--cpu: got "0,1", expected one core/]);
  t.match(await refused({ connections: '30000' }), [/^--connections: got "30000", expected at most 19936/]);
  t.match(await refused({ connections: '1000', size: '1MiB' }), [
    /^--connections: got "1000", expected at most 256 with --size 1MiB/,
  ]);
});

t.test('datagrams beyond the MTU are sent, and it is said', async (t) => {
  const { plan, notices } = await planRtt({ protocol: 'udp', size: '1473' });
  t.equal(plan?.sizeBytes, 1473);
  t.match(notices, [/1501 bytes, and the MTU towards 127\.0\.0\.1 is 1500: each is sent in fragments/]);
  t.same((await planRtt({ protocol: 'udp', size: '1472' })).notices, [], 'just so');
  t.same((await planRtt({ protocol: 'tcp', size: '1473' })).notices, [], 'a stream has no such limit');
  t.same((await planRtt({ protocol: 'udp', size: '9000' }, { ...MACHINE, mtuTowards: () => undefined })).notices, []);
});

t.test('pauses that allow fewer pings than the rate asks for are said beforehand', async (t) => {
  const { notices } = await planRtt({ rate: '1000', think: '100ms' });
  t.match(notices, [
    /^1 connection with --think 100ms can send at most 10.*of the 1,000\/s that are due; use --connections 100/,
  ]);
  t.same((await planRtt({ rate: '1000', think: '100ms', connections: '100' })).notices, [], 'enough');
  t.same((await planRtt({ rate: '1000' })).notices, []);
});

t.test('rates below 1/s', async (t) => {
  const { plan, problems } = await planRtt({ rate: ['0.001', '0.5'] });
  t.same(problems, []);
  t.same(plan?.rates, [0.001, 0.5]);
  t.match((await planRtt({ rate: '0.0001' })).problems, [/expected at least 0.001 pings\/s/]);
});
