/** Links that give a unit of the closure another name, and what is said of that name; on a real file system, as root. */
import { existsSync, readdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { useMachineFixture } from "./machine-fixture.ts";

const fixture = useMachineFixture();
const at = (path: string): string => join(fixture().root, path);
const sweep = (): Promise<void> => fixture().start().sweepNow();

test.for<[string, string]>([
  ["by its path", "/etc/systemd/system/app.service"],
  ["relatively", "../system/app.service"],
  ["by another such name", "bar.service"],
  ["to the closure's file", ""],
])("a link that names a unit of ours %s is removed, and so is what is said of that name", async ([, to]) => {
  symlinkSync("/etc/systemd/system/app.service", at("run/systemd/system/bar.service"));
  const target = to === "" ? at("store/system/etc/systemd/system/app.service") : to;
  symlinkSync(target, at("run/systemd/system/foo-x.service"));
  symlinkSync("/etc/systemd/system/others.service", at("run/systemd/system/mine.service"));
  symlinkSync("/dev/null", at("run/systemd/system/masked.service"));
  for (const name of ["foo-x", "foo-", "bar", "mine", "masked"])
    fixture().write(`run/systemd/system/${name}.service.d/x.conf`, "[Service]\n");
  fixture().write("run/systemd/system.control/foo-x.service.d/y.conf", "[Service]\n");
  await sweep();
  const left = ["masked.service", "masked.service.d", "mine.service", "mine.service.d"];
  expect(readdirSync(at("run/systemd/system")).toSorted()).toEqual(left);
  expect(readdirSync(at("run/systemd/system.control"))).toEqual([]);
  expect(fixture().types()).toEqual(Array.from({ length: 6 }, () => "drift-reverted"));
  expect(existsSync(at("store/system/etc/systemd/system/app.service"))).toBe(true);
});

test("what systemd read for a unit of ours in these folders is told where nothing else judges it, and not what is systemd's own", async () => {
  const unit = (name: string, ...dropIns: string[]) =>
    fixture().units.set(name, { name, fragment: "", dropIns, needsReload: false });
  const strange = at("run/systemd/system/strange.service.d/x.conf");
  unit("app.service", strange, at("run/systemd/system/app.service.d/x.conf"));
  unit("app.slice", at("run/systemd/transient/app.slice.d/50-TasksMax.conf"));
  await sweep();
  expect(fixture().events).toMatchObject([
    { type: "drift-found", data: { kind: "unit-override", path: strange } },
  ]);
});
