/** PURE. Whether an order has room, by the same rule on the node that refuses it and for an operator who asks before. */

/** Of one file system; what is reserved an order leaves free. */
export interface Room {
  freeBytes: number;
  reserveBytes: number;
}

const mebibyte = 1 << 20;
/** Unpacked files take whole blocks, and the database grows too. */
const unpackedShare = 1.1;

/** Bytes that a store lacks for so many of NARs; 0 where they fit. */
export function storeLack(narBytes: number, { freeBytes, reserveBytes }: Room): number {
  return Math.max(0, Math.ceil(narBytes * unpackedShare) + reserveBytes - freeBytes);
}

/** Bytes that a boot partition lacks for so many of kernels and initrds. One that gets nothing new may be as full as it likes. */
export function bootLack(newBytes: number, { freeBytes, reserveBytes }: Room): number {
  return newBytes === 0 ? 0 : Math.max(0, newBytes + reserveBytes - freeBytes);
}

/** Rounded up: what is missing is never told as 0. */
export function mebibytesUp(bytes: number): string {
  return `${Math.ceil(bytes / mebibyte)} MiB`;
}
