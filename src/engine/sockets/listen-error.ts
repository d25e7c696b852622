import { formatHostPort } from '../../plan/address/address.ts';
import { RunError } from '../../units/run-error.ts';

/** What a user can do about it, by the system's code. */
function hintFor(code: string, port: number): string {
  switch (code) {
    case 'EADDRINUSE':
      if (port === 0) {
        return 'every port that the kernel may choose is in use or in TIME_WAIT (up to 60 s): wait, or choose a --port yourself';
      }
      return `see who listens there with ss -ltnp 'sport = :${port}', or choose another --port (0 picks a free one)`;
    case 'EACCES':
      return 'ports below 1024 need root or CAP_NET_BIND_SERVICE; choose another --port';
    case 'EADDRNOTAVAIL':
      return 'this machine does not have that address (ip addr lists those it has); choose another --host';
    case 'EMFILE':
    case 'ENFILE':
      return 'raise the open file limit: ulimit -n';
    default:
      return 'choose another --host or --port';
  }
}

/** The error of a server that cannot listen, by the system's code. `host` null is every address. */
export function listenError(host: string | null, port: number, code: string, options?: ErrorOptions): RunError {
  const place = formatHostPort(host ?? '*', port);
  return new RunError(code, `cannot listen on ${place}: ${code}`, hintFor(code, port), options);
}
