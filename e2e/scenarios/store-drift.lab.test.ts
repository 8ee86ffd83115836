/** A node's store is damaged in four ways: each is found against the signed list, and put back by Nix from the fleet's cache. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { NodeEvent } from "@chimera/proto/event";
import { z } from "zod";
import { agentPid, deployWorld, waitView } from "../fleet/fleet-stage.ts";
import { operatorOf } from "../fleet/operator.ts";
import { startFleet, type Fleet } from "../fleet/start-fleet.ts";
import { downUnlessInUse } from "../lab/down.ts";
import type { Host } from "../lab/host/host.ts";
import { waitUntil } from "../lab/wait-until.ts";

let fleet: Fleet;
let n1: Host;

async function deploy(): Promise<void> {
  const drift = { store: { mode: "revert", walkSeconds: 3, roundHours: 1 } };
  const { code, stderr } = await deployWorld(fleet, "store", { agentConfig: { drift } });
  expect(code, stderr).toBe(0);
  await waitView(fleet, "n1", ({ status }) => status?.drift.store?.lastWalkAt != null);
}

async function storePathOf(file: string): Promise<string> {
  const real = (await n1.runChecked(["readlink", "-f", file])).trim();
  return real.split("/").slice(0, 4).join("/");
}

/** As somebody with root would: the store is mounted read-only, and is so again afterwards. */
async function damage(script: string, ...args: string[]): Promise<void> {
  const begin = "set -eu; mount -o remount,bind,rw /nix/store";
  const end = "mount -o remount,bind,ro /nix/store";
  await n1.runChecked(["/bin/sh", "-c", `${begin}; ${script}; ${end}`, "-", ...args]);
}

const Drift = z.object({ reverted: z.array(NodeEvent) });

/** The path's newest difference that was put back, and what else is said of it. */
async function repaired(path: string, kind: string) {
  let said = "";
  const look = async () => {
    said = await operatorOf(fleet.lab).ok(["drift", "n1", "--json"]);
    const { reverted } = Drift.parse(JSON.parse(said));
    const all = reverted.flatMap((event) => (event.type === "drift-reverted" ? [event.data] : []));
    const found = all.find(({ item }) => item.path === path && item.kind === kind);
    return found !== undefined && { ...found.item, note: found.note };
  };
  return waitUntil(`${path} is repaired`, look, { timeoutMs: 90_000, everyMs: 300 }).catch(
    (cause: unknown) => {
      throw new Error(`no ${kind} of ${path} was put back: ${said}`, { cause });
    },
  );
}

async function expectRight(path: string): Promise<void> {
  expect((await n1.run(["nix-store", "--verify-path", path])).code, path).toBe(0);
  const odd = ["find", path, "(", "!", "-newermt", "@0", "-o", "-newermt", "@1", ")", "-print"];
  expect((await n1.runChecked(odd)).trim(), path).toBe("");
  const writable = ["find", path, "!", "-type", "l", "-perm", "/222", "-print"];
  expect((await n1.runChecked(writable)).trim(), path).toBe("");
}

// Told as repaired in two runs, and once not within 90 s, for a reason that is not known yet (docs/plan.md); the store is off by default.
describe.skipIf(process.env["CHIMERA_STORE_DRIFT"] === undefined)("store drift (CHIMERA_STORE_DRIFT)", () => {
  beforeAll(async () => {
    fleet = await startFleet({ nodes: 1 });
    n1 = fleet.lab.host("n1");
    await deploy();
  });
  afterAll(() => downUnlessInUse());

  test("nothing differs after a deployment, and the node says how much it has read", async () => {
    const { status } = await waitView(
      fleet,
      "n1",
      (view) => (view.status?.drift.store?.verifiedBytes ?? 0) > 0,
    );
    expect(status?.drift.openCount).toBe(0);
    expect(status?.drift.store?.totalBytes).toBeGreaterThan(50_000_000);
  });

  test("changed in place, removed, emptied as by a power cut: all three are found and repaired from the cache", async () => {
    const [changed, removed, emptied] = [
      await storePathOf("/etc/lab/link-1"),
      await storePathOf("/etc/lab/link-2"),
      await storePathOf("/run/current-system/kernel-modules"),
    ];
    await damage('sed -i "s/lab/bal/" "$1"; chmod 444 "$1"; touch -d @1 "$1"', changed);
    await damage('rm "$1"', removed);
    await damage('chmod -R u+w "$1"; rm -r "$1"/*; chmod 555 "$1"; touch -d @1 "$1"', emptied);
    expect(await repaired(changed, "store-content")).toMatchObject({ expected: { type: "nar" } });
    expect(await repaired(removed, "store-missing")).toMatchObject({ found: { type: "missing" } });
    expect(await repaired(emptied, "store-content")).toMatchObject({ found: { type: "nar" } });
    for (const path of [changed, removed, emptied]) await expectRight(path);
    expect((await n1.run(["touch", "/nix/store/written"])).code).toBe(1);
  });

  test("a file of which only the time differs: put back from the bytes that are here, and who runs the old one is named", async () => {
    const pid = (await agentPid(n1)) ?? 0;
    const binary = (await n1.runChecked(["readlink", `/proc/${pid}/exe`])).trim();
    const path = await storePathOf(binary);
    await damage('touch -d @1000 "$1"', binary);
    expect(await repaired(path, "store-metadata")).toMatchObject({
      found: { detail: "bin/node: time 1970-01-01T00:16:40.000Z" },
      note: expect.stringContaining(`node (${pid})`),
    });
    await expectRight(path);
    expect(await agentPid(n1)).toBe(pid);
  });

  test("while the cache is away it stays open and is told once; when it is back it is repaired", async () => {
    const path = await storePathOf("/etc/lab/link-3");
    const hub = fleet.lab.host("hub");
    await hub.runChecked(["systemctl", "stop", "chimera-controller"]);
    await damage('rm "$1"', path);
    const log = ["journalctl", "-t", "chimera-agent", "-o", "cat", "--no-pager"];
    const told = async () =>
      (await n1.runChecked(log)).split("\n").filter((line) => line.includes("drift not reverted"));
    await waitUntil("it is told", async () => (await told()).length > 0, { timeoutMs: 30_000, everyMs: 300 });
    await hub.runChecked(["systemctl", "start", "chimera-controller"]);
    await repaired(path, "store-missing");
    expect(await told()).toHaveLength(1);
    await expectRight(path);
  });
});
