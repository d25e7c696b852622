/** What the kernel refuses to this engine, as errors that a person can act upon. */
import {
  EACCES,
  EAFNOSUPPORT,
  EBUSY,
  EEXIST,
  EINVAL,
  ENETDOWN,
  ENOBUFS,
  ENOMEM,
  EPERM,
  errnoName,
} from '../../kernel/errno.ts';
import { readLink } from '../../kernel/net/links.ts';
import { holdersOf } from '../../kernel/xdp/holders.ts';
import { XskError } from '../../kernel/xdp/xsk-socket.ts';
import { PLEASE_REPORT } from '../../units/bugs.ts';
import { RunError } from '../../units/run-error.ts';

const OTHER_ENGINE = 'use --engine uring, which needs none of this';
/** By their names for setcap(8). The last one lifts the limit of locked memory, which is most often too low for the frames. */
const CAPABILITIES = 'cap_net_admin,cap_net_raw,cap_bpf,cap_ipc_lock';

/** A capability is missing; `missing` are their names, where it is known which. */
export function capabilityError(what: string, missing: readonly string[] = []): RunError {
  const message =
    missing.length > 0
      ? `${what} needs ${missing.join(' and ')}`
      : `${what} is not permitted: this process has its capabilities in a user namespace alone, or a seccomp profile forbids it`;
  const hint =
    missing.length > 0
      ? `run it with sudo, or once: sudo setcap ${CAPABILITIES}+ep ${process.execPath}`
      : 'run it outside of the container, or give the container --privileged';
  return new RunError('EPERM', message, hint);
}

/** A kernel without what this engine is built on. */
export function kernelError(code: string, what: string): RunError {
  return new RunError(code, what, `use Linux 5.9 or later with CONFIG_XDP_SOCKETS, or ${OTHER_ENGINE}`);
}

/** The program could not be loaded, or its map not made. */
export function programError(errno: number, verifierLog: string, step: 'map' | 'program'): RunError {
  if (errno === EPERM || (errno === EACCES && verifierLog === '')) return capabilityError('loading a BPF program');
  if (errno === ENOMEM || errno === ENOBUFS) return lockedMemoryError(errno);
  const name = errnoName(errno);
  if (step === 'map' && errno === EINVAL) return kernelError(name, 'this kernel has no map of AF_XDP sockets');
  const log = verifierLog === '' ? '' : `; the verifier says:\n${verifierLog.trimEnd()}`;
  return new RunError(name, `the kernel refuses the ${step}: ${name}${log}`, PLEASE_REPORT);
}

/** The program could not be put on the interface, in either mode. */
export function linkError(errno: number, interfaceName: string): RunError {
  const name = errnoName(errno);
  if (errno === EBUSY || errno === EEXIST) return takenError(name, interfaceName);
  if (errno === EPERM) return capabilityError(`an XDP program on ${interfaceName}`);
  if (errno === EINVAL) return kernelError(name, `this kernel has no links for XDP programs (${name})`);
  const hint = `look at dmesg, take another --interface, or ${OTHER_ENGINE}`;
  return new RunError(name, `the XDP program cannot be put on ${interfaceName}: ${name}`, hint);
}

/** An interface has one program at a time. */
function takenError(errno: string, interfaceName: string): RunError {
  const program = readLink(interfaceName)?.xdp?.programId;
  const [holder] = program === undefined ? [] : holdersOf(program);
  const taken = `another XDP program is on ${interfaceName}`;
  if (holder === undefined) {
    const hint = `see which with: ip -d link show ${interfaceName}; if its name is conngen, another conngen works on ${interfaceName}: end it. A program of another tool may go with: ip link set ${interfaceName} xdp off`;
    return new RunError(errno, taken, hint);
  }
  const { pid, command } = holder;
  return new RunError(
    errno,
    `${taken}: process ${pid} (${command}) works on it`,
    `wait until it has ended, or take another --interface; to end it: kill ${pid}`,
  );
}

/** A socket on a queue could not be opened. */
export function socketError(error: unknown, interfaceName: string, queue: number): unknown {
  if (!(error instanceof XskError)) return error;
  const { step, errno } = error;
  const name = errnoName(errno);
  if (step === 'socket') return socketFamilyError(errno);
  if (errno === ENOBUFS || errno === ENOMEM) return lockedMemoryError(errno);
  if (errno === ENETDOWN) return downError(interfaceName);
  if (step === 'bind' && errno === EBUSY) {
    const message = `queue ${queue} of ${interfaceName} is taken: another program has an AF_XDP socket on it`;
    return new RunError(name, message, 'see which with: ss --xdp -p, and end it');
  }
  return new RunError(
    name,
    `AF_XDP on queue ${queue} of ${interfaceName} fails at its ${step}: ${name}`,
    `take another --interface, or ${OTHER_ENGINE}`,
  );
}

/** socket(AF_XDP) failed. */
export function socketFamilyError(errno: number): RunError {
  if (errno === EPERM || errno === EACCES) return capabilityError('an AF_XDP socket');
  const name = errnoName(errno);
  if (errno === EAFNOSUPPORT || errno === EINVAL) return kernelError(name, 'this kernel has no AF_XDP sockets');
  return new RunError(name, `an AF_XDP socket cannot be opened: ${name}`, 'raise the open file limit: ulimit -n');
}

/** The interface is not set up. */
export function downError(interfaceName: string): RunError {
  const hint = `set it up with: ip link set ${interfaceName} up`;
  return new RunError('ENETDOWN', `the interface ${interfaceName} is down`, hint);
}

/** Nothing is at the other end of the interface, which is up. */
export function carrierError(interfaceName: string): RunError {
  const hint = `plug its cable in; of a veth, set its other end up: ip link set PEER up`;
  return new RunError('ENETDOWN', `${interfaceName} has no carrier: nothing is at its other end`, hint);
}

function lockedMemoryError(errno: number): RunError {
  return new RunError(
    errnoName(errno),
    'the frames of an AF_XDP socket do not fit the limit of locked memory',
    'run it with sudo or CAP_IPC_LOCK, or raise it with: ulimit -l unlimited (as root, or in /etc/security/limits.conf), or take fewer --workers',
  );
}
