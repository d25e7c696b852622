// tier: kernel
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { connectBus } from '../../src/fleet/bus/nats.ts';
import { OfferedFiles, fetchFiles, type Fetching } from '../../src/fleet/files.ts';
import { SUBJECTS, type FileRequest } from '../../src/fleet/protocol.ts';
import { clientPlan } from '../../src/plan/client-plan.ts';
import type { LoadFile } from '../../src/plan/exchange/payload.ts';
import { readOptions } from '../../src/options/read.ts';
import { CLIENT_OPTIONS } from '../../src/options/tables/client.ts';
import { busOptions, noNats, startNats } from '../support/nats.ts';
import { MACHINE } from '../support/plans.ts';

const MIB = 1024 * 1024;
const RUN = 'run-of-files';

/** Offers files, by option; each under the name of its option. */
async function offer(contents: Readonly<Record<string, Uint8Array>>): Promise<OfferedFiles> {
  const offered = new OfferedFiles();
  const load: LoadFile = (option) => {
    const shared = new Uint8Array(new SharedArrayBuffer(contents[option]!.length));
    shared.set(contents[option]!);
    return Promise.resolve({ ok: true, value: shared });
  };
  for (const option of Object.keys(contents)) await offered.loadFrom(load)(option, option);
  return offered;
}

const ask = (offered: OfferedFiles) => (piece: FileRequest) =>
  Promise.resolve(offered.answer(Buffer.from(JSON.stringify(piece))));

async function fetch(changes: Partial<Fetching> & Pick<Fetching, 'files' | 'request'>) {
  return fetchFiles({ maxPayloadBytes: MIB, ...changes });
}

async function refusedFor(changes: Partial<Fetching> & Pick<Fetching, 'files' | 'request'>): Promise<string> {
  const fetched = await fetch(changes);
  return 'refused' in fetched ? `${fetched.refused.code}: ${fetched.refused.message}` : 'nothing';
}

t.test('8 MiB come through a real nats-server, and are the payload of a plan', { skip: noNats }, async (t) => {
  const nats = await startNats();
  t.teardown(() => nats.stop());
  const controller = await connectBus(busOptions(nats.url));
  const agent = await connectBus(busOptions(nats.url));
  t.teardown(() => Promise.all([controller.close(), agent.close()]));
  const dir = t.testdir({});
  const bytes = randomBytes(8 * MIB + 17);
  const names = { payload: path.join(dir, 'payload'), verify: path.join(dir, 'expected') };
  writeFileSync(names.payload, bytes);
  writeFileSync(names.verify, 'hello');
  const values = { target: '127.0.0.1:80', ...names, 'expect-prefix': `@${names.verify}` };
  const read = readOptions(CLIENT_OPTIONS, { command: 'conngen client', flags: new Map(), extra: [], env: {}, values });
  t.same(read.problems, []);
  const offered = new OfferedFiles();
  const there = await clientPlan(read.input, { ...MACHINE, loadFile: offered.loadFrom() });
  if (!('plan' in there)) return t.fail(JSON.stringify(there.problems));
  const end = offered.serve(controller, RUN);
  await controller.flush();
  writeFileSync(names.payload, 'changed since');
  let asked = 0;
  const fetched = await fetchFiles({
    files: JSON.parse(JSON.stringify(offered.files)) as typeof offered.files,
    maxPayloadBytes: agent.maxPayloadBytes,
    request: (piece, timeoutMs) => {
      asked++;
      return agent.request(SUBJECTS.file(RUN), Buffer.from(JSON.stringify(piece)), timeoutMs);
    },
  });
  if ('refused' in fetched) return t.fail(fetched.refused.message);
  t.equal(asked, 33 + 2);
  const here = await clientPlan(read.input, { ...MACHINE, ...fetched });
  if (!('plan' in here)) return t.fail(JSON.stringify(here.problems));
  t.ok(bytes.equals(here.plan.payload), 'every byte, as it was when the controller read it');
  t.same(here.plan.body.verification, { kind: 'bytes', expected: Uint8Array.from(Buffer.from('hello')) });
  t.same(Buffer.from(here.plan.answer.prefix!).toString(), 'hello');
  end();
  t.match(await fetchFiles({ ...fetchingOf(agent, offered), maxPayloadBytes: MIB }), {
    refused: { code: 'failed', message: /^the file of --payload did not come: the controller did not answer 3 times/ },
  });
});

function fetchingOf(agent: Awaited<ReturnType<typeof connectBus>>, offered: OfferedFiles): Fetching {
  const { files } = offered;
  const request = (piece: FileRequest): Promise<Uint8Array | null> =>
    agent.request(SUBJECTS.file(RUN), Buffer.from(JSON.stringify(piece)), 50);
  return { files, request, maxPayloadBytes: MIB };
}

