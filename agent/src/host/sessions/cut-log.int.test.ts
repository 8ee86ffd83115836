/** A log on a file system that takes no part of a file back. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLog } from "@chimera/proto/log";
import { SessionName, SessionRun } from "@chimera/proto/sessions/session";
import { afterEach, beforeEach, expect, test } from "vitest";
import { newRecord } from "../../sessions/session-record.ts";
import { cutLog } from "./cut-log.ts";
import { createLive } from "./sessions-state.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "chimera-log-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function liveOf(file: string) {
  const record = newRecord({
    name: SessionName.parse("loud"),
    kind: "task",
    run: SessionRun.parse("0123456789abcdef"),
    what: "yes",
    output: "log",
    size: { columns: 80, rows: 24 },
    createdAt: "2026-11-30T08:00:00.000Z",
    bootId: "one",
    unit: "chimera-session-loud.service",
    isTold: false,
    log: { file, mostBytes: 1 << 20 },
  });
  return createLive(record);
}

test("it is told once, and the disk is not asked again at each look", async () => {
  execFileSync("mount", ["-t", "ramfs", "none", folder]);
  try {
    const told: string[] = [];
    const warned: string[] = [];
    const log = createLog({ fields: {}, write: (line) => warned.push(line) });
    const live = liveOf(join(folder, "output.log"));
    writeFileSync(join(folder, "output.log"), Buffer.alloc(8 << 20));
    const needs = { options: { log }, uncut: [(name: string) => told.push(name)] };
    for (let look = 0; look < 3; look += 1) await cutLog(needs, live);
    expect(told).toEqual(["loud"]);
    expect(warned.filter((line) => line.includes("could not be cut"))).toHaveLength(1);
    // Nothing of it is said to be gone that is there.
    expect(live.punchedTo).toBe(0);
  } finally {
    execFileSync("umount", [folder]);
  }
});

test("elsewhere the first part is given back, and nobody is told", async () => {
  const file = join(folder, "output.log");
  writeFileSync(file, Buffer.alloc(8 << 20, 1));
  const live = liveOf(file);
  const told: string[] = [];
  const log = createLog({ fields: {}, write: () => undefined });
  await cutLog({ options: { log }, uncut: [(name) => told.push(name)] }, live);
  expect(told).toEqual([]);
  expect(live.punchedTo).toBeGreaterThan(4 << 20);
  expect(statSync(file).blocks * 512).toBeLessThan(4 << 20);
});
