/** PURE. Whoever may sign a key set: the root before it, and its own. */
import type { RoleKeys } from "@chimera/proto/signed/envelope";

/** Both thresholds are looked at after; here each key of the two counts. */
export function eitherRoot(before: RoleKeys, after: RoleKeys): RoleKeys {
  return { keys: [...new Set([...before.keys, ...after.keys])], threshold: 1 };
}
