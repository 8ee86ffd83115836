/** Capabilities and ACLs on real files of a store path, as root. */
import { execFileSync } from "node:child_process";
import { chmodSync, lstatSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { asNixLeaves, openStoreFixture, type StoreFixture } from "./store-fixture.ts";
import { findRights, takeRights } from "./store-rights.ts";

const patient = { timeout: 20_000 };
/** Owner rw-, user 4711 rwx, group r--, mask rwx, other ---. */
const acl = "0sAgAAAAEABgD/////AgAHAGcSAAAEAAQA/////xAABwD/////IAAAAP////8=";
const setAcl = (file: string): Buffer =>
  execFileSync("setfattr", ["-n", "system.posix_acl_access", "-v", acl, file]);

let folder: string;
let store: StoreFixture;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "chimera-rights-"));
  store = openStoreFixture();
});
afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

test("a capability on a file of the store counts at once, is told with its file, and is over when it is gone", async () => {
  // Once it was read, any change makes it suspect.
  const service = store.start({ roundMs: 1000 });
  await vi.waitFor(() => expect(service.summary()?.store.lastRoundAt).toEqual(expect.any(String)), patient);
  const program = store.at(store.paths.app, "bin/app");
  execFileSync("setcap", ["cap_setuid+ep", program]);
  await vi.waitFor(() => expect(service.summary()?.openCount).toBe(1), patient);
  const item = {
    path: store.paths.app,
    kind: "store-metadata",
    found: { attributes: ["security.capability"], detail: "bin/app: security.capability" },
  };
  expect(service.summary()?.open).toMatchObject([item]);
  const walked = service.summary()?.store.lastWalkAt;
  await vi.waitFor(() => expect(service.summary()?.store.lastWalkAt).not.toBe(walked), patient);
  expect(service.summary()?.openCount).toBe(1);
  expect(store.events).toMatchObject([{ type: "drift-found", data: item }]);
  execFileSync("setcap", ["-r", program]);
  await vi.waitFor(() => expect(service.summary()?.openCount).toBe(0), patient);
});

test("what is found is taken off, and nothing else is touched, nor what a link names", async () => {
  const [path, outside] = [join(folder, "path"), join(folder, "outside")];
  mkdirSync(join(path, "bin"), { recursive: true });
  writeFileSync(outside, "x");
  for (const name of ["bin/a", "bin/with space", "data"])
    writeFileSync(join(path, name), "x", { mode: 0o755 });
  symlinkSync(outside, join(path, "link"));
  asNixLeaves(path);
  expect(await findRights(path)).toEqual({ kind: "none" });
  for (const file of [join(path, "bin/a"), outside]) execFileSync("setcap", ["cap_net_raw+ep", file]);
  setAcl(join(path, "bin/with space"));
  setAcl(path);
  const before = lstatSync(join(path, "data")).ctimeMs;
  expect(await findRights(path)).toMatchObject({
    kind: "found",
    byFile: expect.objectContaining({ size: 3 }),
  });
  expect(await takeRights(path)).toBeNull();
  expect(await findRights(path)).toEqual({ kind: "none" });
  expect(await findRights(outside)).toMatchObject({ kind: "found" });
  expect(lstatSync(join(path, "data")).ctimeMs).toBe(before);
});

test("a path that is one file is looked at too, and one that is gone is not known to be right", async () => {
  const file = join(folder, "file");
  writeFileSync(file, "x");
  chmodSync(file, 0o555);
  execFileSync("setcap", ["cap_net_raw+ep", file]);
  expect(await findRights(file)).toEqual({
    kind: "found",
    byFile: new Map([[file, ["security.capability"]]]),
  });
  expect(await takeRights(file)).toBeNull();
  expect(await findRights(file)).toEqual({ kind: "none" });
  expect(await findRights(join(folder, "gone"))).toMatchObject({ kind: "unknown" });
});
