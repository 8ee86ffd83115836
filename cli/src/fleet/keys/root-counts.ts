/** PURE. How far a key set is signed: its predecessor's root and its own must both agree. */
import { signersOf, type Envelope } from "@chimera/proto/signed/envelope";
import type { KeySet } from "@chimera/proto/signed/key-set";
import type { RoleCount } from "../../print/proposals/count-text.ts";

export function rootCounts(before: KeySet, after: KeySet, envelope: Envelope): RoleCount[] {
  const count = (name: string, { roles: { root } }: KeySet): RoleCount => ({
    role: name,
    signedBy: signersOf(envelope, { kind: "keys", role: root }),
    threshold: root.threshold,
  });
  const isSame = JSON.stringify(before.roles.root) === JSON.stringify(after.roles.root);
  return isSame ? [count("root", before)] : [count("old root", before), count("new root", after)];
}
