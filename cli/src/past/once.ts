/** PURE. Says of each name whether it comes for the first time, as far as the newest few tell: an event may be sent twice. */

/** A node sends again what it had sent last: thousands of others may lie between, but no more. */
const remembered = 50_000;

export function createOnce(most = remembered): (name: string) => boolean {
  let newer = new Set<string>();
  let older = new Set<string>();
  return (name) => {
    if (newer.has(name) || older.has(name)) return false;
    if (newer.size >= most / 2) [older, newer] = [newer, new Set<string>()];
    newer.add(name);
    return true;
  };
}
