/** Which processes keep a BPF program in place: `/proc/PID/fdinfo` tells it of the links of each (bpf_link_show_fdinfo in kernel/bpf/syscall.c). */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

export interface Holder {
  readonly pid: number;
  /** The beginning of its command line. */
  readonly command: string;
}

/** What the descriptor of a link is called. */
const LINK = 'anon_inode:bpf_link';
const COMMAND_MAX = 60;

/** Processes that hold a link of this program. Those that this process may not look into are left out, and those of another pid namespace. */
export function holdersOf(programId: number): Holder[] {
  return list('/proc')
    .filter((name) => /^\d+$/.test(name) && holdsLink(name, programId))
    .map((name) => ({ pid: Number(name), command: commandOf(name) }));
}

function holdsLink(process: string, programId: number): boolean {
  return list(`/proc/${process}/fd`).some((fd) => {
    try {
      if (readlinkSync(`/proc/${process}/fd/${fd}`) !== LINK) return false;
      const info = readFileSync(`/proc/${process}/fdinfo/${fd}`, 'latin1');
      return Number(/^prog_id:\s*(\d+)$/m.exec(info)?.[1]) === programId;
    } catch {
      // It was closed meanwhile.
      return false;
    }
  });
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function commandOf(process: string): string {
  try {
    const words = readFileSync(`/proc/${process}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
    return words.length > COMMAND_MAX ? `${words.slice(0, COMMAND_MAX)}…` : words;
  } catch {
    return 'its command is not to be seen';
  }
}
