/** PURE. Flags and extended attributes (ACLs are some) of what was declared without any, from what lsattr and getfattr say. */
import type { DriftItem } from "@chimera/proto/drift";
import { etcPath, expectedFacts, type ExpectedEntry } from "./etc-entry.ts";

/** What makes a file unchangeable; other letters say how a file system stores it (C, c, m, E, V …). */
const flags: Readonly<Record<string, string>> = { i: "immutable", a: "append-only" };
/** What one event lists. */
const mostNames = 32;

/**
 * Names that change who may do what with a file, and what somebody noted on it. All others are labels that the system gives
 * (SELinux, IMA, an overlay) or what a file system keeps there itself (btrfs, bcachefs, XFS, NFS): nobody's drift.
 */
const counted =
  /^(system\.(posix_acl_(access|default)|richacl)|security\.capability|user\.(?!overlay\.).+)$/s;

/** `lsattr -d`: flags, one space, the name as it was given. */
export function parseFlags(text: string): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const line of text.split("\n")) {
    const space = line.indexOf(" ");
    const names = line
      .slice(0, Math.max(0, space))
      .split("")
      .flatMap((letter) => flags[letter] ?? []);
    if (names.length > 0) found.set(line.slice(space + 1), names);
  }
  return found;
}

/** `getfattr -m -` without values: "# file: name", then a name a line; both with octal escapes. */
export function parseAttributeNames(text: string): Map<string, string[]> {
  const found = new Map<string, string[]>();
  let names: string[] = [];
  for (const line of text.split("\n").map(unescape)) {
    if (line.startsWith("# file: ")) {
      names = [];
      found.set(line.slice("# file: ".length), names);
    } else if (counted.test(line) && names.length < mostNames) names.push(line.slice(0, 256));
  }
  return found;
}

export function isFlag(name: string): boolean {
  return Object.values(flags).includes(name);
}

export function attributesItem(entry: ExpectedEntry, attributes: readonly string[]): DriftItem {
  const expected = expectedFacts(entry, { uid: undefined, gid: undefined });
  return {
    path: etcPath(entry.path),
    kind: "attributes",
    expected,
    found: { ...expected, attributes: attributes.slice(0, mostNames) },
  };
}

function unescape(line: string): string {
  return line.replaceAll(/\\([0-7]{3})/g, (_, octal: string) =>
    String.fromCodePoint(Number.parseInt(octal, 8)),
  );
}
