/** PURE. Who was added to a group that hands out rights: rightful where users are mutable, and still worth knowing. */
import type { DriftItem } from "@chimera/proto/drift";
import type { ExpectedAccounts } from "./expected-accounts.ts";
import { groupItem, readGroup } from "./compare-accounts.ts";

/** Whose members are root, or can become it, by what NixOS and its modules let them do. */
const powerful: ReadonlySet<string> = new Set([
  "root",
  "wheel",
  "sudo",
  "disk",
  "kmem",
  "shadow",
  "docker",
  "podman",
  "lxd",
  "incus-admin",
  "libvirtd",
]);

/** Where users are not mutable each added member is a difference already. Of groups that nobody declared only those of root's number count. */
export function addedMembers(declared: ExpectedAccounts | null, group: string): DriftItem[] {
  if (declared === null || !declared.isMutable) return [];
  const wanted = new Map(declared.groups.map((one) => [one.name, one]));
  return readGroup(group).flatMap((found) => {
    const expected = wanted.get(found.name);
    const counts = found.gid === 0 || (expected !== undefined && powerful.has(found.name));
    const members = expected?.members ?? [];
    if (!counts || found.members.every((name) => members.includes(name))) return [];
    return [groupItem({ name: found.name, gid: expected?.gid ?? found.gid, members }, found)];
  });
}
