/** The numbers of include/uapi/linux/bpf.h and bpf_common.h that an XDP program and its loading need, by their names there. */

/** Commands of bpf(2). */
export const BPF_MAP_CREATE = 0;
export const BPF_MAP_UPDATE_ELEM = 2;
export const BPF_PROG_LOAD = 5;
export const BPF_PROG_TEST_RUN = 10;
/** Since Linux 5.7; for XDP since 5.9. */
export const BPF_LINK_CREATE = 28;

export const BPF_MAP_TYPE_XSKMAP = 17;
export const BPF_PROG_TYPE_XDP = 6;
/** An attach type. */
export const BPF_XDP = 37;

/** What an XDP program returns (enum xdp_action). */
export const XDP_DROP = 1;
export const XDP_PASS = 2;
export const XDP_REDIRECT = 4;

/** A helper: long bpf_redirect_map(struct bpf_map *map, u64 key, u64 flags). */
export const BPF_FUNC_redirect_map = 51;

/** Offsets in struct xdp_md, the argument of an XDP program. */
export const XDP_MD_DATA = 0;
export const XDP_MD_DATA_END = 4;
export const XDP_MD_RX_QUEUE_INDEX = 16;
export const XDP_MD_BYTES = 24;

/** Classes of instructions. */
export const BPF_LD = 0x00;
export const BPF_LDX = 0x01;
export const BPF_STX = 0x03;
export const BPF_ALU = 0x04;
export const BPF_JMP = 0x05;
export const BPF_JMP32 = 0x06;
export const BPF_ALU64 = 0x07;

/** Sizes of a load or store. */
export const BPF_W = 0x00;
export const BPF_H = 0x08;
export const BPF_B = 0x10;
export const BPF_DW = 0x18;

/** Modes of a load or store. */
export const BPF_IMM = 0x00;
export const BPF_MEM = 0x60;

/** Where the second operand is: the immediate, or a register. */
export const BPF_K = 0x00;
export const BPF_X = 0x08;

/** Arithmetic. */
export const BPF_ADD = 0x00;
export const BPF_SUB = 0x10;
export const BPF_OR = 0x40;
export const BPF_AND = 0x50;
export const BPF_LSH = 0x60;
export const BPF_RSH = 0x70;
export const BPF_XOR = 0xa0;
export const BPF_MOV = 0xb0;
/** Byte order; with BPF_TO_BE, between that of the machine and that of the network. */
export const BPF_END = 0xd0;
export const BPF_TO_BE = 0x08;

/** Jumps; the comparisons of order are unsigned. */
export const BPF_JA = 0x00;
export const BPF_JEQ = 0x10;
export const BPF_JGT = 0x20;
export const BPF_JGE = 0x30;
export const BPF_JSET = 0x40;
export const BPF_JNE = 0x50;
export const BPF_CALL = 0x80;
export const BPF_EXIT = 0x90;
export const BPF_JLT = 0xa0;
export const BPF_JLE = 0xb0;

/** As the source register of a 64-bit load: the immediate is a descriptor of a map. */
export const BPF_PSEUDO_MAP_FD = 1;
