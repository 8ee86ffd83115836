/** The D-Bus wire format, little endian, as far as calls with strings and their answers go. */

export interface Call {
  path: string;
  interface: string;
  member: string;
  /** Arguments: either strings, or one array of strings … */
  strings?: readonly string[];
  list?: readonly string[];
  /** … or whatever a writer has written, with its signature. */
  written?: { signature: string; body: Buffer };
}

export interface WireMessage {
  kind: "answer" | "error" | "other";
  /** Serial of the call that it answers; null where it answers none. */
  replyTo: number | null;
  body: Buffer;
  /** Bytes of the whole message. */
  length: number;
}

/** Type codes of a message, and of its header fields. */
const types = { call: 1, answer: 2, error: 3 } as const;
const kinds: ReadonlyMap<number, WireMessage["kind"]> = new Map([
  [types.answer, "answer"],
  [types.error, "error"],
]);
const fields = { path: 1, interface: 2, member: 3, replySerial: 5, signature: 8 } as const;

export function callMessage(call: Call, serial: number): Buffer {
  const { signature, body } = bodyOf(call);
  const header = [
    field(fields.path, "o", call.path),
    field(fields.interface, "s", call.interface),
    field(fields.member, "s", call.member),
    field(fields.signature, "g", signature),
  ];
  // Every field begins at a multiple of eight; the last one's padding does not count.
  const start = pad(Buffer.concat(header.slice(0, -1).map((part) => pad(part, 8))), 8);
  const array = Buffer.concat([start, header.at(-1) ?? Buffer.alloc(0)]);
  const fixed = Buffer.alloc(16);
  fixed.write("l", 0, "latin1");
  fixed.writeUInt8(types.call, 1);
  fixed.writeUInt8(1, 3);
  fixed.writeUInt32LE(body.length, 4);
  fixed.writeUInt32LE(serial, 8);
  fixed.writeUInt32LE(array.length, 12);
  return Buffer.concat([pad(Buffer.concat([fixed, array]), 8), body]);
}

function bodyOf({ strings = [], list, written }: Call): { signature: string; body: Buffer } {
  if (written !== undefined) return written;
  return list === undefined
    ? { signature: "s".repeat(strings.length), body: stringsBody(strings) }
    : { signature: "as", body: listBody(list) };
}

/** The first whole message of what has arrived; undefined while it is not whole. */
export function takeMessage(bytes: Buffer): WireMessage | undefined {
  if (bytes.length < 16) return undefined;
  const bodyStart = Math.ceil((16 + bytes.readUInt32LE(12)) / 8) * 8;
  const length = bodyStart + bytes.readUInt32LE(4);
  if (bytes.length < length) return undefined;
  const type = bytes.readUInt8(1);
  const replyTo = findReplySerial(bytes.subarray(0, 16 + bytes.readUInt32LE(12)));
  return { kind: kinds.get(type) ?? "other", replyTo, body: bytes.subarray(bodyStart, length), length };
}

/** Steps over the other header fields: each is a code, a variant of one basic type, and padding to eight bytes. */
function findReplySerial(header: Buffer): number | null {
  let position = 16;
  while (position + 8 <= header.length) {
    const code = header.readUInt8(position);
    const type = header.toString("latin1", position + 2, position + 3);
    const value = header.readUInt32LE(position + 4);
    if (code === fields.replySerial && type === "u") return value;
    // A signature's length is one byte, a text's four, and a zero byte ends both.
    const size = type === "u" ? 8 : type === "g" ? (value & 0xff) + 6 : value + 9;
    position = Math.ceil((position + size) / 8) * 8;
  }
  return null;
}

export interface WireReader {
  position: () => number;
  align: (size: number) => void;
  uint32: () => number;
  int32: () => number;
  /** Beyond what a number holds exactly it is the nearest one. */
  uint64: () => number;
  string: () => string;
  signature: () => string;
}

/** Reads a body from its start; what would lie beyond its end throws RangeError. */
export function createWireReader(bytes: Buffer): WireReader {
  let position = 0;
  const align = (size: number) => {
    position = Math.ceil(position / size) * size;
  };
  const number = <T>(size: number, read: (at: number) => T): T => {
    align(size);
    const value = read(position);
    position += size;
    return value;
  };
  const uint32 = () => number(4, (at) => bytes.readUInt32LE(at));
  const text = (length: number) => {
    if (position + length >= bytes.length) throw new RangeError("a text beyond the end of the body");
    const found = bytes.toString("utf8", position, position + length);
    position += length + 1;
    return found;
  };
  return {
    position: () => position,
    align,
    uint32,
    int32: () => number(4, (at) => bytes.readInt32LE(at)),
    uint64: () => Number(number(8, (at) => bytes.readBigUInt64LE(at))),
    string: () => text(uint32()),
    signature: () => {
      const length = bytes.readUInt8(position);
      position += 1;
      return text(length);
    },
  };
}

function field(code: number, type: "o" | "s" | "g", value: string): Buffer {
  const head = Buffer.concat([Buffer.from([code, 1]), Buffer.from(`${type}\0`)]);
  const text = Buffer.from(`${value}\0`);
  if (type === "g") return Buffer.concat([head, Buffer.from([value.length]), text]);
  return Buffer.concat([head, uint32Bytes(text.length - 1), text]);
}

function stringsBody(strings: readonly string[]): Buffer {
  return strings.reduce<Buffer>((body, text) => {
    const bytes = Buffer.from(`${text}\0`);
    return Buffer.concat([pad(body, 4), uint32Bytes(bytes.length - 1), bytes]);
  }, Buffer.alloc(0));
}

function listBody(list: readonly string[]): Buffer {
  const items = stringsBody(list);
  return Buffer.concat([uint32Bytes(items.length), items]);
}

function uint32Bytes(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function pad(bytes: Buffer, size: number): Buffer {
  return Buffer.concat([bytes, Buffer.alloc((size - (bytes.length % size)) % size)]);
}
