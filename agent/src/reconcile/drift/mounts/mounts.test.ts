/** The mount table of machines as they are, and what it says of /etc. */
import { expect, test } from "vitest";
import { createEtcScope } from "../etc-scope.ts";
import type { ExpectedEntry } from "../etc-entry.ts";
import { findEtcMounts, isBelow } from "./covering-mounts.ts";
import { layoutOf, stackAt } from "./etc-layout.ts";
import { parseMountTable } from "./mount-table.ts";

const root = "27 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw";
const overlay =
  "40 27 0:37 / /etc rw,relatime shared:9 master:2 - overlay overlay rw,lowerdir=/run/nixos-etc-metadata::/nix/store/x-etc-basedir,upperdir=/sysroot/.rw-etc/upper,workdir=/sysroot/.rw-etc/work,redirect_dir=on,metacopy=on";
const immutable =
  "40 27 0:37 / /etc ro,relatime - overlay overlay ro,lowerdir=/run/nixos-etc-metadata::/nix/store/x";

const entries = new Map<string, ExpectedEntry>([
  ["ssh", { kind: "directory", path: "ssh" }],
  ["ssh/sshd_config", { kind: "link", path: "ssh/sshd_config", target: "/etc/static/ssh/sshd_config" }],
  ["hosts", { kind: "link", path: "hosts", target: "/etc/static/hosts" }],
]);

function coveredBy(
  lines: readonly string[],
  declared: readonly string[] = [],
  ignore: string[] = [],
): readonly string[] {
  return findEtcMounts({
    mounts: parseMountTable(lines.join("\n")),
    etcDir: "/etc",
    entries,
    declared: new Set(declared),
    scope: createEtcScope(ignore.map((glob) => ({ glob, reason: "test" }))),
    rightOf: () => null,
  }).covered;
}

test("fields, optional fields and escapes are read as the kernel writes them", () => {
  const line = String.raw`36 35 98:0 /mnt1\040x /etc/a\040b\134\012c rw,noatime master:1 shared:7 - ext3 /dev/root rw,upperdir=/a\054b`;
  expect(parseMountTable(`${line}\n\nno mount at all\n`)).toEqual([
    {
      id: 36,
      parent: 35,
      device: "98:0",
      root: "/mnt1 x",
      target: "/etc/a b\\\nc",
      type: "ext3",
      options: ["rw", "noatime"],
      superOptions: ["rw", "upperdir=/a,b"],
    },
  ]);
});

test("the layout is that of the lowest mount of /etc, and the upper directory loses the initrd's prefix", () => {
  expect(layoutOf(parseMountTable(root), "/etc")).toEqual({ kind: "classic" });
  expect(layoutOf(parseMountTable(`${root}\n${overlay}`), "/etc")).toEqual({
    kind: "overlay",
    upper: "/.rw-etc/upper",
  });
  expect(layoutOf(parseMountTable(`${root}\n${immutable}`), "/etc")).toEqual({
    kind: "overlay",
    upper: null,
  });
  const foreign = "40 27 0:37 / /etc rw - overlay overlay rw,lowerdir=/etc,upperdir=/tmp/u";
  expect(layoutOf(parseMountTable(`${root}\n${foreign}`), "/etc")).toEqual({ kind: "classic" });
  const over = "50 40 0:50 / /etc rw - tmpfs tmpfs rw";
  expect(layoutOf(parseMountTable(`${over}\n${root}\n${overlay}`), "/etc").kind).toBe("overlay");
});

test("mounts at one place are ordered by what each lies on, whatever the order of the lines", () => {
  const [a, b, c] = ["41 27", "42 41", "43 42"].map((ids) => `${ids} 0:1 / /x rw - tmpfs t rw`);
  const stacked = stackAt(parseMountTable([c, a, root, b].join("\n")), "/x");
  expect(stacked.map(({ id }) => id)).toEqual([41, 42, 43]);
  // Lines that lie on each other in a circle do not end in one.
  expect(stackAt(parseMountTable("1 2 0:1 / /x rw - t t rw\n2 1 0:1 / /x rw - t t rw"), "/x")).toEqual([]);
});

