/** Walk and NAR hash on real files that somebody made to hurt them; that the bytes are Nix's own is an integration test. */
import { execFileSync } from "node:child_process";
import {
  appendFileSync,
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { hashSteps } from "./hash-nar.ts";
import { processesOnOld } from "./repair/old-inodes.ts";
import { asNixLeaves } from "./store-fixture.ts";
import { toEnd } from "./steps.ts";
import { walkSteps } from "./walk-path.ts";

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "chimera-look-"));
  path = join(folder, "path");
  mkdirSync(path);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const uid = process.geteuid?.() ?? 0;
const walk = (narSize = 1e12) => toEnd(walkSteps(path, { narSize, uid }));
const hash = (narSize = 1e12) => toEnd(hashSteps(path, { narSize }));

function sizeOf(facts: ReturnType<typeof walk>): number | null {
  return facts.kind === "seen" ? facts.narSize : null;
}

test("the size that follows from names is that of the bytes, whatever the names are", () => {
  const names: (string | Buffer)[] = [
    "a",
    "with\nnewline",
    "ü",
    "x".repeat(255),
    Buffer.from([0xff, 0xfe, 0x80]),
    Buffer.from("é", "latin1"),
    " ",
    "-rf",
  ];
  for (const [i, name] of names.entries())
    writeFileSync(Buffer.concat([Buffer.from(`${path}/`), Buffer.from(name)]), "x".repeat(i * 3));
  symlinkSync("/etc/shadow", join(path, "link"));
  mkdirSync(join(path, "sub/deeper"), { recursive: true });
  writeFileSync(join(path, "sub/program"), "", { mode: 0o755 });
  asNixLeaves(join(path, "sub"));
  const hashed = hash();
  expect(hashed.kind).toBe("hashed");
  expect(sizeOf(walk())).toBe(hashed.kind === "hashed" ? hashed.size : null);
});

test("names that differ in bytes only are different paths", () => {
  writeFileSync(Buffer.concat([Buffer.from(`${path}/`), Buffer.from([0xff])]), "");
  const one = hash();
  rmSync(path, { recursive: true });
  mkdirSync(path);
  writeFileSync(Buffer.concat([Buffer.from(`${path}/`), Buffer.from([0xfe])]), "");
  expect(hash()).not.toEqual(one);
});

test("a pipe, a socket and a device are named, never opened", async () => {
  execFileSync("mkfifo", [join(path, "pipe")]);
  expect(walk()).toMatchObject({ foreign: "pipe" });
  expect(hash()).toEqual({ kind: "unreadable", errno: "ENOTSUP", at: "pipe" });
  rmSync(join(path, "pipe"));
  const server = createServer().listen(join(path, "socket"));
  await new Promise((resolve) => server.once("listening", resolve));
  expect(walk()).toMatchObject({ foreign: "socket" });
  await new Promise((resolve) => server.close(resolve));
  rmSync(path, { recursive: true });
  symlinkSync("/dev/zero", path);
  expect(hash()).toMatchObject({ kind: "hashed", size: 128 });
});

test("what grows without end, or is piled up, is looked at no further than the signed size", () => {
  const file = join(path, "endless");
  writeFileSync(file, "");
  truncateSync(file, 1e13);
  for (let i = 0; i < 1000; i += 1) mkdirSync(join(path, `d${i}`));
  expect(walk(5000)).toMatchObject({ kind: "seen", isWhole: false });
  const begun = performance.now();
  expect(hash(5000)).toMatchObject({ kind: "unreadable", errno: "EFBIG" });
  expect(performance.now() - begun).toBeLessThan(2000);
});

test("a folder deeper than a path may be long is an answer", () => {
  const name = "d".repeat(200);
  const deep = Array.from({ length: 15 }, () => name).join("/");
  const [far, other] = [join(path, deep), join(folder, "other")];
  mkdirSync(far, { recursive: true });
  mkdirSync(join(other, deep), { recursive: true });
  renameSync(other, join(far, "x"));
  try {
    expect(walk()).toMatchObject({ kind: "unreadable", errno: "ENAMETOOLONG" });
    expect(hash()).toMatchObject({ kind: "unreadable", errno: "ENAMETOOLONG" });
  } finally {
    renameSync(join(far, "x"), other);
  }
});

