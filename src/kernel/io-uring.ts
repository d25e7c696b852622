/** The numbers of include/uapi/linux/io_uring.h that the engine uses, by their names there without the prefix where a group has one. */

/** Flags of io_uring_setup(2). */
export const SETUP_CQSIZE = 1 << 3;
export const SETUP_CLAMP = 1 << 4;
export const SETUP_SUBMIT_ALL = 1 << 7;
export const SETUP_TASKRUN_FLAG = 1 << 9;
export const SETUP_SINGLE_ISSUER = 1 << 12;
export const SETUP_DEFER_TASKRUN = 1 << 13;

export const FEAT_SINGLE_MMAP = 1 << 0;
export const FEAT_NODROP = 1 << 1;
export const FEAT_EXT_ARG = 1 << 8;
export const FEAT_CQE_SKIP = 1 << 11;

export const OFF_SQ_RING = 0;
export const OFF_SQES = 0x10000000;

export const ENTER_GETEVENTS = 1 << 0;
export const ENTER_EXT_ARG = 1 << 3;

/** There is work that the kernel does when it is entered (with SETUP_TASKRUN_FLAG). */
export const SQ_TASKRUN = 1 << 2;

/** Opcodes of io_uring_register(2). */
export const REGISTER_PROBE = 8;
export const REGISTER_FILES2 = 13;
export const REGISTER_PBUF_RING = 22;
export const RSRC_REGISTER_SPARSE = 1;

/** Flags of an SQE, in the second byte. */
export const IOSQE_FIXED_FILE = 1 << 0;
export const IOSQE_IO_LINK = 1 << 2;
export const IOSQE_BUFFER_SELECT = 1 << 5;
export const IOSQE_CQE_SKIP_SUCCESS = 1 << 6;

export const OP_NOP = 0;
export const OP_POLL_ADD = 6;
export const OP_ACCEPT = 13;
export const OP_ASYNC_CANCEL = 14;
export const OP_CONNECT = 16;
export const OP_CLOSE = 19;
export const OP_SEND = 26;
export const OP_RECV = 27;
export const OP_SOCKET = 45;
export const OP_URING_CMD = 46;
export const OP_BIND = 56;

/** cmd_op of a URING_CMD on a socket. */
export const SOCKET_URING_OP_GETSOCKOPT = 2;
export const SOCKET_URING_OP_SETSOCKOPT = 3;

/** nop_flags: the completion has len as its result (Linux 6.10). */
export const NOP_INJECT_RESULT = 1 << 0;

/** len of POLL_ADD: one entry, a completion for each event, edge-triggered. */
export const POLL_ADD_MULTI = 1 << 0;

/** ioprio of SEND and RECV: wait for readiness before the first try, which would find nothing. */
export const RECVSEND_POLL_FIRST = 1 << 0;
/** ioprio of ACCEPT: one entry, a completion for each connection. */
export const ACCEPT_MULTISHOT = 1 << 0;

/** file_index: the kernel picks a free direct descriptor. */
export const FILE_INDEX_ALLOC = 0xffffffff;

/** Flags of a CQE. */
export const CQE_F_BUFFER = 1 << 0;
export const CQE_F_MORE = 1 << 1;
export const CQE_BUFFER_SHIFT = 16;

/** Word offsets in struct io_uring_params (30 words). */
export const PARAMS_BYTES = 120;
export const PARAMS_SQ_ENTRIES = 0;
export const PARAMS_CQ_ENTRIES = 1;
export const PARAMS_FLAGS = 2;
export const PARAMS_FEATURES = 5;
export const PARAMS_SQ_OFF = 10;
export const PARAMS_CQ_OFF = 20;
/** Within sq_off and cq_off, in words: head, tail, ring_mask; then they differ. */
export const OFF_HEAD = 0;
export const OFF_TAIL = 1;
export const SQ_OFF_FLAGS = 4;
export const SQ_OFF_ARRAY = 6;
export const CQ_OFF_CQES = 5;

/** struct io_uring_sqe is 64 bytes, a completion 16. */
export const SQE_BYTES = 64;
export const CQE_BYTES = 16;
