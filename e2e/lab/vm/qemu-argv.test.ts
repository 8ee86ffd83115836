import { expect, test } from "vitest";
import { macAddress, qemuArgv } from "./qemu-argv.ts";
import { VmSpec } from "./vm-spec.ts";

const input = { name: "v1", address: "10.87.31.104", folder: "/lab/v1", tapScript: "/tap", doorPort: 4000 };

test("without a wrong clock the machine's own is taken", () => {
  const usual = qemuArgv({ ...input, vm: VmSpec.parse({}) });
  expect(usual).not.toContain("-rtc");
  expect(usual).toContain("user,id=door,restrict=on,hostfwd=tcp:127.0.0.1:4000-10.0.2.15:2222");
  const wrong = qemuArgv({ ...input, vm: VmSpec.parse({ rtcBase: "1970-01-02T00:00:00", memoryMb: 512 }) });
  expect(wrong).toEqual(expect.arrayContaining(["-rtc", "base=1970-01-02T00:00:00", "-m", "512"]));
});

test("two hosts have two cards", () => {
  expect(macAddress("10.87.31.104")).toBe("52:54:00:6c:1f:68");
  expect(macAddress("10.87.31.104")).not.toBe(macAddress("10.87.31.105"));
});
