import { Buffer } from 'node:buffer';
import t from 'tap';
import { BpfProgram } from '../../../src/kernel/xdp/bpf-program.ts';

function hexOf(write: (program: BpfProgram) => void): string {
  const program = new BpfProgram();
  write(program);
  return Buffer.from(program.assemble()).toString('hex').replace(/.{16}/g, '$& ').trim();
}

/** As `llvm-objdump` shows each: code, registers, offset, immediate. */
const single: readonly [name: string, write: (program: BpfProgram) => void, hex: string][] = [
  ['r2 = *(u32 *)(r1 + 16)', (p) => p.load(32, 'r2', 'r1', 16), '6112100000000000'],
  ['r3 = *(u16 *)(r6 + 12)', (p) => p.load(16, 'r3', 'r6', 12), '69630c0000000000'],
  ['r3 = *(u8 *)(r6 + 23)', (p) => p.load(8, 'r3', 'r6', 23), '7163170000000000'],
  ['r3 = *(u64 *)(r6 + 38)', (p) => p.load(64, 'r3', 'r6', 38), '7963260000000000'],
  ['*(u32 *)(r10 - 4) = r2', (p) => p.store(32, 'r10', -4, 'r2'), '632afcff00000000'],
  ['r6 = r1', (p) => p.move('r6', 'r1'), 'bf16000000000000'],
  ['r0 = 2', (p) => p.move('r0', 2), 'b700000002000000'],
  ['w2 = w3', (p) => p.move32('r2', 'r3'), 'bc32000000000000'],
  ['r3 += 54', (p) => p.add('r3', 54), '0703000036000000'],
  ['r3 -= r2', (p) => p.subtract('r3', 'r2'), '1f23000000000000'],
  ['w3 -= 0xc6120000', (p) => p.subtract32('r3', 0xc6120000), '14030000000012c6'],
  ['r3 &= 0xfff', (p) => p.and('r3', 0xfff), '57030000ff0f0000'],
  ['r3 |= r4', (p) => p.or('r3', 'r4'), '4f43000000000000'],
  ['r3 ^= r4', (p) => p.xor('r3', 'r4'), 'af43000000000000'],
  ['r3 <<= 2', (p) => p.shiftLeft('r3', 2), '6703000002000000'],
  ['r3 >>= 4', (p) => p.shiftRight('r3', 4), '7703000004000000'],
  ['r3 = be16 r3', (p) => p.swapNetworkOrder(16, 'r3'), 'dc03000010000000'],
  ['r3 = be64 r3', (p) => p.swapNetworkOrder(64, 'r3'), 'dc03000040000000'],
  ['call 51', (p) => p.call(51), '8500000033000000'],
  ['exit', (p) => p.exit(), '9500000000000000'],
  ['r1 = map 7', (p) => p.loadMap('r1', 7), '1811000007000000 0000000000000000'],
  [
    'r1 = 0x20010db8_80000001',
    (p) => p.loadImmediate64('r1', 0x20010db8_80000001n),
    '1801000001000080 00000000b80d0120',
  ],
];

for (const [name, write, hex] of single) t.equal(hexOf(write), hex, name);

t.test('jumps lead to their labels, over instructions that take two places', async (t) => {
  const hex = hexOf((p) => {
    p.jumpIf('r1', '>', 'r7', 'pass');
    p.jumpIf32('r2', '==', 0x80000000, 'next');
    p.loadMap('r1', 3);
    p.label('next');
    p.jumpIf('r3', '&', 0x3f, 'pass');
    p.jump('pass');
    p.label('pass');
    p.label('end');
    p.exit();
  });
  const expected = ['2d71050000000000', '1602020000000080', '1811000003000000', '0000000000000000'];
  t.equal(hex, [...expected, '450301003f000000', '0500000000000000', '9500000000000000'].join(' '));
});

t.test('a label that is missing, twice there, behind or too far away is a mistake', async (t) => {
  t.throws(() => hexOf((p) => p.jump('nowhere')), { message: 'no label nowhere' });
  const twice = (p: BpfProgram): void => {
    p.label('here');
    p.label('here');
  };
  t.throws(() => hexOf(twice), { message: 'two labels here' });
  const back = (p: BpfProgram): void => {
    p.label('here');
    p.jump('here');
  };
  t.throws(() => hexOf(back), { message: 'label here is -1 instructions away' });
  const far = (p: BpfProgram): void => {
    p.jump('end');
    for (let i = 0; i < 0x8000; i++) p.exit();
    p.label('end');
  };
  t.throws(() => hexOf(far), { message: 'label end is 32768 instructions away' });
});
