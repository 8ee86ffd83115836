/** PURE. Every legal file name of the binary cache; what is not one of these never reaches the disk. */

const storeHash = /^[0-9a-df-np-sv-z]{32}$/;
const narFile = /^[0-9a-df-np-sv-z]{52}\.nar(\.zst)?$/;
const otherNarFile = /^[0-9a-df-np-sv-z]{52}\.nar\.(xz|bz2|gz|br|lz4|lzip|lzma)$/;
const narinfoSuffix = ".narinfo";

/** "<32 digits>" of "<32 digits>.narinfo". */
export function parseNarinfoName(name: string): string | undefined {
  if (!name.endsWith(narinfoSuffix)) return undefined;
  const hash = name.slice(0, -narinfoSuffix.length);
  return storeHash.test(hash) ? hash : undefined;
}

/** A NAR is named by the SHA-256 of the file; plain or zstd. */
export function isNarFile(name: string): boolean {
  return narFile.test(name);
}

/** A NAR that Nix could make, but in a compression that is not taken here. */
export function isForeignNarFile(name: string): boolean {
  return otherNarFile.test(name);
}
