import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { setupEtc } from "./setup-etc.ts";

let root = "";
let warnings: string[] = [];
const etc = (path = ""): string => join(root, "etc", path);

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "setup-etc-"));
  mkdirSync(etc());
  warnings = [];
});
afterEach(() => {
  rmSync(root, { recursive: true });
});

/** A closure's tree: paths to text; `path.mode` and the like are sidecars. */
function makeTree(name: string, entries: Record<string, string>): string {
  const tree = join(root, name);
  for (const [path, text] of Object.entries(entries)) {
    mkdirSync(dirname(join(tree, path)), { recursive: true });
    if (/\.(?:mode|uid|gid)$/.test(path)) {
      writeFileSync(join(tree, path), text);
      continue;
    }
    const source = join(root, `${name}-${path.replaceAll("/", "-")}`);
    writeFileSync(source, text);
    symlinkSync(source, join(tree, path));
  }
  return tree;
}

function setup(tree: string): void {
  setupEtc({ tree, etc: etc(), warn: (line) => warnings.push(line) });
}

const copied = {
  "secret.mode": "0640\n",
  "secret.uid": `+${process.getuid?.() ?? 0}`,
  "secret.gid": `+${process.getgid?.() ?? 0}`,
};

test("links, direct links and copies appear with what activation keeps beside them", () => {
  const tree = makeTree("a", {
    "x/y": "1",
    secret: "s",
    ...copied,
    mtab: "m",
    "mtab.mode": "direct-symlink",
  });
  setup(tree);
  expect(readlinkSync(etc("static"))).toBe(tree);
  expect(readlinkSync(etc("x/y"))).toBe("/etc/static/x/y");
  expect(readlinkSync(etc("mtab"))).toBe(readlinkSync(join(tree, "mtab")));
  expect(readFileSync(etc("secret"), "utf8")).toBe("s");
  expect(lstatSync(etc("secret")).mode & 0o7777).toBe(0o640);
  expect(readFileSync(etc(".clean"), "utf8")).toBe("mtab\nsecret\n");
  expect(existsSync(etc("NIXOS"))).toBe(true);
  expect(readdirSync(etc()).filter((name) => name.endsWith(".mode"))).toEqual([]);
  expect(warnings).toEqual([]);
});

test("what the new tree lacks goes, what others made stays", () => {
  setup(makeTree("a", { "x/y": "1", z: "1", secret: "s", ...copied }));
  writeFileSync(etc("mine"), "keep");
  symlinkSync("/somewhere", etc("my-link"));
  setup(makeTree("b", { z: "2" }));
  expect(readdirSync(etc()).toSorted()).toEqual([".clean", "NIXOS", "mine", "my-link", "static", "x", "z"]);
  expect(readdirSync(etc("x"))).toEqual([]);
  expect(warnings).toEqual([
    "removing obsolete symlink ‘/etc/x/y’...",
    "removing obsolete file ‘/etc/secret’...",
  ]);
});

test("an administrator's folder /etc/nixos is not searched", () => {
  mkdirSync(etc("nixos"));
  symlinkSync("/etc/static/gone", etc("nixos/link"));
  setup(makeTree("a", { z: "1" }));
  expect(lstatSync(etc("nixos/link")).isSymbolicLink()).toBe(true);
});

test("a file or a wrong link in the way is replaced, and a changed copy mended", () => {
  const tree = makeTree("a", { z: "1", w: "1", secret: "s", ...copied });
  writeFileSync(etc("z"), "mine");
  symlinkSync("/nowhere", etc("w"));
  setup(tree);
  writeFileSync(etc("secret"), "tampered");
  chmodSync(etc("secret"), 0o777);
  setup(tree);
  expect(readlinkSync(etc("z"))).toBe("/etc/static/z");
  expect(readlinkSync(etc("w"))).toBe("/etc/static/w");
  expect(readFileSync(etc("secret"), "utf8")).toBe("s");
  expect(lstatSync(etc("secret")).mode & 0o7777).toBe(0o640);
});

test("a directory of static links gives way to a link, one with user files does not", () => {
  setup(makeTree("a", { "units/a": "1", "mine/a": "1" }));
  writeFileSync(etc("mine/user-file"), "keep");
  setup(makeTree("b", { units: "1", mine: "1" }));
  expect(readlinkSync(etc("units"))).toBe("/etc/static/units");
  expect(readFileSync(etc("mine/user-file"), "utf8")).toBe("keep");
  expect(warnings).toContain(`warning: ${etc("mine")} directory contains user files. Symlinking may fail.`);
});

test("a clean list that leads out of /etc deletes nothing there", () => {
  writeFileSync(join(root, "outside"), "keep");
  writeFileSync(etc(".clean"), `../outside\n${join(root, "outside")}\nx/../../outside\n`);
  setup(makeTree("a", { z: "1" }));
  expect(readFileSync(join(root, "outside"), "utf8")).toBe("keep");
});

test("an owner that the machine does not know is an error that names it", () => {
  const tree = makeTree("a", { secret: "s", "secret.mode": "0600", "secret.uid": "no-such-user" });
  expect(() => setup(tree)).toThrow("no such user: no-such-user");
  expect(existsSync(etc("secret"))).toBe(false);
});

test("setting up the same tree again changes no link", () => {
  const tree = makeTree("a", { z: "1" });
  setup(tree);
  const before = lstatSync(etc("z")).ino;
  setup(tree);
  expect(lstatSync(etc("z")).ino).toBe(before);
});
