import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readOsRelease, unmetPrecondition } from "./preconditions.ts";

const good = { platform: "linux", uid: 0, os: { id: "debian", codename: "bookworm" }, hasApt: true };

test("root on a released Debian is all that is asked for", () => {
  expect(unmetPrecondition(good)).toBeUndefined();
});

test("each gap is one sentence that says what is missing and how to get it", () => {
  const gaps = [
    { ...good, platform: "darwin" },
    { ...good, os: { id: "ubuntu", codename: "noble" } },
    { ...good, os: { id: "", codename: "" } },
    { ...good, hasApt: false },
    { ...good, os: { id: "debian", codename: "" } },
    { ...good, uid: 1000 },
    { ...good, uid: undefined },
  ].map(unmetPrecondition);
  const needs = ["Linux", "Debian", "Debian", "apt-get", "a released Debian", "root", "root"];
  expect(gaps).toEqual(needs.map((what) => expect.stringContaining(`the lab needs ${what}`)));
  expect(gaps.filter((gap) => !/: run (it|the same command) /.test(gap ?? ""))).toEqual([]);
});

test("os-release is read with and without quotes, and may be missing or broken", async () => {
  const folder = await mkdtemp(join(tmpdir(), "os-release-"));
  const path = join(folder, "os-release");
  try {
    expect(await readOsRelease(path)).toEqual({ id: "", codename: "" });
    await writeFile(path, 'PRETTY_NAME="Debian"\nVERSION_CODENAME=bookworm\nID="debian"\n');
    expect(await readOsRelease(path)).toEqual({ id: "debian", codename: "bookworm" });
    await writeFile(path, "ID=$(reboot)\0\nVERSION_CODENAME=a b\n");
    expect(await readOsRelease(path)).toEqual({ id: "", codename: "" });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
