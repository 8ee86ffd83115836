/** A node's store is damaged in many ways: each is found against the signed list and put back, with nothing taken away that is needed. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { NodeEvent } from "@chimera/proto/event";
import { z } from "zod";
import { agentPid, deployWorld, waitView } from "../fleet/fleet-stage.ts";
import { operatorOf } from "../fleet/operator.ts";
import { nodeBinary, runProbe } from "../fleet/run-probe.ts";
import { whileRunning } from "../fleet/while-running.ts";
import { startFleet, type Fleet } from "../fleet/start-fleet.ts";
import { downUnlessInUse } from "../lab/down.ts";
import type { Host } from "../lab/host/host.ts";
import { waitUntil } from "../lab/wait-until.ts";

let fleet: Fleet;
let n1: Host;
/** The agent's own Node, by its place in the store. */
let node: string;

const switchLock = "/run/nixos/switch-to-configuration.lock";
const gcLock = "/nix/var/nix/gc.lock";

beforeAll(async () => {
  fleet = await startFleet({ nodes: 1 });
  n1 = fleet.lab.host("n1");
  node = await nodeBinary(n1);
  const drift = { store: { mode: "revert", walkSeconds: 3, roundHours: 1 } };
  const { code, stderr } = await deployWorld(fleet, "store", { agentConfig: { drift } });
  if (code !== 0) throw new Error(`the deployment: ${stderr}`);
  await waitView(fleet, "n1", ({ status }) => status?.drift.store?.lastWalkAt != null);
});
afterAll(() => downUnlessInUse());
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
    return found !== undefined && { ...found.item, note: found.note, ms: found.ms };
  };
  const begun = performance.now();
  const found = await waitUntil(`${path} is repaired`, look, { timeoutMs: 150_000, everyMs: 300 }).catch(
    async (cause: unknown) => {
      throw new Error(`no ${kind} of ${path} was put back: ${said}\n${await agentLog()}`, { cause });
    },
  );
  process.stdout.write(
    `${kind} of ${path}: ${Math.ceil(performance.now() - begun)} ms, repair ${found.ms} ms\n`,
  );
  return found;
}

async function agentLog(): Promise<string> {
  return n1.runChecked(["journalctl", "-t", "chimera-agent", "-o", "cat", "--no-pager"]);
}

async function toldOpen(): Promise<string[]> {
  return (await agentLog()).split("\n").filter((line) => line.includes("drift not reverted"));
}

async function expectRight(path: string): Promise<void> {
  expect((await n1.run(["nix-store", "--verify-path", path])).code, path).toBe(0);
  const odd = ["find", path, "(", "!", "-newermt", "@0", "-o", "-newermt", "@1", ")", "-print"];
  expect((await n1.runChecked(odd)).trim(), path).toBe("");
  const writable = ["find", path, "!", "-type", "l", "-perm", "/222", "-print"];
  expect((await n1.runChecked(writable)).trim(), path).toBe("");
}

const n = z.number();
const Watched = z.object({ looks: n, missing: n, longestGapMs: n, isRight: z.boolean() });

/** Puts a file into a path, and looks at one that belongs there all the time until the other is gone. */
async function watchedRepair(path: string, belongs: string) {
  const input = { path: `${path}/${belongs}`, spoil: `${path}/bad`, timeoutMs: 120_000 };
  const watching = runProbe(n1, { name: "watch-path", input, timeoutMs: 150_000 });
  await new Promise((resolve) => setTimeout(resolve, 3_000));
  await damage('chmod u+w "$1"; echo bad > "$1/bad"; chmod 555 "$1"; touch -d @1 "$1"', path);
  const found = await repaired(path, "store-content");
  const watched = Watched.parse(JSON.parse(await watching));
  process.stdout.write(`${path}: ${JSON.stringify(watched)}\n`);
  await expectRight(path);
  return { ...watched, note: found.note };
}

const whileHolding = (argv: readonly string[], work: () => Promise<void>) => whileRunning(n1, argv, work);

async function withoutCache(work: () => Promise<void>): Promise<void> {
  const hub = fleet.lab.host("hub");
  await hub.runChecked(["systemctl", "stop", "chimera-controller"]);
  try {
    await work();
  } finally {
    await hub.runChecked(["systemctl", "start", "chimera-controller"]);
  }
}

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
  expect(await n1.runChecked(["ls", "-A", "/nix/store"])).not.toContain(".chimera-repair");
});

test("the running system is put right in one step: at no look was it gone", async () => {
  const { looks, missing, isRight, note } = await watchedRepair(
    await storePathOf("/run/current-system"),
    "bin/switch-to-configuration",
  );
  expect({ missing, isRight, note }).toEqual({ missing: 0, isRight: true, note: undefined });
  expect(looks).toBeGreaterThan(10_000);
});