test("a mount over an entry, a directory on its way or all of /etc covers; one beside them does not", () => {
  expect(coveredBy([root, "50 27 254:0 /evil /etc/hosts rw - ext4 /dev/vda rw"])).toEqual(["hosts"]);
  expect(coveredBy([root, "50 27 0:50 / /etc/ssh rw - tmpfs tmpfs rw"])).toEqual(["ssh"]);
  expect(coveredBy([root, "50 27 0:50 / /etc/ssh/mine rw - tmpfs tmpfs rw"])).toEqual([]);
  expect(coveredBy([root, "50 27 0:50 / /etcetera rw - tmpfs tmpfs rw"])).toEqual([]);
  expect(coveredBy([root, overlay])).toEqual([]);
  expect(coveredBy([root, overlay, "50 40 0:50 / /etc rw - tmpfs tmpfs rw"])).toEqual([""]);
  expect(coveredBy([root, "50 27 0:50 / /etc rw - tmpfs tmpfs rw"])).toEqual([""]);
  expect(coveredBy([root, "50 27 0:50 / /etc rw - tmpfs tmpfs rw"], ["/etc"])).toEqual([]);
});

test("a mount that the closure declares, or the configuration leaves alone, covers nothing", () => {
  const lines = [root, "50 27 0:50 / /etc/ssh rw - tmpfs tmpfs rw"];
  expect(coveredBy(lines, ["/etc/ssh"])).toEqual([]);
  expect(coveredBy(lines, [], ["/etc/ssh"])).toEqual(["ssh"]);
  expect(coveredBy([root, "50 27 0:50 / /etc/shadow rw - tmpfs tmpfs rw"], [], ["/etc/shadow"])).toEqual([]);
});

test("userborn's read-only mount of an account file over itself is right, another file there is not", () => {
  expect(coveredBy([root, "50 27 254:0 /etc/passwd /etc/passwd ro,relatime - ext4 /dev/vda rw"])).toEqual([]);
  expect(coveredBy([root, overlay, "50 40 0:37 /passwd /etc/passwd ro - overlay overlay rw"])).toEqual([]);
  expect(coveredBy([root, "50 27 254:0 /etc/passwd /etc/passwd rw - ext4 /dev/vda rw"])).toEqual(["passwd"]);
  expect(coveredBy([root, "50 27 254:0 /tmp/passwd /etc/passwd ro - ext4 /dev/vda rw"])).toEqual(["passwd"]);
  expect(coveredBy([root, "50 27 0:99 /etc/passwd /etc/passwd ro - ext4 /dev/vdb rw"])).toEqual(["passwd"]);
});

test("systemd's mount of /etc/machine-id is nobody's drift", () => {
  expect(coveredBy([root, "50 27 0:25 /machine-id /etc/machine-id ro - tmpfs tmpfs rw"])).toEqual([]);
});

test("only directories in mounts that belong there may be written to", () => {
  const mounts = parseMountTable(
    [root, "50 27 0:50 / /etc/ssh rw - tmpfs tmpfs rw", "51 27 0:51 / /etc/nix rw - tmpfs tmpfs rw"].join(
      "\n",
    ),
  );
  const scope = createEtcScope([]);
  const { writable } = findEtcMounts({
    mounts,
    etcDir: "/etc",
    entries,
    declared: new Set(),
    scope,
    rightOf: () => null,
  });
  expect(writable).toEqual(new Set([51, 27]));
});

test("what lies below a covered path is covered too", () => {
  expect(isBelow(new Set(["ssh"]), "ssh/sshd_config")).toBe(true);
  expect(isBelow(new Set(["ssh"]), "ssh")).toBe(true);
  expect(isBelow(new Set(["ssh"]), "sshd")).toBe(false);
  expect(isBelow(new Set([""]), "anything")).toBe(true);
});
