import { expect, test } from "vitest";
import type { NodeFacts } from "../facts.ts";
import { judgeNode } from "./judge-node.ts";
import { day, folder, healthy, notOk, nowMs, running, secret } from "./node-fixture.ts";
import { notRoot } from "./not-root.ts";

test("a healthy node has nothing to be told, and each check says what is well", () => {
  expect(notOk(healthy)).toEqual([]);
  expect(judgeNode(healthy).length).toBeGreaterThan(14);
  expect(notRoot(healthy)).toEqual([]);
});

const rows: [string, Partial<NodeFacts>, string[]][] = [
  [
    "a wrong configuration",
    { configProblem: "nats: wrong" },
    ["fail configuration: the configuration: nats: wrong"],
  ],
  ["no agent", { agent: null, agentReason: "ENOENT" }, ["fail agent: no agent answers: ENOENT"]],
  [
    "an agent with a problem",
    { agent: { version: "1.0", state: "failed", problem: "activation-failed: x" } },
    ["warn agent: agent 1.0 is failed, its newest problem: activation-failed: x"],
  ],
  [
    "a sentinel that failed",
    {
      units: {
        ...healthy.units,
        sentinel: { ...running, ActiveState: "failed", SubState: "failed", Result: "exit-code" },
      },
    },
    ["fail unit: it is failed (failed, result exit-code)"],
  ],
  [
    "a watchdog that is not there",
    { units: { ...healthy.units, watchdog: { LoadState: "not-found" } } },
    ["fail unit: the unit is not there"],
  ],
  [
    "a recovery that failed",
    { units: { ...healthy.units, recover: { LoadState: "loaded", ActiveState: "failed" } } },
    ["fail unit: it failed at this boot"],
  ],
  [
    "a sentinel that somebody hardened",
    {
      units: {
        ...healthy.units,
        sentinel: { ...running, PrivateTmp: "yes", ProtectSystem: "full", Restart: "no" },
      },
    },
    ["fail unit-settings: PrivateTmp is on, ProtectSystem is on, Restart is no, not always"],
  ],
  [
    "no systemd",
    {
      units: { sentinel: null, watchdog: null, recover: null, blessBoot: null },
      boot: { ...healthy.boot, reboots: "never" },
    },
    ["warn unit: systemd does not answer", "warn unit: systemd does not answer"],
  ],
  [
    "a seed for all to read",
    { secrets: [secret("/s", { mode: 0o644 })] },
    ["fail secret-file: others may read the nkey seed: its mode is 0644"],
  ],
  [
    "a seed for a group",
    { secrets: [secret("/s", { mode: 0o640 })] },
    ["fail secret-file: others may read the nkey seed: its mode is 0640"],
  ],
  [
    "a seed of somebody",
    { secrets: [secret("/s", { uid: 1000 })] },
    ["fail secret-file: the nkey seed belongs to user 1000"],
  ],
  [
    "no seed",
    { secrets: [secret("/s", { kind: "missing" })] },
    ["fail secret-file: the nkey seed is not there"],
  ],
  ["a credential of systemd", { secrets: [secret("/run/credentials/a.service/s", { mode: 0o440 })] }, []],
  [
    "an open state folder",
    { folders: [folder("/var/lib/chimera", { mode: 0o755 })] },
    ["fail private-folder: others may enter it: mode 0755, user 0"],
  ],
  [
    "a state folder of somebody",
    { folders: [folder("/var/lib/chimera", { uid: 7 })] },
    ["fail private-folder: others may enter it: mode 0700, user 7"],
  ],
  [
    "an ended key set",
    { keySet: { version: 2, expiresMs: nowMs - 3 * day } },
    ["fail key-set: key set 2 ended 3 days ago"],
  ],
  [
    "a key set that ends",
    { keySet: { version: 2, expiresMs: nowMs + 10.5 * day } },
    ["warn key-set: key set 2 ends in 10 days"],
  ],
  ["no key set", { keySet: "it is not there" }, ["fail key-set: no key set can be read: it is not there"]],
  [
    "a full store",
    { space: [{ path: "/nix/store", freeBytes: 100 << 20, reserveBytes: 512 << 20 }] },
    ["fail space: 100 MiB are free, 512 MiB are to stay so"],
  ],
  [
    "a store that fills",
    { space: [{ path: "/nix/store", freeBytes: 600 << 20, reserveBytes: 512 << 20 }] },
    ["warn space: 600 MiB are free, 512 MiB are to stay so"],
  ],
  [
    "a store that says nothing",
    { space: [{ path: "/nix/store", freeBytes: null, reserveBytes: 1 }] },
    ["warn space: nobody can say how much is free"],
  ],
  [
    "no counting of boots",
    { units: { ...healthy.units, blessBoot: { LoadState: "not-found" } } },
    ["warn boot-counting: systemd-boot does not count boots"],
  ],
  [
    "no loader",
    { boot: { ...healthy.boot, loader: false } },
    ["warn boot-counting: there is no systemd-boot"],
  ],
  ["no loader, and that is known", { boot: { ...healthy.boot, loader: false, acceptUnprotected: true } }, []],
  ["no watches", { inotify: { ...healthy.inotify, held: 0 } }, ["warn inotify: the agent watches nothing"]],
  [
    "few watches left",
    { inotify: { ...healthy.inotify, maxWatches: 1300 } },
    ["fail inotify: 1200 of 1300 watches are taken by the agent alone"],
  ],
  [
    "few events",
    { inotify: { ...healthy.inotify, maxQueued: 1000 } },
    ["warn inotify: only 1000 events may wait"],
  ],
];

test.each(rows)("finds %s", (_, change, found) => {
  expect(notOk({ ...healthy, ...change })).toEqual(found);
});

test("whatever is wrong comes with where, why and how to mend it", () => {
  const all = rows.flatMap(([, change]) => judgeNode({ ...healthy, ...change }));
  for (const { level, where, why, mend } of [...all, ...notRoot({ isRoot: false })]) {
    expect(where).not.toBe("");
    expect([level, why === null, mend === null]).toEqual([level, level === "ok", level === "ok"]);
  }
});
