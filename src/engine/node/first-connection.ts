import { connect } from 'node:net';
import { codeOf } from '../../units/problem.ts';

/** Where one connection goes, and from where. */
export interface FirstConnection {
  readonly address: string;
  readonly port: number;
  /** Null: the kernel chooses. */
  readonly source: string | null;
  readonly timeoutMs: number;
}

/**
 * Opens one connection and resets it, so that neither end keeps anything of it. Resolves to null where it was established, otherwise to
 * the name of the error: ETIMEDOUT where nothing answered in time.
 */
export function tryConnection({ address, port, source, timeoutMs }: FirstConnection): Promise<string | null> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port, ...(source === null ? {} : { localAddress: source }) });
    const timer = setTimeout(() => {
      socket.destroy();
      resolve('ETIMEDOUT');
    }, timeoutMs);
    socket.once('connect', () => {
      clearTimeout(timer);
      socket.resetAndDestroy();
      resolve(null);
    });
    socket.on('error', (error) => {
      clearTimeout(timer);
      socket.destroy();
      const code = codeOf(error);
      // The target reset what it had accepted; what is not accepted is refused (RFC 9293, section 3.5.2).
      resolve(code === 'ECONNRESET' ? null : code);
    });
  });
}
