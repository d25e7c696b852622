// tier: kernel
import t from 'tap';
import { clientResult, runCli, startServer } from '../support/cli.ts';

const skip = process.platform === 'linux' ? false : 'needs Linux (/proc)';

t.test("a server's result carries what its kernel counted", { skip }, async (t) => {
  const server = await startServer();
  const target = `127.0.0.1:${server.port}`;
  const run = await runCli(['client', target, '--rate', '200', '--duration', '500ms', '--json', '-', '--quiet']);
  const { kernel, findings, accepted } = await server.stop();
  t.equal(accepted, clientResult(run).rounds[0]!.outcomes.ok);
  t.ok((kernel?.passive_opens ?? 0) >= accepted, `${kernel?.passive_opens} passive opens`);
  t.ok((kernel?.cpu?.length ?? 0) > 0);
  t.equal(kernel?.intervals, undefined, 'seconds are not kept: a server may run for weeks');
  t.type(findings, Array);
});
