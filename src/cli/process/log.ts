/** What a command says on stderr while it runs, for people: one line each, coloured on a terminal. */
import { Writable } from 'node:stream';
import { printable } from '../../units/printable.ts';
import type { Io } from './io.ts';

export interface Log {
  info(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}

/** The log of one command. `quiet` leaves out what is no warning; `beforeLine` may clear the line that is to be written. */
export async function openLog(io: Io, options: { quiet: boolean; beforeLine?: () => void }): Promise<Log> {
  // Loaded here, because a command that only refuses its input, or prints help, needs neither.
  const [{ pino }, { prettyFactory }] = await Promise.all([import('pino'), import('pino-pretty')]);
  const pretty = prettyFactory({ colorize: io.colourLogs, ignore: 'pid,hostname,time', singleLine: true });
  const destination = new Writable({
    write(chunk: Buffer, _encoding, done): void {
      options.beforeLine?.();
      io.stderr.write(pretty(chunk.toString()));
      done();
    },
  });
  const logger = pino({ level: options.quiet ? 'warn' : 'info' }, destination);
  return {
    info: (message) => logger.info(printable(message)),
    warn: (message) => logger.warn(printable(message)),
    error: (message) => logger.error(printable(message)),
  };
}

/** A log of plain lines on stderr, for a command that is done before a logger would be loaded. */
export function lineLog(io: Io): Log {
  const write = (level: string) => (message: string) => void io.stderr.write(`${level}: ${printable(message)}\n`);
  return { info: write('INFO'), warn: write('WARN'), error: write('ERROR') };
}
