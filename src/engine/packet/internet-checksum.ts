/** The Internet checksum (RFC 1071) for packets that are few: neighbours and ICMP. Segments have their own, which costs less. */

/** The sum of the 16-bit words from `from` to before `to`, added to `start` and folded to 16 bits; an odd last byte is an upper half. */
export function sumOf(view: DataView, from: number, to: number, start = 0): number {
  let sum = start;
  let at = from;
  for (; at + 1 < to; at += 2) sum += view.getUint16(at);
  if (at < to) sum += view.getUint8(at) << 8;
  sum = (sum & 0xffff) + (sum >>> 16);
  return (sum & 0xffff) + (sum >>> 16);
}

/** The sum of an IPv6 pseudo-header (RFC 8200, section 8.1), whose addresses are those of the header at `ip`. */
export function pseudoHeaderSum6(view: DataView, ip: number, length: number, protocol: number): number {
  return sumOf(view, ip + 8, ip + 40, length + protocol);
}
