/** Wrappers as NixOS's own script makes them, and what somebody does to them; on a real file system, as root. */
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { beforeEach, expect, test, vi } from "vitest";
import { createEvidence } from "../drift/evidence.ts";
import { useMachineFixture } from "./machine-fixture.ts";
import type { MachineDrift } from "./machine-service.ts";
import { askCapabilities } from "./unit-manager.ts";
import { fillWrappers, hasTools, runWrapperScript, tools } from "./wrappers-fixture.ts";
import { createWrappersSource } from "./wrappers-source.ts";

const fixture = useMachineFixture();
const at = (path: string): string => join(fixture().root, path);
const bin = (name: string): string => at(`run/wrappers/bin/${name}`);
let isBroken: boolean;
let asked: number;

beforeEach(() => {
  [isBroken, asked] = [false, 0];
  fillWrappers(fixture());
});

const run = (): void => runWrapperScript(fixture());

async function restart(): Promise<string | null> {
  if (isBroken) return "Job failed";
  run();
  return null;
}

function start(): MachineDrift {
  const { root, places } = fixture();
  const source = createWrappersSource({
    places,
    store: `${root}/store/`,
    evidence: createEvidence(join(root, "state")),
    manager: { restart },
    capabilitiesOf: (folder, file) => {
      asked += 1;
      return askCapabilities(folder, file);
    },
  });
  return fixture().start({ sources: [source] });
}

const reverted = () =>
  fixture().events.flatMap((event) =>
    event.type === "drift-reverted" ? [`${event.data.item.kind} ${event.data.item.path}`] : [],
  );

test("wrappers as the script made them are none of anybody's business, and are read once", async () => {
  const drift = start();
  await drift.sweepNow();
  await drift.sweepNow();
  expect(fixture().events).toEqual([]);
  expect(drift.summary()).toMatchObject({ managed: 3 });
  expect(asked).toBe(1);
});

test.for<[string, () => void]>([
  ["gone", () => unlinkSync(bin("sudo"))],
  ["without its setuid bit", () => chmodSync(bin("sudo"), 0o555)],
  ["writable by all", () => chmodSync(bin("sudo"), 0o4777)],
  ["of another owner", () => chownSync(bin("sudo"), 1, 0)],
  ["another program", () => writeFileSync(bin("sudo"), "#!/bin/sh\nsteal\n")],
  [
    "a link",
    () => {
      unlinkSync(bin("sudo"));
      symlinkSync("/bin/sh", bin("sudo"));
    },
  ],
  [
    "a directory",
    () => {
      unlinkSync(bin("sudo"));
      mkdirSync(bin("sudo"));
    },
  ],
])("a wrapper that is %s is made again", async ([, tamper]) => {
  tamper();
  await start().sweepNow();
  expect(reverted()).toEqual([`wrapper ${bin("sudo")}`]);
  expect(readFileSync(bin("sudo"), "utf8")).toBe("wrapper of sudo\n");
  expect(lstatSync(bin("sudo")).mode & 0o7777).toBe(0o4511);
});

test.skipIf(!hasTools)(
  "capabilities that were taken or added are seen, though no byte and no mode changed",
  async () => {
    const drift = start();
    await drift.sweepNow();
    execFileSync(`${tools}/setcap`, ["cap_sys_admin+ep", bin("ping")]);
    await vi.waitFor(() => expect(reverted()).toEqual([`wrapper ${bin("ping")}`]), { timeout: 5000 });
    expect(execFileSync(`${tools}/getcap`, [bin("ping")], { encoding: "utf8" })).toContain("cap_net_raw");
    execFileSync(`${tools}/setcap`, ["-r", bin("ping")]);
    await drift.sweepNow();
    expect(reverted()).toHaveLength(2);
  },
);

test("another setuid file beside them is gone, and kept without its bit", async () => {
  copyFileSync("/bin/true", bin("shell"));
  chmodSync(bin("shell"), 0o4755);
  await start().sweepNow();
  expect(reverted()).toEqual([`wrapper ${bin("shell")}`]);
  expect(existsSync(bin("shell"))).toBe(false);
  const [kept] = readdirSync(at("state/evidence"));
  expect(readFileSync(at(`state/evidence/${kept}/content`))).toEqual(readFileSync("/bin/true"));
});

test.for(["/elsewhere", "/run/wrappers/wrappers.mine", "/run/wrappers/wrappers.mine/deep"])(
  "a link that leads to %s is made again, and what it led to is not removed",
  async (target) => {
    // The script alone would remove the folder to which the link leads.
    mkdirSync(at("elsewhere/deep"), { recursive: true });
    writeFileSync(at("elsewhere/precious"), "mine\n");
    symlinkSync(at("elsewhere"), at("run/wrappers/wrappers.mine"));
    rmSync(at("run/wrappers/bin"));
    symlinkSync(at(target), at("run/wrappers/bin"));
    await start().sweepNow();
    expect(reverted()).toEqual([`wrapper ${at("run/wrappers/bin")}`]);
    expect(readFileSync(at("elsewhere/precious"), "utf8")).toBe("mine\n");
    expect(readdirSync(at("run/wrappers/bin")).toSorted()).toEqual(["ping", "sudo"]);
  },
);

test("a folder in the place of the link is told and left", async () => {
  rmSync(at("run/wrappers/bin"));
  mkdirSync(at("run/wrappers/bin"));
  await start().sweepNow();
  expect(fixture().types()).toEqual(["drift-unreverted"]);
});

test("a script that fails is told with what systemd said, and nothing was touched", async () => {
  isBroken = true;
  chmodSync(bin("sudo"), 0o555);
  await start().sweepNow();
  expect(fixture().events).toMatchObject([
    {
      type: "drift-unreverted",
      data: { code: "revert-failed", message: expect.stringContaining("Job failed") },
    },
  ]);
  expect(lstatSync(bin("sudo")).mode & 0o7777).toBe(0o555);
});

test("while the script itself makes them afresh nothing is told", async () => {
  const drift = start();
  for (let count = 0; count < 20; count += 1) {
    run();
    await drift.sweepNow();
  }
  expect(fixture().events).toEqual([]);
});

test("a system without wrappers has none to compare", async () => {
  rmSync(at("store/system/etc/systemd/system/suid-sgid-wrappers.service"));
  unlinkSync(bin("sudo"));
  const drift = start();
  await drift.sweepNow();
  expect(drift.summary()).toMatchObject({ managed: 0, openCount: 0 });
});
