/** PURE. The newest bytes of a session's output, by their position in all of it. */

export interface OutputRing {
  /** Of the oldest byte that is still here, and of the next one to come. */
  readonly from: number;
  readonly to: number;
  append(bytes: Uint8Array): void;
  /** At most so many bytes from a position that is here; fewer where what came at once ends. */
  read(from: number, most: number): Uint8Array;
  /** Forgets what is here: what comes next follows something that nobody has. */
  skip(bytes: number): void;
}

interface Piece {
  from: number;
  bytes: Uint8Array;
}

interface State {
  pieces: Piece[];
  from: number;
  to: number;
}

/** @param capacity in bytes; of what came at once as much as fits is kept, the end of it */
export function createOutputRing(capacity: number, start = 0): OutputRing {
  const state: State = { pieces: [], from: start, to: start };
  return {
    get from() {
      return state.from;
    },
    get to() {
      return state.to;
    },
    append(bytes) {
      if (bytes.length === 0) return;
      state.pieces.push({ from: state.to, bytes: bytes.slice() });
      state.to += bytes.length;
      drop(state, state.to - capacity);
    },
    read: (from, most) => read(state, from, most),
    skip(bytes) {
      state.to += bytes;
      state.pieces = [];
      state.from = state.to;
    },
  };
}

function drop(state: State, before: number): void {
  while (state.from < before) {
    const [oldest] = state.pieces;
    if (oldest === undefined) return;
    const end = oldest.from + oldest.bytes.length;
    if (end <= before) state.pieces.shift();
    else state.pieces[0] = { from: before, bytes: oldest.bytes.slice(before - oldest.from) };
    state.from = Math.min(end, before);
  }
}

function read({ pieces, from: oldest, to }: State, from: number, most: number): Uint8Array {
  if (from < oldest || from > to) throw new RangeError(`position ${from} is not between ${oldest} and ${to}`);
  const first = pieces.findIndex((piece) => from < piece.from + piece.bytes.length);
  if (first === -1) return new Uint8Array(0);
  const parts: Uint8Array[] = [];
  let length = 0;
  for (const piece of pieces.slice(first)) {
    const begin = Math.max(0, from - piece.from);
    const part = piece.bytes.subarray(begin, begin + most - length);
    parts.push(part);
    length += part.length;
    if (length >= most) break;
  }
  return joined(parts, length);
}

function joined(parts: readonly Uint8Array[], length: number): Uint8Array {
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
