/** Somebody hostile against the reverts: races, special files, flags, huge trees. Real file system, as root. */
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  closeSync,
  existsSync,
  ftruncateSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { useEtcFixture } from "./etc-fixture.ts";
import { createEvidence } from "./evidence.ts";
import { revertEntry } from "./revert-entry.ts";

const { fixture, pristine, at, sweepOnce } = useEtcFixture();

test("a parent that becomes a link at the last moment leads no write out of /etc", async () => {
  const outside = join(fixture().root, "outside");
  mkdirSync(outside);
  writeFileSync(join(outside, "sshd_config"), "precious\n");
  const entry = (await fixture().expected()).entries.get("ssh/sshd_config");
  if (entry === undefined) throw new Error("the fixture lacks ssh/sshd_config");
  unlinkSync(at("ssh/sshd_config"));
  // The directory is open and the new link is made when the swap happens: the worst moment that there is.
  const isCurrent = (): boolean => {
    renameSync(at("ssh"), join(fixture().root, "ssh-moved"));
    symlinkSync(outside, at("ssh"));
    return true;
  };
  const context = {
    etcDir: fixture().etc,
    evidence: createEvidence(fixture().stateDir),
    isCurrent,
    isWritable: () => true,
  };
  const outcome = await revertEntry(context, entry, { uid: 0, gid: 0 });
  expect(outcome).toMatchObject({ kind: "failed", code: "parent-moved" });
  expect(readdirSync(outside)).toEqual(["sshd_config"]);
  expect(readFileSync(join(outside, "sshd_config"), "utf8")).toBe("precious\n");
});

test("a FIFO in the place of a file is never waited for", async () => {
  unlinkSync(at("sudoers"));
  execFileSync("mkfifo", [at("sudoers")]);
  expect(await sweepOnce()).toEqual(pristine());
});

test("a socket and a device in the place of an entry are replaced", async () => {
  unlinkSync(at("sudoers"));
  unlinkSync(at("hostname"));
  const server = createServer().listen(at("sudoers"));
  await new Promise((resolve) => server.once("listening", resolve));
  execFileSync("mknod", [at("hostname"), "c", "1", "5"]);
  expect(await sweepOnce()).toEqual(pristine());
  server.close();
});

test("a sparse file of 10 GB in the place of a small one is replaced without reading it", async () => {
  unlinkSync(at("sudoers"));
  const fd = openSync(at("sudoers"), "w");
  ftruncateSync(fd, 10 * 1024 ** 3);
  closeSync(fd);
  const before = performance.now();
  expect(await sweepOnce()).toEqual(pristine());
  expect(performance.now() - before).toBeLessThan(2000);
  expect(fixture().events).toMatchObject([
    { data: { item: { found: { type: "file", size: 10 * 1024 ** 3 } } } },
  ]);
  expect(JSON.stringify(fixture().events[0])).not.toMatch(/"found":[^}]*sha256/);
});

test("a link to a secret, to an endless device or to a pipe in the place of a file is replaced and never read", async () => {
  const secret = join(fixture().root, "secret");
  writeFileSync(secret, "hash of root\n", { mode: 0o600 });
  utimesSync(secret, 1, 1);
  execFileSync("mkfifo", [join(fixture().root, "pipe")]);
  for (const target of [secret, "/dev/zero", join(fixture().root, "pipe")]) {
    unlinkSync(at("sudoers"));
    symlinkSync(target, at("sudoers"));
    expect(await sweepOnce()).toEqual(pristine());
  }
  // Its time of access is as it was: nobody opened it.
  expect(lstatSync(secret).atimeMs).toBe(1000);
  expect(fixture().events.map(({ data }) => data)).toMatchObject([
    { item: { kind: "replaced-by-link", found: { type: "symlink", target: secret } } },
    { item: { kind: "replaced-by-link", found: { type: "symlink", target: "/dev/zero" } } },
    { item: { kind: "replaced-by-link" } },
  ]);
});

test("a hard link of a foreign file is replaced, the foreign file is not written to", async () => {
  const foreign = join(fixture().root, "foreign");
  writeFileSync(foreign, "precious\n", { mode: 0o600 });
  unlinkSync(at("sudoers"));
  linkSync(foreign, at("sudoers"));
  expect(await sweepOnce()).toEqual(pristine());
  expect(readFileSync(foreign, "utf8")).toBe("precious\n");
  expect(lstatSync(foreign).mode & 0o7777).toBe(0o600);
});

test("a mode is put back on a new file: a hard link to the old one keeps what it had", async () => {
  linkSync(at("sudoers"), join(fixture().root, "elsewhere"));
  chmodSync(at("sudoers"), 0o777);
  expect(await sweepOnce()).toEqual(pristine());
  expect(lstatSync(join(fixture().root, "elsewhere")).mode & 0o7777).toBe(0o777);
});

test("a loop of links on the way is replaced", async () => {
  rmSync(at("ssh"), { recursive: true });
  symlinkSync("ssh", at("ssh"));
  unlinkSync(at("hostname"));
  symlinkSync("hostname", at("hostname"));
  expect(await sweepOnce()).toEqual(pristine());
});

test("foreign names with newlines, escapes and bytes that are no text do not disturb the sweep", async () => {
  for (const name of ["new\nline", "\u001B[31mred", "x".repeat(255), "日本"]) {
    writeFileSync(at(name), "");
    symlinkSync(`/etc/static/${name}`, at(`ssh/${name}`));
  }
  mkdirSync(at("hidden"));
  unlinkSync(at("hostname"));
  mkdirSync(at("hostname"));
  writeFileSync(Buffer.from(`${at("hostname")}/\u00FF\u00FE`, "latin1"), "");
  await fixture().start().sweepNow();
  expect(existsSync(at("new\nline"))).toBe(true);
  expect(readlinkSync(at("hostname"))).toBe("/etc/static/hostname");
  expect(fixture().events.filter(({ type }) => type !== "drift-reverted")).toEqual([]);
});

test("somebody who fights trips the budget: ten reverts, one alarm, then only a report", async () => {
  const drift = fixture().start();
  for (let round = 0; round < 14; round += 1) {
    rmSync(at("hostname"), { force: true });
    await drift.sweepNow();
  }
  const types = fixture().events.map(({ type }) => type);
  expect(types.filter((type) => type === "drift-reverted")).toHaveLength(10);
  expect(types.filter((type) => type === "alarm")).toHaveLength(1);
  expect(fixture().events.filter(({ type }) => type === "drift-unreverted")).toMatchObject([
    { data: { code: "budget-spent", item: { path: "/etc/hostname" } } },
  ]);
  unlinkSync(at("sudoers"));
  await vi.waitFor(() => expect(existsSync(at("sudoers"))).toBe(true), { timeout: 5000 });
});

test("a store source with other bytes than declared is never copied into /etc", async () => {
  const entry = (await fixture().expected()).entries.get("sudoers");
  if (entry?.kind !== "file") throw new Error("the fixture lacks sudoers");
  writeFileSync(entry.source, "root ALL=NOPASSWD\n");
  unlinkSync(at("sudoers"));
  const context = {
    etcDir: fixture().etc,
    evidence: createEvidence(fixture().stateDir),
    isCurrent: () => true,
    isWritable: () => true,
  };
  const outcome = await revertEntry(context, entry, { uid: 0, gid: 0 });
  expect(outcome).toMatchObject({ kind: "failed", code: "source-changed" });
  expect(
    readdirSync(fixture().etc).filter((name) => name === "sudoers" || name.startsWith(".chimera-")),
  ).toEqual([]);
});
