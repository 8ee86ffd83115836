/**
 * PURE. Who was away when its part of a wave was let go, and is to wait for a place when it returns: as bits, by the node's
 * position in all waves one after the other, since ten thousand names do not fit into a record.
 */
import type { Released } from "./rollout-record.ts";

/** Where a node stands in the signed waves, from 0. */
export interface WavePlace {
  wave: number;
  position: number;
}

/** @param sizes of the waves, in their order */
export function indexOf(sizes: readonly number[], { wave, position }: WavePlace): number {
  return sizes.slice(0, wave).reduce((sum, size) => sum + size, position);
}

export function isAbsent({ absent = "" }: Released, index: number): boolean {
  const at = index >> 3;
  const group = Math.floor(at / 3) * 4;
  // Four characters are three bytes: the lead asks this of every node, every second.
  const byte = Buffer.from(absent.slice(group, group + 4), "base64")[at % 3] ?? 0;
  return (byte & (1 << (index & 7))) !== 0;
}

export function absentIn({ absent = "" }: Released): Set<number> {
  const bits = [...Buffer.from(absent, "base64")];
  return new Set(
    bits.flatMap((byte, at) =>
      [0, 1, 2, 3, 4, 5, 6, 7].flatMap((bit) => ((byte & (1 << bit)) === 0 ? [] : [at * 8 + bit])),
    ),
  );
}

/** The same, where these and nobody else are absent. */
export function withAbsent({ wave, first }: Released, indexes: ReadonlySet<number>): Released {
  if (indexes.size === 0) return { wave, first };
  const last = [...indexes].reduce((a, b) => Math.max(a, b), 0);
  const bits = new Uint8Array((last >> 3) + 1);
  for (const index of indexes) bits[index >> 3] = (bits[index >> 3] ?? 0) | (1 << (index & 7));
  return { wave, first, absent: Buffer.from(bits).toString("base64") };
}
