/** What is kept of an override that was taken away: under the path that its event names, and as open as it was. */
import { chmodSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { createEvidence } from "../evidence.ts";
import { useMachineFixture } from "../../machine-drift/machine-fixture.ts";

const fixture = useMachineFixture();
const at = (path: string): string => join(fixture().root, path);
const evidence = () => createEvidence(at("state"));
// Everybody may go through /run; a test's own folder is closed.
beforeEach(() => chmodSync(fixture().root, 0o755));

test("an override is found again by its path, with its bytes and what it was", async () => {
  const text = "[Service]\nEnvironment=EVIL=1\n";
  const path = fixture().write("run/systemd/system/app.service.d/x.conf", text);
  await fixture().start().sweepNow();
  const [kept, ...others] = await evidence().list(path);
  expect(others).toEqual([]);
  expect(kept).toMatchObject({
    path,
    worldReadable: true,
    keptBytes: text.length,
    facts: { type: "file", size: text.length, mode: "0644", uid: 0, gid: 0 },
  });
  expect((await evidence().read(kept?.id ?? "", 4096))?.toString()).toBe(text);
  expect(fixture().events).toMatchObject([{ type: "drift-reverted", data: { evidence: kept?.id } }]);
  expect(await evidence().list(path.replace("x.conf", "y.conf"))).toEqual([]);
});

test("one that not everybody could read is marked so, by its own mode or by that of a folder on the way", async () => {
  const closed = fixture().write("run/systemd/system/app.service", "[Service]\n");
  chmodSync(closed, 0o600);
  const hidden = fixture().write("run/systemd/system.control/app@x.service.d/y.conf", "[Service]\n");
  chmodSync(at("run/systemd/system.control"), 0o700);
  await fixture().start().sweepNow();
  for (const path of [closed, hidden]) {
    expect(await evidence().list(path), path).toMatchObject([{ worldReadable: false }]);
  }
});

test("of a huge override the beginning is kept, of a link or a pipe nothing", async () => {
  const path = at("run/systemd/system/app.service");
  writeFileSync(path, Buffer.alloc(3 << 20, "#"));
  mkdirSync(at("run/systemd/system/data.mount.d"));
  symlinkSync("/etc/shadow", at("run/systemd/system/data.mount.d/a.conf"));
  await fixture().start().sweepNow();
  expect(await evidence().list(path)).toMatchObject([{ keptBytes: 1 << 20, facts: { size: 3 << 20 } }]);
  expect(readdirSync(at("state/evidence"))).toHaveLength(1);
  expect(fixture().types()).toEqual(["drift-reverted", "drift-reverted"]);
});
