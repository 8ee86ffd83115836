/** What is read from a toplevel's etc tree, sidecars and broken declarations included. */
import { mkdirSync, symlinkSync, unlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createEtcFixture, type EtcFixture } from "./etc-fixture.ts";

let fixture: EtcFixture;

beforeEach(() => {
  fixture = createEtcFixture();
});

afterEach(() => fixture.remove());

const inTree = (path: string): string => join(fixture.root, "store/one-etc/etc", path);

test("the three sidecar modes become links, direct links and copies, parents first", async () => {
  const { entries, tree, problems } = await fixture.expected();
  expect(problems).toEqual([]);
  expect([...entries.keys()]).toEqual([
    "static",
    "cron",
    "cron/jobs",
    "cron/jobs/nightly",
    "hostname",
    "mtab",
    "ssh",
    "ssh/authorized_keys.d",
    "ssh/authorized_keys.d/root",
    "ssh/sshd_config",
    "sudoers",
  ]);
  expect(entries.get("static")).toEqual({ kind: "link", path: "static", target: tree });
  expect(entries.get("hostname")).toMatchObject({ kind: "link", target: "/etc/static/hostname" });
  expect(entries.get("mtab")).toMatchObject({ kind: "link", target: join(fixture.root, "store/one-mtab") });
  expect(entries.get("sudoers")).toMatchObject({ kind: "file", mode: 0o440, owner: 0, group: 0, size: 19 });
  expect(entries.get("cron/jobs/nightly")).toMatchObject({ mode: 0o600, owner: "keeper", group: "keepers" });
});

test("a plain file that only looks like a sidecar, and one without an entry, declare nothing", async () => {
  writeFileSync(inTree("orphan.mode"), "0644\n");
  expect((await fixture.expected()).entries.has("orphan.mode")).toBe(false);
});

test("a link named like a sidecar is an entry of its own", async () => {
  symlinkSync("/nowhere", inTree("tool.mode"));
  expect((await fixture.expected()).entries.get("tool.mode")).toMatchObject({
    target: "/etc/static/tool.mode",
  });
});

test("a name that is no text is told and left out, and nothing else with it", async () => {
  symlinkSync("/nowhere", Buffer.from(inTree("bad\u00FFname"), "latin1"));
  const { entries, problems } = await fixture.expected();
  expect(problems).toEqual(["/etc/bad\uFFFDname: the name is no text"]);
  expect(entries.size).toBe(11);
});

test("a link to a whole directory is one entry", async () => {
  mkdirSync(join(fixture.root, "store/units"));
  writeFileSync(join(fixture.root, "store/units/a.service"), "");
  mkdirSync(dirname(inTree("systemd/system")), { recursive: true });
  symlinkSync(join(fixture.root, "store/units"), inTree("systemd/system"));
  const paths = [...(await fixture.expected()).entries.keys()];
  expect(paths.filter((path) => path.startsWith("systemd"))).toEqual(["systemd", "systemd/system"]);
});

test("a declaration that cannot be used is told and left out", async () => {
  writeFileSync(inTree("sudoers.mode"), "rwxr-x\n");
  unlinkSync(join(fixture.root, "store/one-cron-jobs-nightly"));
  const { entries, problems } = await fixture.expected();
  expect(entries.has("sudoers")).toBe(false);
  expect(entries.has("cron/jobs/nightly")).toBe(false);
  expect(problems).toEqual([
    "/etc/cron/jobs/nightly: the file to copy cannot be read",
    '/etc/sudoers: the closure declares the mode "rwxr-x"',
  ]);
});
