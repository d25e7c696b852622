// tier: netns
/** The packet client and a server on the kernel's sockets, with the settings of its TCP that a client meets. */
import t from 'tap';
import { noLab, type Namespace } from '../lab.ts';
import { FAR, VethPair } from '../veth-pair.ts';
import { CONNECTIONS, FAMILIES, FEW, checkEqual, load, serve, type ServedAs } from './ends.ts';

const skip = noLab();

const ECHO = ['--payload-size', '64', '--finish', 'echo'];

/** What of the far kernel is another than usual. */
const KERNELS: readonly {
  name: string;
  args: readonly string[];
  set: (far: Namespace) => void;
  as?: ServedAs;
  inFlight?: number;
}[] = [
  { name: 'as it is, closed with FIN', args: ECHO, set: () => undefined },
  { name: 'as it is, closed with RST', args: [...ECHO, '--close', 'rst'], set: () => undefined, as: 'reset' },
  {
    name: 'SYN cookies for all (tcp_syncookies 2)',
    args: ECHO,
    set: (far) => far.sysctl('net.ipv4.tcp_syncookies', 2),
  },
  { name: 'no timestamps', args: ECHO, set: (far) => far.sysctl('net.ipv4.tcp_timestamps', 0) },
  {
    name: 'neither timestamps nor window scaling nor SACK',
    args: ['--payload-size', '8KiB', '--finish', 'half-close'],
    set: (far) => ['timestamps', 'window_scaling', 'sack'].forEach((key) => far.sysctl(`net.ipv4.tcp_${key}`, 0)),
  },
  {
    name: 'receive windows of some KiB (tcp_rmem)',
    args: ['--payload-size', '16KiB', '--finish', 'half-close', '--timeout', '20s'],
    inFlight: 50,
    set: (far) => far.sysctl('net.ipv4.tcp_rmem', '4096 4096 8192'),
  },
];

for (const { name, set, as, args, inFlight } of KERNELS) {
  t.test(name, { skip }, async (t) => {
    const pair = VethPair.forTest(t);
    set(pair.far);
    for (const family of FAMILIES) {
      const server = await serve(t, pair.far, { engine: 'epoll', host: FAR[family] });
      const connections = family === 4 && args === ECHO ? CONNECTIONS : FEW;
      const how = { engine: 'packet', family, connections, args, ...(inFlight !== undefined && { inFlight }) };
      const round = await load(t, pair.near, { ...how, host: FAR[family] });
      checkEqual(t, round, await server.stop(), connections, as);
    }
  });
}
