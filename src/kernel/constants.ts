/** Linux constants for x86-64 and arm64, by the names of the kernel's headers. The values are the same on both unless said. */

export const AF_INET = 2;
export const AF_INET6 = 10;
export const SOCK_STREAM = 1;
export const SOCK_DGRAM = 2;
export const SOCK_NONBLOCK = 0o4000;
export const SOCK_CLOEXEC = 0o2000000;

export const SOL_SOCKET = 1;
export const SO_REUSEADDR = 2;
export const SO_ERROR = 4;
export const SO_RCVBUF = 8;
export const SO_LINGER = 13;
export const SO_REUSEPORT = 15;
/** The variant of the option that takes a struct timeval of 64-bit parts. */
export const SO_RCVTIMEO = 20;
export const SO_SNDTIMEO = 21;

export const IPPROTO_IP = 0;
export const IPPROTO_TCP = 6;
export const IPPROTO_IPV6 = 41;
export const IPV6_V6ONLY = 26;
export const IP_FREEBIND = 15;
export const IP_BIND_ADDRESS_NO_PORT = 24;
export const IPV6_FREEBIND = 78;
export const IP_PKTINFO = 8;
export const IP_MTU = 14;
export const IPV6_MTU = 24;
export const IPV6_RECVPKTINFO = 49;
export const TCP_NODELAY = 1;
/** The first byte of its value is the state (struct tcp_info). */
export const TCP_INFO = 11;
/** A state of include/net/tcp_states.h. */
export const TCP_SYN_SENT = 2;

export const SHUT_WR = 1;

export const MSG_TRUNC = 0x20;
export const MSG_DONTWAIT = 0x40;
export const MSG_WAITALL = 0x100;
export const MSG_NOSIGNAL = 0x4000;
export const MSG_MORE = 0x8000;

export const EPOLL_CLOEXEC = SOCK_CLOEXEC;
export const EPOLL_CTL_ADD = 1;
export const EPOLL_CTL_MOD = 3;
export const EPOLLIN = 0x1;
export const EPOLLOUT = 0x4;
export const EPOLLERR = 0x8;
export const EPOLLHUP = 0x10;
export const EPOLLRDHUP = 0x2000;
export const EPOLLET = 1 << 31;

/** poll(2). */
export const POLLIN = 0x1;
export const POLLERR = 0x8;
export const POLLHUP = 0x10;

export const EFD_CLOEXEC = SOCK_CLOEXEC;
export const EFD_NONBLOCK = SOCK_NONBLOCK;
export const O_CLOEXEC = SOCK_CLOEXEC;
export const O_NONBLOCK = SOCK_NONBLOCK;

export const CLOCK_MONOTONIC = 1;
export const PR_SET_TIMERSLACK = 29;
export const RLIMIT_MEMLOCK = 8;

/** Called by number: glibc has a wrapper since 2.35, Linux the call since 5.11. */
export const SYS_epoll_pwait2 = 441;
export const SYS_io_uring_setup = 425;
export const SYS_io_uring_enter = 426;
export const SYS_io_uring_register = 427;

/** One of the few numbers that are not the same on both machines. */
export const SYS_bpf = process.arch === 'arm64' ? 280 : 321;

/** mmap(2). */
export const PROT_READ_WRITE = 3;
export const MAP_SHARED_POPULATE = 0x8001;
export const MAP_PRIVATE_ANONYMOUS = 0x22;
export const MAP_POPULATE = 0x8000;
/** x86-64 alone. */
export const MAP_32BIT = 0x40;
