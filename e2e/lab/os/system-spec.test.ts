import { expect, test } from "vitest";
import { labApps, SystemSpec } from "./system-spec.ts";

const store = (name: string): string => `/nix/store/${"0".repeat(32)}-${name}`;
const vmBoot = { kind: "systemd-boot", kernel: store("linux-6.1"), initrd: store("initrd") };
const spec = { label: "a", roles: ["node"], version: "0.1.0" };

test("a small spec is enough", () => {
  expect(SystemSpec.safeParse(spec).success).toBe(true);
  expect(SystemSpec.safeParse({ ...spec, boot: vmBoot }).success).toBe(true);
  expect(SystemSpec.safeParse({ ...spec, apps: labApps("r1") }).success).toBe(true);
});

test.each([
  ["a kernel that does not boot, in a container", { ...spec, fault: "boot-panic" }, "fault"],
  ["a first process that ends, in a VM", { ...spec, fault: "no-boot", boot: vmBoot }, "fault"],
  ["an unknown boot loader", { ...spec, boot: { kind: "grub" } }, "boot"],
  ["an unknown key", { ...spec, fautl: "exit1" }, "fautl"],
  ["an unknown fault", { ...spec, fault: "exit3" }, "fault"],
  ["a label that no store path can have", { ...spec, label: "a b" }, "label"],
  ["a path out of /etc", { ...spec, etc: { "../x": { text: "" } } }, "etc"],
  ["a hidden step up", { ...spec, etc: { "a/../../x": { text: "" } } }, "etc"],
  ["an absolute path", { ...spec, etc: { "/x": { text: "" } } }, "etc"],
  ["a mode that is not octal", { ...spec, etc: { x: { text: "", mode: "0888" } } }, "etc"],
  ["a unit's name with a slash", { ...spec, units: { "a/b.service": { text: "" } } }, "units"],
])("%s is refused by name", (_, wrong, key) => {
  const result = SystemSpec.safeParse(wrong);
  expect(result.success).toBe(false);
  expect(JSON.stringify(result.error?.issues)).toContain(key);
});
