/** PURE. What it means that the system refused a look at a store path: something about the path, or nothing. */

/** As Node says what libuv has no name for. */
const unnamed: Readonly<Record<string, string>> = {
  "Unknown system error -74": "EBADMSG",
  "Unknown system error -116": "ESTALE",
  "Unknown system error -117": "EUCLEAN",
};

/**
 * The disk or its file system is damaged there, or there is something that no path holds. All others (used up descriptors or memory,
 * an interruption, a refusal, a file that somebody was just writing) say nothing about the path.
 */
const ofThePath: ReadonlySet<string> = new Set([
  "EIO",
  "EUCLEAN",
  "EBADMSG",
  "EREMOTEIO",
  "ENODATA",
  "EILSEQ",
  "ENOENT",
  "ENOTDIR",
  "ELOOP",
  "ENXIO",
  "ENOTSUP",
  "EFBIG",
  "ENAMETOOLONG",
]);

export function errnoName(errno: string): string {
  return unnamed[errno] ?? errno;
}

export function saysDamage(errno: string): boolean {
  return ofThePath.has(errnoName(errno));
}