t.test('files of any size, in messages of any size', async (t) => {
  for (const bytes of [0, 1, 255, 256 * 1024, 256 * 1024 + 1, MIB]) {
    const payload = randomBytes(bytes);
    const offered = await offer({ payload });
    for (const maxPayloadBytes of [1000, MIB]) {
      if (bytes / maxPayloadBytes > 1000) continue;
      const fetched = await fetch({ files: offered.files, request: ask(offered), maxPayloadBytes });
      if ('refused' in fetched) return t.fail(fetched.refused.message);
      const loaded = await fetched.loadFile('payload', '/any/name');
      t.ok(loaded.ok && payload.equals(loaded.value), `${bytes} in pieces of ${maxPayloadBytes}`);
    }
  }
});

t.test('an agent reads nothing of its own disk', async (t) => {
  const fetched = await fetch({ files: {}, request: () => Promise.resolve(null) });
  if ('refused' in fetched) return t.fail(fetched.refused.message);
  t.same(await fetched.loadFile('payload', '/etc/hostname'), {
    ok: false,
    expected: 'a file that the controller sent: /etc/hostname',
  });
  t.match(await fetched.loadFile('payload', '-'), { ok: false, expected: /: stdin$/ });
  const offered = await offer({ payload: Buffer.from('x') });
  const other = await fetch({ files: offered.files, request: ask(offered) });
  if ('refused' in other) return t.fail(other.refused.message);
  t.match(await other.loadFile('verify', '/etc/hostname'), { ok: false }, 'nor the file of another option');
});

t.test('what does not come whole is refused by name', async (t) => {
  const offered = await offer({ payload: randomBytes(MIB) });
  const { files } = offered;
  const good = ask(offered);
  const changed = async (piece: FileRequest): Promise<Uint8Array> => {
    const bytes = Uint8Array.from(await good(piece));
    if (piece.offset > 0) bytes[7]! ^= 1;
    return bytes;
  };
  const none = (): Promise<Uint8Array> => Promise.resolve(new Uint8Array());
  const short = async (piece: FileRequest): Promise<Uint8Array> => (await good(piece)).subarray(1);
  const sent = 'failed: the file of --payload did not come';
  t.equal(await refusedFor({ files, request: changed }), `${sent}: what came has another SHA-256 than the order says`);
  t.equal(await refusedFor({ files, request: none }), `${sent}: the controller does not have it`);
  t.equal(await refusedFor({ files, request: short }), `${sent}: a piece of it has another length`);
  t.equal(
    await refusedFor({ files, request: () => Promise.resolve(null) }),
    `${sent}: the controller did not answer 3 times`,
  );
  let nowMs = 0;
  const slow = (piece: FileRequest): Promise<Uint8Array> => {
    nowMs += 4000;
    return good(piece);
  };
  t.equal(await refusedFor({ files, request: slow, nowMs: () => nowMs }), `${sent}: it took too long`);
  const asked = new Set<number>();
  const flaky = ({ offset, ...rest }: FileRequest): Promise<Uint8Array | null> => {
    if (asked.has(offset)) return good({ offset, ...rest });
    asked.add(offset);
    return Promise.resolve(null);
  };
  t.equal(await refusedFor({ files, request: flaky }), 'nothing', 'an answer that is lost is asked for again');
});

t.test('files that are too large are refused before a byte is asked for', async (t) => {
  const file = { sha256: 'a'.repeat(64), bytes: 200 * MIB };
  const request = (): Promise<null> => Promise.reject(new Error('asked'));
  t.equal(
    await refusedFor({ files: { payload: file, verify: file }, request }),
    'over_limit: the files of the plan have 419430400 bytes, and an agent takes at most 256MiB',
  );
});

t.test('the controller gives its files, and answers nothing else', async (t) => {
  const offered = await offer({ payload: Buffer.from('0123456789') });
  const { sha256 } = offered.files['payload']!;
  const answer = (value: unknown): string => Buffer.from(offered.answer(Buffer.from(JSON.stringify(value)))).toString();
  t.equal(answer({ sha256, offset: 2, length: 3 }), '234');
  t.equal(answer({ sha256, offset: 8, length: 9 }), '89');
  for (const bad of [
    { sha256, offset: 10, length: 1 },
    { sha256, offset: -1, length: 1 },
    { sha256, offset: 0.5, length: 1 },
    { sha256, offset: 0, length: 2 ** 30 },
    { sha256: `${sha256.slice(1)}0`, offset: 0, length: 1 },
    { sha256: '__proto__', offset: 0, length: 1 },
    { offset: 0, length: 1 },
    { sha256, offset: '0', length: 1 },
    [],
    null,
    'x'.repeat(1000),
  ]) {
    t.equal(answer(bad), '');
  }
  t.equal(offered.answer(Buffer.from('{')).length, 0);
});
