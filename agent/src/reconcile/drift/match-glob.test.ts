/** Whether the glob of one path is a glob of that path alone. */
import { DriftGlob, globOfPath } from "@chimera/proto/drift-policy";
import { expect, test } from "vitest";
import { matcherOf } from "./match-glob.ts";

test.each([
  ["/etc/a[1].conf", "/etc/a1.conf"],
  ["/etc/x{a,b}", "/etc/xa"],
  ["/etc/q?", "/etc/qz"],
  ["/etc/s*r", "/etc/sudoer"],
  [String.raw`/etc/b\s`, "/etc/bs"],
  ["/etc/!x", "/etc/y"],
  ["/etc/[[:alpha:]]", "/etc/a"],
  ["/etc/.hidden", "/etc/xhidden"],
  ["/etc/systemd/system/getty@.service", "/etc/systemd/system/getty.service"],
  ["/etc/a b+c|d^e$f", "/etc/a bcd"],
  ["/etc/nginx/nginx.conf", "/etc/nginx/nginx-conf"],
])("%s", (path, other) => {
  const glob = globOfPath(path);
  expect(DriftGlob.safeParse(glob).success).toBe(true);
  expect([matcherOf(glob)(path), matcherOf(glob)(other)]).toEqual([true, false]);
});

test("a path without a letter of globs is its own glob", () => {
  expect(globOfPath("/etc/nginx/nginx.conf")).toBe("/etc/nginx/nginx.conf");
});
