// tier: netns
/** Source addresses of a prefix that is routed to the client's machine, none of which is an address of a device. */
import { troubleOf } from '../../src/engine/registry.ts';
import t from 'tap';
import type { RttResult } from '../../src/document/rtt.ts';
import { clientResult, runCli, startServer } from '../support/cli.ts';
import { inTime } from '../support/in-time.ts';
import { checkIdentities } from '../support/identities.ts';
import { Lab, noLab } from './lab.ts';

const skip = noLab();
const TARGET = '[fd78::1]:2345';
const ROUTED = ['--source', 'fd77::10-fd77::17'];

/** The router is the server's end. The client takes what comes for the prefix as its own (ip-route(8), local routes). */
function routePrefix(lab: Lab): void {
  lab.router.ip('address', 'add', 'fd78::1/64', 'dev', 'inside', 'nodad');
  lab.client.ip('address', 'add', 'fd78::2/64', 'dev', 'eth0', 'nodad');
  lab.router.ip('-6', 'route', 'add', 'fd77::/64', 'via', 'fd78::2');
  lab.client.ip('-6', 'route', 'add', 'local', 'fd77::/64', 'dev', 'lo');
}

for (const engine of ['uring', 'epoll'] as const) {
  const why = skip || ((await troubleOf(engine))?.reason ?? false);
  void t.test(`${engine}: connections from addresses of a routed prefix`, { skip: why }, async (t) => {
    const lab = Lab.forTest(t);
    routePrefix(lab);
    const { prefix } = lab.client;
    const server = await startServer(['--host', 'fd78::1', '--port', '2345', '--listeners', '1'], {
      prefix: lab.router.prefix,
    });
    for (const finish of ['echo', 'half-close']) {
      const load = [
        '--rate',
        'max',
        '--max-in-flight',
        '5',
        '--count',
        '40',
        '--payload-size',
        '64',
        '--finish',
        finish,
        '--engine',
        engine,
      ];
      const run = await runCli(['client', TARGET, ...load, ...ROUTED, '--freebind', '--json', '-', '--quiet'], {
        prefix,
      });
      const result = clientResult(run);
      checkIdentities(t, result);
      t.equal(result.rounds[0]!.outcomes.ok, 40, finish);
      t.equal(result.config.freebind, true);
    }
    const pings = ['--rate', '100', '--duration', '200ms', ...ROUTED, '--freebind', '--engine', engine];
    let times = 0;
    const { rounds } = await inTime(async () => {
      times++;
      return JSON.parse(
        (await runCli(['rtt', TARGET, ...pings, '--json', '-', '--quiet'], { prefix })).stdout,
      ) as RttResult;
    });
    t.match(rounds, [{ sent: 20, received: 20 }]);
    t.equal((await server.stop()).accepted, 80 + times);
  });
}

t.test('without --freebind, alone, or on node they are refused', { skip }, async (t) => {
  const lab = Lab.forTest(t);
  routePrefix(lab);
  const { prefix } = lab.client;
  for (const [args, expected] of [
    [ROUTED, '--source: got'],
    [['--freebind'], '--source beside it'],
    [[...ROUTED, '--freebind', '--engine', 'node'], '--engine uring or epoll'],
  ] as const) {
    const { code, stderr } = await runCli(['client', TARGET, ...args], { prefix });
    t.equal(code, 2, args.join(' '));
    t.match(stderr, expected);
  }
});
