/** PURE. Nix's own base 32 (no e, o, t, u; last byte first), in which narinfos and file names carry hashes. */

const digits = "0123456789abcdfghijklmnpqrsvwxyz";

export function nixBase32(bytes: Uint8Array): string {
  const length = Math.ceil((bytes.length * 8) / 5);
  let text = "";
  for (let n = length - 1; n >= 0; n -= 1) {
    const bit = n * 5;
    const at = Math.floor(bit / 8);
    const shift = bit % 8;
    const low = (bytes[at] ?? 0) >> shift;
    const high = (bytes[at + 1] ?? 0) << (8 - shift);
    text += digits[(low | high) & 31] ?? "";
  }
  return text;
}

/** True when a text names this SHA-256 in one of the three forms that Nix writes. */
export function namesSha256(text: string, hash: Buffer): boolean {
  return (
    text === `sha256:${nixBase32(hash)}` ||
    text === `sha256:${hash.toString("hex")}` ||
    text === `sha256-${hash.toString("base64")}`
  );
}
