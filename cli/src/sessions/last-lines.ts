/** PURE. The last lines of what comes in pieces. */

export interface LastLines {
  take(bytes: Uint8Array): void;
  bytes(): Uint8Array;
  /** Whether something before them was dropped: then they are as many as were wanted. */
  isCut(): boolean;
}

const lineFeed = 0x0a;
/** Beyond it what is no longer wanted is dropped. */
const slackBytes = 1 << 20;

export function createLastLines(count: number): LastLines {
  let kept: Uint8Array = new Uint8Array(0);
  let pieces: Uint8Array[] = [];
  let length = 0;
  let cut = false;
  const trim = (): void => {
    const all = Buffer.concat([kept, ...pieces]);
    const from = beginOfLast(all, count);
    cut ||= from > 0;
    kept = all.subarray(from);
    [pieces, length] = [[], 0];
  };
  return {
    take(bytes) {
      pieces.push(bytes);
      length += bytes.length;
      if (length > slackBytes) trim();
    },
    bytes() {
      trim();
      return kept;
    },
    isCut: () => cut,
  };
}

/** A line end at the very end ends the last of them. */
function beginOfLast(bytes: Uint8Array, count: number): number {
  if (count === Number.POSITIVE_INFINITY) return 0;
  let left = count;
  for (let at = bytes.length - 1; at >= 0; at -= 1) {
    if (bytes[at] !== lineFeed || at === bytes.length - 1) continue;
    left -= 1;
    if (left === 0) return at + 1;
  }
  return count === 0 ? bytes.length : 0;
}
