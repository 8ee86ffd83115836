/** Modes, owners and times of real files, beside somebody who wants them set elsewhere. */
import { spawn } from "node:child_process";
import {
  chmodSync,
  chownSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execFileSync } from "node:child_process";
import { afterEach, beforeEach, expect, test } from "vitest";
import { toEnd } from "../steps.ts";
import { asNixLeaves } from "../store-fixture.ts";
import { walkSteps } from "../walk-path.ts";
import { mendPath } from "./mend-path.ts";

const owner = { uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0 };
let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "chimera-mend-"));
  path = join(folder, "path");
  mkdirSync(join(path, "bin"), { recursive: true });
  writeFileSync(join(path, "bin/program"), "#!/bin/sh\n", { mode: 0o755 });
  writeFileSync(join(path, "data"), "data");
  asNixLeaves(path);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const metadata = () => {
  const facts = toEnd(walkSteps(path, { narSize: 1e9, uid: owner.uid }));
  return facts.kind === "seen" ? facts.metadata : facts;
};
const stampOf = (file: string) => {
  const { mode, uid, mtimeMs, ctimeMs } = lstatSync(file);
  return { mode, uid, mtimeMs, ctimeMs };
};

/** Folder or file by turns: gone, a link to its like outside, and itself again. */
const swapper = `
  const { renameSync, symlinkSync } = require("node:fs");
  const [path, outside, aside] = process.argv.slice(1);
  for (let i = 0; i < 10000; i += 1) {
    const name = i % 2 === 0 ? "bin" : "data";
    const [own, other] = [path + "/" + name, outside + "/" + name];
    try { renameSync(own, aside); symlinkSync(other, own); } catch {}
    try { renameSync(own, aside + "-link"); renameSync(aside, own); } catch {}
  }`;

test(
  "whoever swaps folders and files for links while they are mended leads nothing outside, in 10,000 swaps",
  {
    timeout: 60_000,
  },
  async () => {
    const outside = join(folder, "outside");
    mkdirSync(join(outside, "bin"), { recursive: true });
    const secrets = ["bin/program", "data"].map((name) => join(outside, name));
    for (const secret of secrets) writeFileSync(secret, "secret", { mode: 0o600 });
    const watched = [outside, join(outside, "bin"), ...secrets];
    const before = watched.map(stampOf);
    chmodSync(path, 0o755);
    const swaps = spawn(process.execPath, ["-e", swapper, path, outside, join(folder, "aside")]);
    const { promise, resolve } = Promise.withResolvers<number | null>();
    swaps.once("exit", resolve);
    let mends = 0;
    while (swaps.exitCode === null) {
      mendPath(path, owner);
      chmodSync(path, 0o755);
      mends += 1;
      if (mends % 50 === 0) await new Promise((done) => setImmediate(done));
    }
    expect(await promise).toBe(0);
    expect(mends).toBeGreaterThan(100);
    expect(watched.map(stampOf)).toEqual(before);
  },
);

test("a link to elsewhere has its own time set, and what it names is left alone", () => {
  const outside = join(folder, "outside");
  writeFileSync(outside, "x", { mode: 0o600 });
  const before = stampOf(outside);
  chmodSync(path, 0o755);
  symlinkSync(outside, join(path, "link"));
  expect(metadata()).not.toBeNull();
  expect(mendPath(path, owner).kind).toBe("done");
  expect(metadata()).toBeNull();
  expect(stampOf(outside)).toEqual(before);
});

test("a path that became a link is not followed, nor one that is a pipe waited for", () => {
  const other = join(folder, "other");
  symlinkSync(path, other);
  chmodSync(join(path, "data"), 0o644);
  expect(mendPath(other, owner)).toEqual({ kind: "done", value: 1 });
  expect(lstatSync(join(path, "data")).mode & 0o777).toBe(0o644);
  const pipe = join(folder, "pipe");
  execFileSync("mkfifo", ["-m", "600", pipe]);
  expect(mendPath(pipe, owner)).toEqual({ kind: "done", value: 0 });
  expect(lstatSync(pipe).mode & 0o777).toBe(0o600);
});

test.each<[string, () => void]>([
  ["a file that is writable", () => chmodSync(join(path, "data"), 0o644)],
  ["a set-user-id program", () => chmodSync(join(path, "bin/program"), 0o4755)],
  ["a folder that nobody may enter", () => chmodSync(join(path, "bin"), 0o000)],
  ["a path that is sticky", () => chmodSync(path, 0o1777)],
  ["a time", () => lutimesSync(join(path, "data"), 1000, 1000)],
  ["a folder's time", () => lutimesSync(path, 1000, 1000)],
  ["an owner", () => chownSync(join(path, "bin/program"), 4711, 4711)],
  [
    "a set-user-id program of another owner",
    () => {
      chownSync(join(path, "bin/program"), 4711, 4711);
      chmodSync(join(path, "bin/program"), 0o6755);
    },
  ],
])("%s: right again, and nothing else was touched", (_, change) => {
  const inodes = ["", "bin", "bin/program", "data"].map((name) => lstatSync(join(path, name)).ino);
  change();
  expect(metadata()).not.toBeNull();
  expect(mendPath(path, owner)).toEqual({ kind: "done", value: 1 });
  expect(metadata()).toBeNull();
  expect(["", "bin", "bin/program", "data"].map((name) => lstatSync(join(path, name)).ino)).toEqual(inodes);
  expect(lstatSync(join(path, "bin/program")).mode & 0o7777).toBe(0o555);
  expect(lstatSync(join(path, "data")).mode & 0o7777).toBe(0o444);
  expect(readFileSync(join(path, "data"), "utf8")).toBe("data");
});

test("what is right is not changed, so that its change time stays", () => {
  const before = stampOf(join(path, "data"));
  expect(mendPath(path, owner)).toEqual({ kind: "done", value: 0 });
  expect(stampOf(join(path, "data"))).toEqual(before);
});

test("a file that other paths share is right in all of them; names may be any bytes", () => {
  chmodSync(path, 0o755);
  linkSync(join(path, "data"), join(folder, "shared"));
  writeFileSync(Buffer.concat([Buffer.from(`${path}/`), Buffer.from([0xff, 0xfe])]), "", { mode: 0o640 });
  expect(mendPath(path, owner).kind).toBe("done");
  expect(metadata()).toBeNull();
  expect(lstatSync(join(folder, "shared")).mode & 0o777).toBe(0o444);
});

test("what an immutable flag protects is an answer", () => {
  const data = join(path, "data");
  chmodSync(data, 0o644);
  execFileSync("chattr", ["+i", data]);
  try {
    expect(mendPath(path, owner)).toEqual({ kind: "failed", errno: "EPERM" });
  } finally {
    execFileSync("chattr", ["-i", data]);
  }
});

test("what is not there is an answer", () => {
  expect(mendPath(join(folder, "none"), owner)).toEqual({ kind: "failed", errno: "ENOENT" });
});
