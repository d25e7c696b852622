// tier: kernel
import t from 'tap';
import { errnoName } from '../../../src/kernel/errno.ts';
import { loadLibc } from '../../../src/kernel/libc.ts';
import { readPrivilege } from '../../../src/kernel/machine/privilege.ts';
import { XDP_DROP, XDP_MD_DATA, XDP_MD_DATA_END, XDP_PASS } from '../../../src/kernel/xdp/bpf-numbers.ts';
import { Bpf } from '../../../src/kernel/xdp/bpf.ts';
import { BpfProgram } from '../../../src/kernel/xdp/bpf-program.ts';

const isLinux = process.platform === 'linux';
const skip = isLinux && readPrivilege().isRoot ? false : 'bpf(2) needs root';

t.test('a program is loaded and run over frames', { skip }, async (t) => {
  const libc = loadLibc();
  const bpf = new Bpf(libc);
  const program = new BpfProgram();
  program.load(32, 'r2', 'r1', XDP_MD_DATA);
  program.load(32, 'r3', 'r1', XDP_MD_DATA_END);
  program.move('r0', XDP_PASS);
  program.move('r4', 'r2');
  program.add('r4', 20);
  program.jumpIf('r4', '>', 'r3', 'end');
  program.load(16, 'r5', 'r2', 12);
  program.swapNetworkOrder(16, 'r5');
  program.jumpIf('r5', '!=', 0x0806, 'end');
  program.move('r0', XDP_DROP);
  program.label('end');
  program.exit();
  const { fd } = bpf.loadProgram('test', program.assemble());
  t.ok(fd >= 0);
  const frame = new Uint8Array(20);
  t.equal(bpf.testRun(fd, frame), XDP_PASS);
  frame.set([0x08, 0x06], 12);
  t.equal(bpf.testRun(fd, frame), XDP_DROP);
  t.equal(bpf.testRun(fd, frame.subarray(0, 19)), XDP_PASS, 'too short to be looked at');
  libc.close(fd);
});

t.test('the verifier says why it refuses a program', { skip }, async (t) => {
  const bpf = new Bpf(loadLibc());
  const program = new BpfProgram();
  program.load(32, 'r2', 'r1', XDP_MD_DATA);
  program.load(8, 'r0', 'r2', 0);
  program.exit();
  const refused = bpf.loadProgram('test', program.assemble());
  if (refused.fd >= 0) return t.fail('a read without a check of bounds was taken');
  t.equal(refused.fd, -1);
  if (!('errno' in refused)) return;
  t.equal(errnoName(refused.errno), 'EACCES');
  t.match(refused.verifierLog, 'invalid access to packet');
});
