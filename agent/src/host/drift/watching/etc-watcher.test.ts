/** Folders of /etc that come and go faster than anybody can follow; on a real file system. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { NodeEventBody } from "@chimera/proto/event";
import { createLog } from "@chimera/proto/log";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createBurstMeter } from "./burst-meter.ts";
import { createEtcWatcher, type EtcWatcher } from "./etc-watcher.ts";
import { createHearing } from "./hearing.ts";

let etcDir: string;
let watcher: EtcWatcher;
let hints: string[];
let events: NodeEventBody[];
let looks: number;
let directories: string[];
const at = (path: string): string => join(etcDir, path);

beforeEach(async () => {
  etcDir = mkdtempSync(join(tmpdir(), "chimera-etc-"));
  directories = ["ssh", "ssh/keys"];
  mkdirSync(at("ssh/keys"), { recursive: true });
  [hints, events, looks] = [[], [], 0];
  const log = createLog({ fields: {}, write: () => {} });
  watcher = createEtcWatcher({
    etcDir,
    isManaged: () => true,
    isDirectory: (path) => directories.includes(path),
    directories: () => directories,
    onHint: (path) => hints.push(path),
    meter: createBurstMeter({ onEvent: (event) => events.push(event), log }),
    onLoss: () => {
      looks += 1;
      return Promise.resolve();
    },
    onEvent: (event) => events.push(event),
    log,
  });
  await watcher.renew({ tree: "one", directory: "1" });
});
afterEach(async () => {
  await watcher.close();
  rmSync(etcDir, { recursive: true });
});

/** With moments in between, in which what listens takes up some of it. */
async function comeAndGo(): Promise<void> {
  for (let round = 0; round < 500; round += 1) {
    rmSync(at("ssh"), { recursive: true });
    mkdirSync(at("ssh/keys"), { recursive: true });
    if (round % 50 === 0) await delay(1);
  }
}

async function isHeard(path: string): Promise<boolean> {
  hints = [];
  writeFileSync(at(path), `${Math.random()}`);
  return vi
    .waitFor(() => expect(hints).toContain(path), { timeout: 300, interval: 10 })
    .then(
      () => true,
      () => false,
    );
}

test("folders that come and go in a storm are heard soon after it, and where one was forgotten everything is looked at", async () => {
  for (let storm = 0; storm < 12; storm += 1) {
    await comeAndGo();
    await vi.waitFor(async () => expect(await isHeard("ssh/keys/one")).toBe(true), { timeout: 20_000 });
  }
  const told = events.filter(({ type }) => type === "alarm").length;
  expect(told).toBe(looks === 0 ? 0 : 1);
}, 90_000);

test("a folder that nobody listens to is found, and all are heard once listening begins anew", async () => {
  mkdirSync(at("late"));
  const known = [etcDir];
  const hearing = createHearing(() => known);
  hearing.begin();
  expect(hearing.unheard()).toBeNull();
  known.push(at("late"));
  expect(hearing.unheard()).toBe(at("late"));
  directories.push("late");
  await watcher.renew({ tree: "another", directory: "1" });
  expect(hearing.unheard()).toBeNull();
});
