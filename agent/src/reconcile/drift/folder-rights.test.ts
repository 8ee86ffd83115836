/** Which folders hand out a right, and what tmpfiles.d of the closure gives to others. */
import { expect, test } from "vitest";
import { folderDifference, givenFolders, isGivenFolder, rightfulFolder } from "./folder-rights.ts";

test.for([
  [0o755, 0, 0, null],
  [0o700, 0, 0, null],
  [0o775, 0, 0, null],
  [0o755, 0, 4712, null],
  [0o777, 0, 0, "mode", 0o755, 0],
  [0o1777, 0, 4712, "mode", 0o1755, 0],
  [0o2775, 0, 4712, "mode", 0o2755, 0],
  [0o757, 0, 4712, "mode", 0o755, 4712],
  [0o755, 1000, 0, "owner", 0o755, 0],
  [0o700, 1000, 1000, "owner", 0o700, 0],
  [0o770, 1000, 1000, "owner", 0o750, 0],
] as const)("a folder of mode, user and group %d %d %d is %s", ([mode, uid, gid, kind, ...right]) => {
  expect(folderDifference({ mode, uid, gid })).toBe(kind);
  if (kind === null) return;
  const made = rightfulFolder({ mode, uid, gid });
  expect([made.mode, made.gid]).toEqual(right);
  expect(folderDifference(made)).toBe(null);
});

test("what the closure gives to others by tmpfiles.d is theirs, and nothing else", () => {
  const given = givenFolders([
    "# d /etc/comment 0777 svc svc\nd /etc/own 0755 root root -\nd /etc/plain - - -\nd /etc/svc/ 0750 svc svc -\n",
    'd! "/etc/quoted" 0770 root svc\nz /etc/open ~2777 - -\nZ /etc/tree - svc svc\ne /etc/glob-*/x - svc\nf /etc/file 0644 svc svc\n',
  ]);
  const paths = ["svc", "quoted", "open", "tree", "tree/below", "glob-1/x"];
  expect(paths.filter((path) => !isGivenFolder(given, path))).toEqual([]);
  const others = ["comment", "own", "plain", "file", "svc/below", "other", "glob"];
  expect(others.filter((path) => isGivenFolder(given, path))).toEqual([]);
});
