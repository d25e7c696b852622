/** `kernel-tuning/settings.tsv`: the one table of kernel settings, which the scripts beside it and the doctor read. */
import { fileURLToPath } from 'node:url';
import { readProc } from './proc.ts';

export type Side = 'client' | 'server' | 'gateway';

export interface Setting {
  /** The name of the setting, as sysctl(8) writes it. */
  readonly key: string;
  /** What `kernel-tuning/apply` sets. */
  readonly value: string;
  readonly sides: readonly Side[];
  /** Whether more than `value` is as good; `leave`: `apply` does not set it, and `value` is the default of Linux. */
  readonly how: 'at-least' | 'exactly' | 'leave';
  /** The first kernel that has it; null where every one has that we run on. */
  readonly since: string | null;
  /** One sentence. */
  readonly reason: string;
}

// Beside dist/ and src/ alike: the folder is part of the package.
const FILE = fileURLToPath(new URL('../../kernel-tuning/settings.tsv', import.meta.url));
const SIDES: readonly string[] = ['client', 'server', 'gateway'] satisfies Side[];

/** The table by key; empty where the file is not there. Throws where a line is not one of the table's. */
export function loadSettings(): ReadonlyMap<string, Setting> {
  return new Map(parseSettings(readProc(FILE) ?? '').map((setting) => [setting.key, setting]));
}

/** Six columns separated by tabs; lines that are empty or begin with # are left out. Throws with the line that does not fit. */
export function parseSettings(text: string): Setting[] {
  return text
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.startsWith('#'))
    .map(parseLine);
}

function parseLine(line: string): Setting {
  const [key = '', value = '', sidesText = '', how = '', since = '', reason = '', ...rest] = line.split('\t');
  const sides = sidesText.split(',');
  if (
    rest.length > 0 ||
    [key, value, since, reason].includes('') ||
    !sides.every(isSide) ||
    (how !== 'at-least' && how !== 'exactly' && how !== 'leave')
  ) {
    throw new Error(`no line of settings.tsv: ${line}`);
  }
  return { key, value, sides, how, since: since === '-' ? null : since, reason };
}

function isSide(text: string): text is Side {
  return SIDES.includes(text);
}
