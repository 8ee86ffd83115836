/** What lsattr and getfattr print, as they print it. */
import { expect, test } from "vitest";
import { attributesItem, parseAttributeNames, parseFlags } from "./entry-attributes.ts";

test("of all flags only those that hinder a change count", () => {
  const text = [
    "----i---------e------- /etc/sudoers",
    "-----a--------e------- /etc/a name with  spaces",
    "----ia--------e------- /etc/both",
    "--------------e------- /etc/plain",
    "-------A---I--e------- /etc",
    "",
  ].join("\n");
  expect([...parseFlags(text)]).toEqual([
    ["/etc/sudoers", ["immutable"]],
    ["/etc/a name with  spaces", ["append-only"]],
    ["/etc/both", ["immutable", "append-only"]],
  ]);
});

test("attributes are listed by name, without the labels that the system itself gives", () => {
  const text = [
    "# file: /etc/sudoers",
    "security.selinux",
    "system.posix_acl_access",
    "user.note",
    "",
    String.raw`# file: /etc/a\134b`,
    "security.ima",
    "",
  ].join("\n");
  expect([...parseAttributeNames(text)]).toEqual([
    ["/etc/sudoers", ["system.posix_acl_access", "user.note"]],
    [String.raw`/etc/a\b`, []],
  ]);
});

/** As `lsattr -d` of e2fsprogs 1.47 prints them; of bcachefs by its documentation. */
test.each<[fileSystem: string, line: string, counts: string[]]>([
  ["ext4, extents", "--------------e-------", []],
  ["ext4, indexed, inline data, verity", "-----------I--eN--V---", []],
  ["ext4, no access times, synchronous, no dump", "--S-D-dA------e-------", []],
  ["ext4, immutable", "----i---------e-------", ["immutable"]],
  ["xfs, nothing", "----------------------", []],
  ["xfs, append only, project inheritance", "-----a-------------P--", ["append-only"]],
  ["btrfs, no copy on write (nodatacow)", "---------------C------", []],
  ["btrfs, compressed, inherited", "--------c-------------", []],
  ["btrfs, not to be compressed", "---------------------m", []],
  ["btrfs, no copy on write and immutable", "----i----------C------", ["immutable"]],
  ["bcachefs, no copy on write, casefold", "---------------C-F----", []],
  ["f2fs, encrypted, compressed, append only", "-----a--c--E----------", ["append-only"]],
])("flags of %s", (_, letters, counts) => {
  expect(parseFlags(`${letters} /etc/x\n`).get("/etc/x") ?? []).toEqual(counts);
});

test.each<[whose: string, names: string[], counts: string[]]>([
  ["ACLs and capabilities", ["system.posix_acl_access", "security.capability"], ["all"]],
  ["default ACLs and rich ones", ["system.posix_acl_default", "system.richacl"], ["all"]],
  ["somebody's notes", ["user.note", "user.a\\012b", "user.btrfs.compression"], ["all"]],
  ["btrfs", ["btrfs.compression"], []],
  ["bcachefs", ["bcachefs.compression", "bcachefs_effective.data_replicas"], []],
  ["XFS", ["trusted.SGI_ACL_FILE"], []],
  ["NFS", ["system.nfs4_acl", "system.nfs4_dacl"], []],
  ["overlays", ["trusted.overlay.opaque", "user.overlay.metacopy"], []],
  ["gluster and ceph", ["trusted.gfid", "ceph.dir.layout"], []],
  ["labels", ["security.selinux", "security.ima", "security.evm", "security.SMACK64EXEC"], []],
  ["names that only begin like one that counts", ["user.", "security.capability2", "system.posix_acl"], []],
])("attributes of %s", (_, names, counts) => {
  const text = ["# file: /etc/x", ...names, ""].join("\n");
  const wanted = counts.length === 0 ? [] : names.map((name) => name.replace("\\012", "\n"));
  expect(parseAttributeNames(text).get("/etc/x")).toEqual(wanted);
});

test("an event lists a bounded number of names", () => {
  const many = Array.from({ length: 100 }, (_, index) => `user.${index}${"x".repeat(300)}`);
  const names = parseAttributeNames(["# file: /etc/ssh", ...many].join("\n")).get("/etc/ssh") ?? [];
  const item = attributesItem({ kind: "directory", path: "ssh" }, names);
  expect(item).toMatchObject({ path: "/etc/ssh", kind: "attributes", expected: { type: "directory" } });
  expect(item.found.attributes).toHaveLength(32);
  expect(item.found.attributes?.every((name) => name.length <= 256)).toBe(true);
});
