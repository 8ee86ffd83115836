/** PURE. Whether a look that failed says nothing of what was looked at. */

/** Descriptors or memory used up, an interruption: the next look knows more. */
const ownTrouble: ReadonlySet<string> = new Set(["EMFILE", "ENFILE", "ENOMEM", "ENOBUFS", "EINTR"]);

export function isOwnTrouble(errno: string): boolean {
  return ownTrouble.has(errno);
}
