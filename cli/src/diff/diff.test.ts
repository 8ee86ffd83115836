/** Packages of two closures: Nix's own rule for names, what changed, and nodes that share it. */
import { StorePath } from "@chimera/proto/names";
import { closureDigest, closureSize, type ClosureEntry } from "@chimera/proto/signed/closure";
import { ChimeraError } from "@chimera/proto/errors";
import type { Leaf } from "@chimera/proto/signed/world";
import { describe, expect, test } from "vitest";
import { createSignedFleet } from "../../test/fixture/signed-fleet.ts";
import { plain } from "../print/paint.ts";
import { diffText } from "../print/documents/diff-text.ts";
import { compareClosures, pairNames, type DiffGroup } from "./compare-closures.ts";
import { packageChanges, packagesOf } from "./package-changes.ts";
import { packageOf, splitName } from "./split-name.ts";

test.each([
  ["nix-0.12pre12876", "nix", "0.12pre12876"],
  ["glibc-2.42-bin", "glibc", "2.42-bin"],
  ["gtk+-3.24.1", "gtk+", "3.24.1"],
  ["python3.11-requests-2.31.0", "python3.11-requests", "2.31.0"],
  ["foo-bar-1.0", "foo-bar", "1.0"],
  ["foo-bar", "foo-bar", ""],
  ["foo", "foo", ""],
  ["foo-", "foo-", ""],
  ["foo--1", "foo", "-1"],
  ["-1", "", "1"],
  ["1-2", "1", "2"],
  ["a-b-_c", "a-b", "_c"],
  ["unit-dbus.service", "unit-dbus.service", ""],
  ["X-Restart-1-b-2", "X-Restart", "1-b-2"],
  ["", "", ""],
])('the name of "%s" is "%s", its version "%s"', (text, name, version) => {
  expect(splitName(text)).toEqual({ name, version });
});

function path(name: string, hash = "a"): StorePath {
  return StorePath.parse(`/nix/store/${hash.repeat(32)}-${name}`);
}

test.each([
  ["glibc-2.42-bin", { name: "glibc", version: "2.42" }],
  ["glibc-2.42", { name: "glibc", version: "2.42" }],
  ["wine-9.0-lib32", { name: "wine", version: "9.0" }],
  ["linux-6.12.8-modules", { name: "linux", version: "6.12.8" }],
  ["etc", { name: "etc", version: "" }],
])("the outputs of a build are one package: %s", (name, expected) => {
  expect(packageOf(path(name))).toEqual(expected);
});

function entry(name: string, hash = "a", narSize = 1000): ClosureEntry {
  return { path: path(name, hash), narHash: `sha256-${"A".repeat(43)}=`, narSize, references: [] };
}

const system = path("nixos-system-n1-25.05", "z");
const packages = (...entries: ClosureEntry[]) =>
  packagesOf([...entries, entry("nixos-system-n1-25.05", "z")], system);

describe("a package", () => {
  test.each<[string, ClosureEntry[], ClosureEntry[], object]>([
    ["that comes", [], [entry("htop-3.3")], { change: "added", old: [], new: ["3.3"], sizeChange: 1000 }],
    ["that goes", [entry("nano-7")], [], { change: "removed", old: ["7"], new: [], sizeChange: -1000 }],
    [
      "of another version",
      [entry("ssl-3.0.14"), entry("ssl-3.0.14-bin", "b")],
      [entry("ssl-3.0.15", "c", 1500)],
      { change: "version", old: ["3.0.14"], new: ["3.0.15"], sizeChange: -500 },
    ],
    [
      "of one version more",
      [entry("py-3.11")],
      [entry("py-3.11"), entry("py-3.12")],
      { change: "version", old: ["3.11"], new: ["3.11", "3.12"], sizeChange: 1000 },
    ],
    [
      "that grew",
      [entry("etc", "a")],
      [entry("etc", "b", 9192)],
      { change: "size", old: [""], new: [""], sizeChange: 8192 },
    ],
  ])("%s is told", (...[, old, now, expected]) => {
    expect(packageChanges(packages(...old), packages(...now))).toEqual({
      packages: [{ name: expect.any(String), ...expected }],
      rebuilt: 0,
    });
  });
  test("that was only built anew is counted; one that is the same is not", () => {
    const old = packages(entry("etc", "a"), entry("bash-5", "a"));
    const now = packages(entry("etc", "b", 9191), entry("bash-5", "a"));
    expect(packageChanges(old, now)).toEqual({ packages: [], rebuilt: 1 });
    expect(packageChanges(old, old)).toEqual({ packages: [], rebuilt: 0 });
  });
});