test("a file that is cut short, or gone, while it is read is an answer", () => {
  const file = join(path, "file");
  writeFileSync(file, Buffer.alloc(4 << 20));
  writeFileSync(join(path, "last"), "");
  const cut = toEnd(hashSteps(path, { narSize: 1e12 }), () => truncateSync(file, 1 << 20));
  expect(cut).toEqual({ kind: "unreadable", errno: "ESTALE", at: "file" });
  writeFileSync(file, Buffer.alloc(4 << 20));
  const gone = toEnd(hashSteps(path, { narSize: 1e12 }), () => rmSync(join(path, "last"), { force: true }));
  expect(gone).toEqual({ kind: "unreadable", errno: "ENOENT", at: "last" });
});

test("a path that vanishes during a walk is an answer", () => {
  for (let i = 0; i < 200; i += 1) writeFileSync(join(path, `f${i}`), "");
  const facts = toEnd(walkSteps(path, { narSize: 1e12, uid }), () =>
    rmSync(path, { recursive: true, force: true }),
  );
  expect(facts).toMatchObject({ kind: "unreadable", errno: "ENOENT" });
  expect(walk()).toEqual({ kind: "missing" });
});

test("the stamp shows every change, though size, time and mode are as before", () => {
  const file = join(path, "file");
  writeFileSync(file, "right");
  asNixLeaves(path);
  const before = walk();
  expect(walk()).toEqual(before);
  expect(before).toMatchObject({ metadata: null, foreign: null });
  chmodSync(file, 0o644);
  writeFileSync(file, "wrong");
  asNixLeaves(path);
  const after = walk();
  expect(sizeOf(after)).toBe(sizeOf(before));
  expect(after).toMatchObject({ metadata: null, newest: { at: expect.any(String) } });
  expect(after).not.toEqual(before);
});

test("a mode, an owner and a time that are not Nix's are named with their file", () => {
  writeFileSync(join(path, "a"), "");
  asNixLeaves(path);
  chmodSync(join(path, "a"), 0o4555);
  expect(walk()).toMatchObject({ metadata: "a: mode 4555" });
  asNixLeaves(path);
  expect(toEnd(walkSteps(path, { narSize: 1e12, uid: 4711 }))).toMatchObject({ metadata: ".: owner 0" });
  chmodSync(join(path, "a"), 0o644);
  appendFileSync(join(path, "a"), "");
  expect(walk()).toMatchObject({ metadata: "a: mode 0644" });
});

test("what hands out rights is named before what differs beside it", () => {
  for (const name of ["a", "b", "c"]) writeFileSync(join(path, name), "");
  asNixLeaves(path);
  expect(walk()).toMatchObject({ grave: null });
  chmodSync(join(path, "a"), 0o644);
  chmodSync(join(path, "c"), 0o755);
  expect(walk()).toMatchObject({ grave: null });
  for (const mode of [0o4555, 0o2555, 0o446]) {
    chmodSync(join(path, "b"), mode);
    const shown = `0${mode.toString(8)}`.slice(-4);
    expect(walk()).toMatchObject({ metadata: `b: mode ${shown}`, grave: { mode: shown, uid } });
  }
  chmodSync(join(path, "b"), 0o444);
  chownSync(join(path, "b"), 4711, 0);
  expect(walk()).toMatchObject({ metadata: "b: owner 4711", grave: { mode: "0444", uid: 4711 } });
  rmSync(join(path, "b"));
  symlinkSync("a", join(path, "b"));
  expect(walk()).toMatchObject({ grave: null });
});

test("processes that run a file which is no longer there are listed", async () => {
  const proc = join(folder, "proc");
  for (const pid of ["10", "11", "12"]) mkdirSync(join(proc, pid), { recursive: true });
  const store = "/nix/store/x-glibc";
  symlinkSync(`${store}/bin/ld (deleted)`, join(proc, "10/exe"));
  symlinkSync("/bin/other", join(proc, "11/exe"));
  writeFileSync(
    join(proc, "11/maps"),
    `7f00-7f01 r-xp 00000000 00:1f 77    ${store}/lib/libc.so.6 (deleted)\n`,
  );
  symlinkSync("/bin/other", join(proc, "12/exe"));
  writeFileSync(
    join(proc, "12/maps"),
    `7f00-7f01 r-xp 00000000 00:1f 77    ${store}-2/lib/libc.so.6 (deleted)\n`,
  );
  expect(await processesOnOld([store], proc)).toEqual([
    { pid: 10, name: "ld" },
    { pid: 11, name: "other" },
  ]);
});
