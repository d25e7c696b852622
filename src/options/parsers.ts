/** Parsers of options that belong to the command line alone, or to no other place. */
import { accept, refuse, type Parsed } from '../units/problem.ts';
import { countParser } from '../units/quantity.ts';

/** Any text but none. */
export function parseFileName(text: string): Parsed<string> {
  return text === '' || text.includes('\0') ? refuse('the name of a file') : accept(text);
}

/** Any text but none. */
export function parseDirectory(text: string): Parsed<string> {
  return text === '' || text.includes('\0') ? refuse('the name of a directory') : accept(text);
}

/** Parses a file of results. The system's names for stdout mean `-`: other text on stdout would spoil the JSON. */
export function parseJsonFile(text: string): Parsed<string> {
  return ['/dev/stdout', '/dev/fd/1', '/proc/self/fd/1'].includes(text) ? accept('-') : parseFileName(text);
}

/** A file that is written beside the result; stdout is for the result. */
export function parseRecordFile(text: string): Parsed<string> {
  const file = parseJsonFile(text);
  return file.ok && file.value === '-' ? refuse('the name of a file: stdout is for the result') : file;
}

const parseWorkerCount = countParser('threads', { min: 1, max: 1024 });

export function parseWorkers(text: string): Parsed<number | 'auto'> {
  if (text.trim().toLowerCase() === 'auto') return accept('auto');
  const count = parseWorkerCount(text);
  return count.ok ? count : refuse(`auto, or ${count.expected}`);
}
