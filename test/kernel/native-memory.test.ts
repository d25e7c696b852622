import { readFileSync, readSync } from 'node:fs';
import t from 'tap';
import { MAP_32BIT } from '../../src/kernel/constants.ts';
import { loadLibc } from '../../src/kernel/libc.ts';
import { NativeHeap, mapOnTouch } from '../../src/kernel/native-memory.ts';

/** Whether all of these bytes belong to this process. */
function isCovered(address: number, size: number): boolean {
  const maps = [...readFileSync('/proc/self/maps', 'latin1').matchAll(/^([0-9a-f]+)-([0-9a-f]+) /gm)];
  let end = address;
  for (const [, first, last] of maps) {
    if (Number.parseInt(first!, 16) <= end) end = Math.max(end, Number.parseInt(last!, 16));
  }
  return end >= address + size;
}

const skip = process.platform === 'linux' ? false : 'mmap(2) of Linux';

t.test('pieces are cleared, lie apart, and keep what is written to them', { skip }, (t) => {
  const libc = loadLibc();
  const sizes = [1, 8, 63, 64, 65, 40, 4096, 60_000, 60_000, 65_536, 70_000, 3, 1_000_000];
  const pieces = sizes.map((size) => libc.alloc(size));
  for (const [index, { bytes }] of pieces.entries()) {
    t.equal(bytes.length, sizes[index]);
    t.ok(bytes.every((byte) => byte === 0));
    bytes.fill(index + 1);
  }
  for (const [index, { bytes }] of pieces.entries()) t.ok(bytes.every((byte) => byte === index + 1));
  const sorted = pieces.map(({ address, bytes }) => ({ address, end: address + bytes.length }));
  sorted.sort((a, b) => a.address - b.address);
  t.ok(sorted.every(({ end }, index) => index === sorted.length - 1 || end <= sorted[index + 1]!.address));
  t.ok(pieces.every(({ address }) => address % 64 === 0));
  t.end();
});

t.test('the kernel sees the same bytes', { skip }, (t) => {
  const libc = loadLibc();
  const fds = libc.alloc(8);
  const [readFd, writeFd] = (libc.pipe2(fds.address, 0), new Int32Array(fds.bytes.buffer, 0, 2));
  const text = libc.alloc(5);
  text.bytes.set(Buffer.from('hello'));
  t.equal(libc.write(writeFd!, text.address, 5), 5);
  libc.close(writeFd!);
  const read = Buffer.alloc(8);
  t.equal(read.toString('latin1', 0, readSync(readFd!, read)), 'hello');
  libc.close(readFd!);
  t.end();
});

t.test('addresses are small integers where the machine can', { skip }, (t) => {
  const limit = process.arch === 'x64' ? 2 ** 31 : 2 ** 48;
  for (const size of [16, 100_000]) t.ok(loadLibc().alloc(size).address < limit);
  t.end();
});

t.test('a large piece is given back whole, a small one stays', { skip }, (t) => {
  const libc = loadLibc();
  const had = libc.blocks();
  const pieces = [65_500, 8 * 2 ** 20, 8 * 2 ** 20 + 1].map((size) => libc.alloc(size));
  const small = libc.alloc(100);
  small.bytes.fill(7);
  const isMapped = (address: number, size: number): boolean =>
    libc.blocks().some((block) => block.address === address && block.size >= size) && isCovered(address, size);
  for (const { address, bytes } of pieces) t.ok(isMapped(address, bytes.length));
  for (const piece of [...pieces, small]) libc.free(piece);
  for (const { address, bytes } of pieces) {
    t.notOk(isMapped(address, bytes.length));
    // Nothing else of this process is mapped there by itself.
    if (process.arch === 'x64') t.notOk(isCovered(address, bytes.length));
  }
  t.ok(libc.blocks().length - had.length <= 1, 'the small one may have a new block');
  t.ok(libc.blocks().every(({ address, size }) => isCovered(address, size)));
  t.ok(small.bytes.every((byte) => byte === 7));
  t.end();
});

/** An mmap that gives out `pages`, and refuses below 2 GiB. */
function highMemory(): { heap: NativeHeap; asked: number[] } {
  const asked: number[] = [];
  let next = 2 ** 40;
  const heap = new NativeHeap({
    mmap: (_address, size, _protection, flags) => {
      asked.push(size);
      if ((flags & MAP_32BIT) !== 0 || size > 2 ** 30) return -1;
      next += size;
      return next - size;
    },
    munmap: () => 0,
    view: (_address, size) => new ArrayBuffer(size),
  });
  return { heap, asked };
}

t.test('where the lowest 2 GiB are used up, memory comes from anywhere', (t) => {
  const { heap } = highMemory();
  t.equal(heap.alloc(16).address, 2 ** 40);
  t.equal(heap.alloc(16).address, 2 ** 40 + 64, 'of the same block');
  t.equal(heap.alloc(100_000).address, 2 ** 40 + 65_536, 'a large piece has pages of its own');
  t.equal(heap.alloc(16).address, 2 ** 40 + 128);
  t.end();
});

t.test('without memory the error says how much was asked for', (t) => {
  t.throws(() => highMemory().heap.alloc(2 ** 31), { name: 'RangeError', message: 'no memory for 2147483648 bytes' });
  t.end();
});

t.test('a mapping of its own is cleared, is what the kernel writes to, and can be given back', { skip }, (t) => {
  const libc = loadLibc();
  const { address, bytes } = mapOnTouch(libc, 1_000_000);
  t.equal(bytes.length, 1_000_000);
  t.ok(bytes.every((byte) => byte === 0));
  const fds = libc.alloc(8);
  t.equal(libc.pipe2(address + 600_000, 0), 0);
  fds.bytes.set(bytes.subarray(600_000, 600_008));
  for (const fd of new Int32Array(fds.bytes.buffer, 0, 2)) t.equal(libc.close(fd), 0);
  t.equal(libc.munmap(address, bytes.length), 0);
  t.end();
});
