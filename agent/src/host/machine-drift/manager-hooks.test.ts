/** What systemd's manager starts or reads by itself, beside the closure; on a real file system, as root. */
import { existsSync, mkdirSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { useMachineFixture } from "./machine-fixture.ts";
import { createManagerHooksSource } from "./manager-hooks-source.ts";

const fixture = useMachineFixture();
const at = (path: string): string => join(fixture().root, path);
const start = () => fixture().start({ sources: [createManagerHooksSource(fixture().places)] });
const found = (): string[] =>
  fixture().events.map((event) =>
    event.type === "drift-found" ? `${event.data.kind} ${event.data.path}` : event.type,
  );

test.for([
  "run/systemd/system-generators/evil",
  "etc/systemd/system-generators/evil",
  "usr/local/lib/systemd/system-generators/evil",
  "run/systemd/system-environment-generators/evil",
  "etc/systemd/system-environment-generators/evil",
  "run/systemd/system.conf.d/x.conf",
  "etc/systemd/system.conf.d/x.conf",
  "run/systemd/system.conf",
])("%s, which nobody declares, is told once and left", async (path) => {
  const file = fixture().write(path, "#!/bin/sh\n");
  const drift = start();
  await drift.sweepNow();
  await drift.sweepNow();
  expect(found()).toEqual([`unit-override ${file}`]);
  expect(drift.summary().open).toMatchObject([{ path: file, why: expect.stringContaining("by hand") }]);
  expect(existsSync(file)).toBe(true);
  rmSync(file);
  await drift.sweepNow();
  expect(drift.summary().openCount).toBe(0);
});

test("what the closure declares there, as a file or as the whole folder, is nobody's difference", async () => {
  const { write, places } = fixture();
  write("store/system/etc/systemd/system-generators/lxc", "#!/bin/sh\n");
  write("store/system/etc/systemd/system.conf.d/a.conf", "[Manager]\n");
  symlinkSync("/etc/static/systemd/system-generators", join(places.etc, "systemd/system-generators"));
  mkdirSync(join(places.etc, "systemd/system.conf.d"));
  symlinkSync("/etc/static/systemd/system.conf.d/a.conf", join(places.etc, "systemd/system.conf.d/a.conf"));
  mkdirSync(at("run/systemd/system-generators"));
  await start().sweepNow();
  expect(found()).toEqual([]);
});

test("a link in the place of such a folder is told itself, and so is a mask in it", async () => {
  symlinkSync("/tmp/evil", at("etc/systemd/system-generators"));
  mkdirSync(at("run/systemd/system-generators"));
  symlinkSync("/dev/null", at("run/systemd/system-generators/systemd-fstab-generator"));
  await start().sweepNow();
  expect(found().toSorted()).toEqual([
    `unit-override ${at("etc/systemd/system-generators")}`,
    `unit-override ${at("run/systemd/system-generators/systemd-fstab-generator")}`,
  ]);
});
