import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

export interface SmallDisk {
  readonly path: string;
  /** Takes it away with all that is on it. */
  remove(): void;
}

/** A disk of 64 KiB, or why there is none. */
export function mountSmallDisk(): SmallDisk | string {
  const folder = mkdtempSync(path.join(tmpdir(), 'conngen-disk-'));
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', folder], { encoding: 'utf8' });
  if (mounted.status !== 0) {
    rmdirSync(folder);
    return 'needs to mount a tmpfs (root)';
  }
  return {
    path: folder,
    remove() {
      spawnSync('umount', [folder]);
      rmdirSync(folder);
    },
  };
}