describe("nodes", () => {
  const names = ["a", "b", "c"];
  const fleet = createSignedFleet(names);
  const lists = new Map<string, ClosureEntry[]>();
  const asked: string[] = [];

  /** A leaf with the system of this node, and these packages. */
  function leaf(node: string, ...entries: ClosureEntry[]): Leaf {
    const made = [...entries, { ...entry("x"), path: fleet.leaf(node).toplevel }];
    const closure = closureDigest(made);
    lists.set(closure, made);
    return { ...fleet.leaf(node), closure, closureSize: closureSize(made) };
  }

  async function listOf(digest: string) {
    asked.push(digest);
    const entries = lists.get(digest);
    if (entries === undefined) throw new ChimeraError("not-found", digest);
    return { v: 1 as const, entries };
  }

  const groupsOf = (pairs: [Leaf, Leaf][]): Promise<DiffGroup[]> =>
    compareClosures(
      pairs.map(([old, now]) => ({ old, new: now })),
      { closure: listOf },
      () => undefined,
    );

  const pairOf = (node: string): [Leaf, Leaf] => [
    leaf(node, entry("ssl-3.0.14")),
    leaf(node, entry("ssl-3.0.15")),
  ];

  test("with the same change are one group, though each has a system of its own", async () => {
    const groups = await groupsOf([pairOf("a"), [leaf("b"), leaf("b", entry("htop-3"))], pairOf("c")]);
    expect(groups.map(({ pairs }) => pairs.map(({ new: { node } }) => node))).toEqual([["a", "c"], ["b"]]);
    const text = diffText(
      groups.map(({ pairs, ...group }) => {
        const closures = pairs.map(({ old, new: now }) => ({ old: old.closureSize, new: now.closureSize }));
        return { ...group, pairs: pairNames(pairs), closures };
      }),
      plain,
    );
    expect(text).toBe(
      "2 nodes, each with the same difference:\n" +
        "  a: a0000000-nixos-system-a -> a0000000-nixos-system-a\n" +
        "  c: c0000000-nixos-system-c -> c0000000-nixos-system-c\n" +
        "PACKAGE  OLD     NEW     SIZE\n" +
        "ssl      3.0.14  3.0.15  +0 B\n" +
        "closure 2.0 KiB -> 2.0 KiB (+0 B)\n" +
        "\n" +
        "b: b0000000-nixos-system-b -> b0000000-nixos-system-b\n" +
        "PACKAGE  OLD  NEW  SIZE\n" +
        "htop     -    3    +1000 B\n" +
        "closure 1000 B -> 2.0 KiB (+1000 B)\n",
    );
  });

  test("with the same systems ask for their lists once, and are one group", async () => {
    asked.length = 0;
    const [old, now] = pairOf("a");
    const groups = await groupsOf(names.map((node) => [{ ...old, node: fleet.leaf(node).node }, now]));
    expect(groups).toMatchObject([{ pairs: { length: 3 } }]);
    expect(asked).toHaveLength(2);
  });

  test("a list that is not the signed one is an error; one that is gone is a group with its reason", async () => {
    const [old, now] = pairOf("a");
    lists.set(now.closure, [entry("ssl-3.0.16"), { ...entry("x"), path: now.toplevel }]);
    await expect(groupsOf([[old, now]])).rejects.toThrow(/closure list .* of a: it has the root/u);
    lists.delete(now.closure);
    expect(await groupsOf([[old, now]])).toMatchObject([
      { packages: [], missing: expect.stringMatching(/has not/u) },
    ]);
  });
});

test("a group names a few of a thousand nodes, and how far their sizes go apart", () => {
  const pairs = Array.from({ length: 1000 }, (_, i) => ({ node: `n${i}`, old: "/o", new: "/n" }));
  const closures = pairs.map((_, i) => ({ old: 1_000_000, new: 1_000_000 + i * 10_000 }));
  const text = diffText([{ pairs, closures, packages: [], rebuilt: 2, missing: null }], plain);
  expect(text).toBe(
    "1000 nodes: n0, n1, n2, n3, n4, n5, n6, n7, … and 992 more: /o -> /n\n" +
      "no package has another version or size; 2 more built anew, of the same versions and about the same size\n" +
      "closure 976.6 KiB -> 976.6 KiB to 10.5 MiB (+0 B to +9.5 MiB)\n",
  );
});
