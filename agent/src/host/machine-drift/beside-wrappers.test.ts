/** What somebody puts into /run/wrappers beside the wrappers' own folder; on a real file system, as root. */
import { execFileSync } from "node:child_process";
import { chmodSync, copyFileSync, existsSync, mkdirSync, readdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { createEvidence } from "../drift/evidence.ts";
import { useMachineFixture } from "./machine-fixture.ts";
import type { MachineDrift } from "./machine-service.ts";
import { fillWrappers, runWrapperScript } from "./wrappers-fixture.ts";
import { createWrappersSource } from "./wrappers-source.ts";

const fixture = useMachineFixture();
const at = (path: string): string => join(fixture().root, "run/wrappers", path);
const told = (): string[] =>
  fixture().events.map((event) =>
    event.type === "drift-reverted"
      ? `reverted ${event.data.item.path}`
      : event.type === "drift-found"
        ? `found ${event.data.path}`
        : event.type,
  );

beforeEach(() => fillWrappers(fixture()));

function start(settleMs: number): MachineDrift {
  const { root, places } = fixture();
  const source = createWrappersSource({
    places,
    store: `${root}/store/`,
    evidence: createEvidence(join(root, "state")),
    manager: { restart: async () => null },
    capabilitiesOf: async () => null,
    settleMs,
  });
  return fixture().start({ sources: [source] });
}

function plantShell(path: string): void {
  copyFileSync("/bin/true", at(path));
  chmodSync(at(path), 0o4755);
}

test("a set-user-id file beside the link, or in a folder of its own, is gone, with the folder", async () => {
  plantShell("shell");
  mkdirSync(at("wrappers.evil"));
  plantShell("wrappers.evil/x");
  mkdirSync(at("empty"));
  symlinkSync("/tmp", at("link"));
  const names = readdirSync(at("bin"));
  await start(0).sweepNow();
  expect(told().toSorted()).toEqual(
    ["empty", "link", "shell", "wrappers.evil/x"].map((name) => `reverted ${at(name)}`),
  );
  expect(fixture().events[0]).toMatchObject({ data: { item: { kind: "wrapper" } } });
  expect(readdirSync(at("")).filter((name) => !name.startsWith("wrappers."))).toEqual(["bin"]);
  expect([readdirSync(at("bin")), existsSync(at("wrappers.evil"))]).toEqual([names, false]);
  expect(readdirSync(join(fixture().root, "state/evidence"))).toHaveLength(2);
});

test("what holds folders, or is mounted there, is told and left", async () => {
  mkdirSync(at("deep/er"), { recursive: true });
  mkdirSync(at("mounted"));
  execFileSync("mount", ["-t", "tmpfs", "tmpfs", at("mounted")]);
  try {
    plantShell("mounted/x");
    await start(0).sweepNow();
    expect(told().toSorted()).toEqual([`found ${at("deep/er")}`, `found ${at("mounted")}`]);
    expect(existsSync(at("mounted/x"))).toBe(true);
  } finally {
    execFileSync("umount", [at("mounted")]);
  }
});

test("what the script makes while it runs is nobody's, and what it left an hour ago is", async () => {
  mkdirSync(at("wrappers.new"));
  const drift = start(100);
  await drift.sweepNow();
  expect(told()).toEqual([]);
  await new Promise((resolve) => setTimeout(resolve, 150));
  runWrapperScript(fixture());
  await drift.sweepNow();
  expect(told()).toEqual([`reverted ${at("wrappers.new")}`]);
});
