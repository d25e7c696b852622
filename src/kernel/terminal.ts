/** The modes of a terminal (termios(3)), and whether this process has it in the foreground (proc(5)). */
import { loadLibc } from './libc.ts';
import { readProc } from './proc.ts';

/** struct termios of x86-64 and arm64: four words of flags, the line discipline, control characters. */
const TERMIOS_BYTES = 64;
const INPUT_FLAGS = 0;
const LOCAL_FLAGS = 12;
const CONTROL_CHARACTERS = 17;
const VTIME = 5;
const VMIN = 6;
const IXON = 0x400;
const ICANON = 0x2;
const ECHO = 0x8;
/** When all that was written is out. */
const TCSADRAIN = 1;

/** A terminal that gives single keys. */
export interface KeyModes {
  /** Keys come one by one and are not echoed. Ctrl-C, Ctrl-Z and Ctrl-\ go on sending their signals; Ctrl-S stops nothing. Can be called again. */
  enter(): void;
  /** The modes are as they were when `keyModes` was called. */
  leave(): void;
}

/** The modes of the terminal at a descriptor; null where they cannot be set: no terminal, no libc. Changes nothing. */
export function keyModes(fd: number): KeyModes | null {
  if (process.platform !== 'linux' || (process.arch !== 'x64' && process.arch !== 'arm64')) return null;
  try {
    const libc = loadLibc();
    const before = libc.alloc(TERMIOS_BYTES);
    const keys = libc.alloc(TERMIOS_BYTES);
    if (libc.tcgetattr(fd, before.address) !== 0) return null;
    keys.bytes.set(before.bytes);
    const flags = new DataView(keys.bytes.buffer, keys.bytes.byteOffset, TERMIOS_BYTES);
    // Ctrl-S would stop the next write, and with it the thread that adds the figures up.
    flags.setUint32(INPUT_FLAGS, flags.getUint32(INPUT_FLAGS, true) & ~IXON, true);
    flags.setUint32(LOCAL_FLAGS, flags.getUint32(LOCAL_FLAGS, true) & ~(ICANON | ECHO), true);
    keys.bytes[CONTROL_CHARACTERS + VMIN] = 1;
    keys.bytes[CONTROL_CHARACTERS + VTIME] = 0;
    return {
      enter: () => void libc.tcsetattr(fd, TCSADRAIN, keys.address),
      leave: () => void libc.tcsetattr(fd, TCSADRAIN, before.address),
    };
  } catch {
    return null;
  }
}

/**
 * Whether this process is in the background of its terminal, where reading it would stop the process (SIGTTIN), and so would a change
 * of its modes (SIGTTOU). Without job control there is no background.
 */
export function isInBackground(read: (path: string) => string | undefined = readProc): boolean {
  const stat = read('/proc/self/stat');
  if (stat === undefined) return false;
  // After the name, which may hold anything: state, parent, process group, session, terminal, its foreground group.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const group = Number(fields[2]);
  const foreground = Number(fields[5]);
  return foreground > 0 && foreground !== group;
}
