/** The numbers of include/uapi/linux/if_xdp.h and if_link.h that AF_XDP sockets and XDP programs need, by their names there. */

/** Of include/linux/socket.h. */
export const AF_XDP = 44;
export const SOCK_RAW = 3;
export const SOL_XDP = 283;

/** Socket options. */
export const XDP_MMAP_OFFSETS = 1;
export const XDP_RX_RING = 2;
export const XDP_TX_RING = 3;
export const XDP_UMEM_REG = 4;
export const XDP_UMEM_FILL_RING = 5;
export const XDP_UMEM_COMPLETION_RING = 6;
export const XDP_STATISTICS = 7;
export const XDP_OPTIONS = 8;
/** How many packets one system call takes from the tx ring, 32 where this is not set (Linux 6.18). */
export const XDP_MAX_TX_SKB_BUDGET = 9;

/** Flags of a bind, the field sxdp_flags of struct sockaddr_xdp (linux/if_xdp.h). */
export const XDP_COPY = 1 << 1;
export const XDP_ZEROCOPY = 1 << 2;
export const XDP_USE_NEED_WAKEUP = 1 << 3;

/** In the word of flags of a ring: the kernel wants a system call to go on. */
export const XDP_RING_NEED_WAKEUP = 1 << 0;

/** In what XDP_OPTIONS answers. */
export const XDP_OPTIONS_ZEROCOPY = 1 << 0;

/** Offsets for mmap(2). */
export const XDP_PGOFF_RX_RING = 0;
export const XDP_PGOFF_TX_RING = 0x80000000;
export const XDP_UMEM_PGOFF_FILL_RING = 0x100000000;
export const XDP_UMEM_PGOFF_COMPLETION_RING = 0x180000000;

/** struct sockaddr_xdp: family, flags (16 bits each), ifindex, queue_id, shared_umem_fd. */
export const SOCKADDR_XDP_BYTES = 16;
/** struct xdp_umem_reg: addr, len (64 bits each), chunk_size, headroom, flags, tx_metadata_len; before Linux 6.8 without the last. */
export const UMEM_REG_BYTES = 32;
export const UMEM_REG_BYTES_SHORT = 24;
/** struct xdp_mmap_offsets: producer, consumer, desc, flags (64 bits each) of the rings rx, tx, fill, completion. */
export const MMAP_OFFSETS_BYTES = 128;
/** struct xdp_statistics: six counters of 64 bits; the last three since Linux 5.9. */
export const STATISTICS_BYTES = 48;
/** struct xdp_desc in 32-bit words: addr in two, len, options. */
export const DESCRIPTOR_WORDS = 4;
/** A descriptor of the fill and completion rings, in words: an address. */
export const ADDRESS_WORDS = 2;

/** Flags of an XDP attachment (if_link.h): where the program runs. */
export const XDP_FLAGS_SKB_MODE = 1 << 1;
export const XDP_FLAGS_DRV_MODE = 1 << 2;