test("what cannot change places, as below the lab's overlay, is left to Nix, and who runs the old one is named", async () => {
  const pid = (await agentPid(n1)) ?? 0;
  const { isRight, note } = await watchedRepair(await storePathOf(node), "bin/node");
  expect(isRight).toBe(true);
  expect(note).toContain(
    "put back by Nix, which deletes before it writes: both could not change places: EXDEV",
  );
  expect(note).toContain(`node (${pid})`);
  expect(await agentPid(n1)).toBe(pid);
});

test("where only a time and a mode differ nothing is fetched and nothing taken away", async () => {
  const path = await storePathOf(node);
  const inodes = ["stat", "-c", "%i", path, node];
  const before = await n1.runChecked(inodes);
  await withoutCache(async () => {
    await damage('touch -d @1000 "$1"; chmod 4755 "$1"; chmod 700 "$2"', node, path);
    const isRight = async () => (await n1.runChecked(["stat", "-c", "%a", path, node])).trim() === "555\n555";
    await waitUntil("it is right", isRight, { timeoutMs: 150_000, everyMs: 500 });
  });
  const { note } = await repaired(path, "store-metadata");
  expect(note).toBeUndefined();
  await expectRight(path);
  expect(await n1.runChecked(inodes)).toBe(before);
});

test("what hands out rights is right again at the next walk, and not after a minute", async () => {
  const path = await storePathOf("/etc/lab/link-3");
  const modeOf = async () => (await n1.runChecked(["stat", "-c", "%a %u", path])).trim();
  for (const spoil of ['chmod 4444 "$1"', 'chmod 446 "$1"', 'chown 65534 "$1"']) {
    await damage(spoil, path);
    await waitUntil(spoil, async () => (await modeOf()) === "444 0", { timeoutMs: 45_000, everyMs: 200 });
  }
  expect((await repaired(path, "store-metadata")).found).toMatchObject({ uid: 65534 });
  await expectRight(path);
});

test("a mode that is right again within a minute is nobody's difference", async () => {
  const path = await storePathOf("/etc/lab/link-1");
  await damage('chmod 644 "$1"', path);
  await new Promise((resolve) => setTimeout(resolve, 10_000));
  await damage('chmod 444 "$1"', path);
  await new Promise((resolve) => setTimeout(resolve, 65_000));
  expect((await agentLog()).split("\n").filter((line) => line.includes(path))).toEqual(
    expect.not.arrayContaining([expect.stringContaining("store-metadata")]),
  );
});

const isThere = async (path: string) => (await n1.run(["test", "-e", path])).code === 0;

test.each([
  ["a switch", switchLock],
  ["a garbage collection", gcLock],
])("while %s runs nothing is repaired", async (_, lock) => {
  const path = await storePathOf("/etc/lab/link-2");
  await whileHolding(["flock", lock, "sleep", "infinity"], async () => {
    await damage('rm "$1"', path);
    await new Promise((resolve) => setTimeout(resolve, 10_000));
    expect(await isThere(path)).toBe(false);
  });
  await waitUntil("it is back", () => isThere(path), { timeoutMs: 90_000, everyMs: 300 });
  await expectRight(path);
});

test("while a repair runs a switch is refused, and begins once it is over", async () => {
  const path = await storePathOf("/etc/lab/link-2");
  const switchTo = ["/run/current-system/bin/switch-to-configuration", "test"];
  const isRepairing = async () => (await n1.run(["systemctl", "is-active", "chimera-repair"])).code === 0;
  const isLocked = async () => (await n1.run(["flock", "--nonblock", switchLock, "true"])).code === 1;
  // Who writes to Nix's database makes everybody wait who registers a path.
  const hold = `
    const { DatabaseSync } = require("node:sqlite");
    globalThis.db = new DatabaseSync("/nix/var/nix/db/db.sqlite");
    globalThis.db.exec("BEGIN IMMEDIATE");
    setInterval(() => undefined, 1000);`;
  await whileHolding([node, "-e", hold], async () => {
    await damage('rm "$1"', path);
    await waitUntil("a repair runs", isRepairing, { timeoutMs: 90_000, everyMs: 100 });
    await waitUntil("it holds the lock", isLocked, { timeoutMs: 30_000, everyMs: 100 });
    expect((await n1.run(switchTo)).code).toBe(11);
  });
  await waitUntil("the repair is over", async () => !(await isRepairing()), {
    timeoutMs: 90_000,
    everyMs: 100,
  });
  expect((await n1.run(switchTo)).code).toBe(0);
  await expectRight(path);
});

test("while the cache is away it stays open and is told once; when it is back it is repaired", async () => {
  const path = await storePathOf("/etc/lab/link-3");
  const before = (await toldOpen()).length;
  await withoutCache(async () => {
    await damage('rm "$1"', path);
    await waitUntil("it is told", async () => (await toldOpen()).length > before, {
      timeoutMs: 30_000,
      everyMs: 300,
    });
  });
  await repaired(path, "store-missing");
  expect(await toldOpen()).toHaveLength(before + 1);
  await expectRight(path);
});
