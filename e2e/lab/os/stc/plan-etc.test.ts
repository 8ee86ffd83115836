import { expect, test } from "vitest";
import { cleanList, planEtc, type TreeEntry } from "./plan-etc.ts";

const link = (path: string, target = `/nix/store/x/${path}`): TreeEntry => ({
  kind: "symlink",
  path,
  target,
});
const file = (path: string, text: string): TreeEntry => ({ kind: "file", path, text });

test("a plain entry is linked through /etc/static", () => {
  expect(planEtc([{ kind: "directory", path: "ssh" }, link("ssh/sshd_config")])).toEqual([
    { kind: "link", path: "ssh/sshd_config", target: "/etc/static/ssh/sshd_config" },
  ]);
});

test("direct-symlink points at the source itself", () => {
  const tree = [
    link("mtab", "/proc/mounts"),
    file("mtab.mode", "direct-symlink\n"),
    file("mtab.uid", "+0\n"),
    file("mtab.gid", "+0\n"),
  ];
  expect(planEtc(tree)).toEqual([{ kind: "direct-link", path: "mtab", target: "/proc/mounts" }]);
});

test("an octal mode is copied with its owner, and owners default to root", () => {
  expect(
    planEtc([link("a"), file("a.mode", "0640\n"), file("a.uid", "+7\n"), file("a.gid", "adm\n")]),
  ).toEqual([{ kind: "copy", path: "a", mode: 0o640, uid: "+7", gid: "adm" }]);
  expect(planEtc([link("b"), file("b.mode", "0444")])).toEqual([
    { kind: "copy", path: "b", mode: 0o444, uid: "+0", gid: "+0" },
  ]);
});

test("a file that merely ends like a sidecar is an entry of its own", () => {
  expect(planEtc([link("x.mode")])).toEqual([{ kind: "link", path: "x.mode", target: "/etc/static/x.mode" }]);
});

test("a mode that is not octal is an error that names the entry", () => {
  expect(() => planEtc([link("a"), file("a.mode", "rw-r--r--")])).toThrow('etc entry a: mode "rw-r--r--"');
});

test("the clean list holds what is not linked through /etc/static, sorted", () => {
  const tree = [
    link("z"),
    file("z.mode", "0600"),
    link("b", "/b"),
    file("b.mode", "direct-symlink"),
    link("a"),
  ];
  expect(cleanList(planEtc(tree))).toEqual(["b", "z"]);
});
