/** SHELL. Whose files may say what we run. */

/** Anybody else's could make us run anything, as git too takes it. */
export function isTrusted(uid: number): boolean {
  return uid === 0 || uid === process.getuid?.();
}
