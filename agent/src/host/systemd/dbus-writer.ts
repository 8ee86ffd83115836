/** Values of any type for the body of a D-Bus call, little endian: what is written first comes first, each at its own boundary. */

export interface WireWriter {
  uint32: (value: number) => void;
  int32: (value: number) => void;
  uint64: (value: number) => void;
  boolean: (isTrue: boolean) => void;
  string: (text: string) => void;
  /** @param align of its elements: 4 for texts, 8 for structs */
  array: (align: number, fill: () => void) => void;
  struct: (fill: () => void) => void;
  variant: (signature: string, fill: () => void) => void;
  bytes: () => Buffer;
}

interface State {
  buffer: Buffer;
  length: number;
}

export function createWireWriter(): WireWriter {
  const state: State = { buffer: Buffer.alloc(512), length: 0 };
  const writer: WireWriter = {
    uint32: (value) => void take(state, 4, 4).writeUInt32LE(value),
    int32: (value) => void take(state, 4, 4).writeInt32LE(value),
    uint64: (value) => void take(state, 8, 8).writeBigUInt64LE(BigInt(value)),
    boolean: (isTrue) => writer.uint32(isTrue ? 1 : 0),
    string(text) {
      const bytes = Buffer.from(`${text}\0`);
      writer.uint32(bytes.length - 1);
      bytes.copy(take(state, 1, bytes.length));
    },
    array(align, fill) {
      take(state, 4, 4);
      const at = state.length - 4;
      // The space before the first element is no part of it.
      take(state, align, 0);
      const begin = state.length;
      fill();
      state.buffer.writeUInt32LE(state.length - begin, at);
    },
    struct(fill) {
      take(state, 8, 0);
      fill();
    },
    variant(signature, fill) {
      const bytes = Buffer.from(`\0${signature}\0`);
      bytes[0] = signature.length;
      bytes.copy(take(state, 1, bytes.length));
      fill();
    },
    bytes: () => Buffer.from(state.buffer.subarray(0, state.length)),
  };
  return writer;
}

/** So many bytes at the next boundary, until the next ones are taken; those before them stay zero. */
function take(state: State, align: number, size: number): Buffer {
  const at = Math.ceil(state.length / align) * align;
  state.length = at + size;
  if (state.length > state.buffer.length) {
    const larger = Buffer.alloc(state.length * 2);
    state.buffer.copy(larger);
    state.buffer = larger;
  }
  return state.buffer.subarray(at);
}
