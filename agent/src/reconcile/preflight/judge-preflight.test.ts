import { expect, test } from "vitest";
import { clear } from "../model/machine-model.ts";
import { judgePreflight, judgeWayBack, type Preflight } from "./judge-preflight.ts";
import type { PreflightFacts } from "./preflight-facts.ts";

const mib = 1 << 20;
const reserve = { storeBytes: 512 * mib, bootBytes: 32 * mib };

const rows: [string, Partial<PreflightFacts>, Partial<Preflight>][] = [
  ["nothing stands against it", {}, { kind: "go" }],
  [
    "no system at all",
    { isSystem: false },
    { kind: "refuse", message: expect.stringMatching(/nixos-version/) },
  ],
  [
    "another platform",
    { platform: { machine: "x86_64-linux", wanted: "aarch64-linux" } },
    { kind: "refuse", message: expect.stringMatching(/aarch64-linux.*x86_64-linux/) },
  ],
  ["an unknown platform", { platform: { machine: "x86_64-linux", wanted: null } }, { kind: "go" }],
  [
    "a store almost full",
    { storeFreeBytes: 100 * mib },
    { kind: "refuse", message: expect.stringMatching(/lacks 412 MiB/) },
  ],
  ["a store that cannot be measured", { storeFreeBytes: null }, { kind: "go" }],
  [
    "a boot partition that lacks a byte",
    { boot: { freeBytes: 82 * mib - 1, neededBytes: 50 * mib } },
    { kind: "refuse", message: expect.stringMatching(/boot partition lacks 1 MiB/) },
  ],
  [
    "a boot partition that just fits",
    { boot: { freeBytes: 82 * mib, neededBytes: 50 * mib } },
    { kind: "go" },
  ],
  ["a full boot partition that gets nothing new", { boot: { freeBytes: 0, neededBytes: 0 } }, { kind: "go" }],
  [
    "a switch that runs",
    { switchLock: "process 7 (sh) holds the lock" },
    { kind: "wait", reason: "switch-locked" },
  ],
  [
    "unreadable inhibitors",
    { inhibitors: null },
    { kind: "reboot", reasons: [expect.stringContaining("could not be compared")] },
  ],
  ["an inhibitor", { inhibitors: ["dbus"] }, { kind: "reboot", reasons: [expect.stringContaining("dbus")] }],
  ["another init", { isInitChanged: true }, { kind: "reboot" }],
  [
    "another kernel",
    { kernel: "another kernel: a -> b" },
    { kind: "reboot", reasons: ["another kernel: a -> b"] },
  ],
  ["another driver", { driver: "another NVIDIA driver" }, { kind: "reboot" }],
];

for (const [name, over, wanted] of rows) {
  test(`${name}: ${wanted.kind}`, () =>
    expect(judgePreflight({ ...clear, ...over }, reserve)).toMatchObject(wanted));
}

test("what is refused is refused before anything is waited for or restarted", () => {
  const facts = {
    ...clear,
    isSystem: false,
    switchLock: "process 7 (sh) holds the lock",
    kernel: "another kernel",
  };
  expect(judgePreflight(facts, reserve).kind).toBe("refuse");
});

test("a way back is never refused and never waits; only init and inhibitors make it a restart", () => {
  const worst = {
    ...clear,
    isSystem: false,
    storeFreeBytes: 0,
    switchLock: "process 7 (sh) holds the lock",
    inhibitors: null,
  };
  expect(judgeWayBack({ ...worst, kernel: "another", driver: "another", hasAgent: false })).toEqual({
    kind: "go",
  });
  expect(judgeWayBack({ ...clear, inhibitors: ["dbus"] }).kind).toBe("reboot");
  expect(judgeWayBack({ ...clear, isInitChanged: true }).kind).toBe("reboot");
});

test("another initrd and systemd restart nothing by themselves, and are named where something else does", () => {
  const along = ["another initrd", "another systemd: systemd-257 -> systemd-258"];
  expect(judgePreflight({ ...clear, along }, reserve)).toEqual({ kind: "go" });
  const reasons = ["another kernel: linux-6.12.1 -> linux-6.12.2", ...along];
  expect(judgePreflight({ ...clear, kernel: reasons[0] ?? null, along }, reserve)).toEqual({
    kind: "reboot",
    reasons,
  });
});
