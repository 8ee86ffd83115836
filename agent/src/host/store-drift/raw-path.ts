/**
 * SHELL. Paths byte for byte: a name in a store may be any bytes, and as UTF-8 text two of them could look the same. They are kept
 * as Latin-1, a character a byte, which also sorts as Nix does.
 */
export type RawPath = string;

/** What node:fs takes: text where it is the same bytes, which is nearly always. */
export function toSystem(path: RawPath): string | Buffer {
  // In UTF-8 only the characters of ASCII are one byte each.
  return Buffer.byteLength(path) === path.length ? path : Buffer.from(path, "latin1");
}

export function fromText(path: string): RawPath {
  return Buffer.from(path, "utf8").toString("latin1");
}

/** For people; bytes that are no UTF-8 show as replacement characters. */
export function toText(path: RawPath): string {
  return Buffer.from(path, "latin1").toString("utf8");
}
