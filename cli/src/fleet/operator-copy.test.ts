/** The operator's copy: what was seen is never lowered, also by a command that was slower than another one. */
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parsePayload, payloadOf, seal, type Envelope } from "@chimera/proto/signed/envelope";
import { Head } from "@chimera/proto/signed/head";
import { afterEach, beforeEach, expect, test } from "vitest";
import { testIo } from "../../test/fixture/operator.ts";
import { createSignedFleet } from "../../test/fixture/signed-fleet.ts";
import { copyFolder, readCopy, writeCopy } from "./operator-copy.ts";

const fleet = createSignedFleet(["a"]);
const { fleetId } = fleet;
const leaves = fleet.world();
let home: string;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "chimera-copy-"));
});
afterEach(async () => rm(home, { recursive: true }));

function headOf(serial: number): Envelope {
  return fleet.head(serial, leaves).envelope;
}

async function remember(serial: number): Promise<void> {
  await writeCopy(testIo(home).io, fleetId, { kind: "head", envelope: headOf(serial) });
}

async function known(): Promise<number | undefined> {
  const copy = await readCopy(copyFolder(testIo(home).io, fleetId), "head");
  return copy === undefined ? undefined : parsePayload(payloadOf(copy, "head"), Head).serial;
}

test("a command that has seen less does not lower what is known", async () => {
  expect(await known()).toBeUndefined();
  await remember(9);
  await remember(10);
  await remember(2);
  expect(await known()).toBe(10);
  expect(await readdir(copyFolder(testIo(home).io, fleetId))).toEqual(["head.0.10.json"]);
});

test("many commands at once leave the newest, and nobody reads anything older than before", async () => {
  await remember(1);
  const seen: number[] = [];
  const writers = Array.from({ length: 12 }, async (_, i) => remember(((i * 5) % 12) + 2));
  const reader = (async () => {
    for (let i = 0; i < 40; i += 1) seen.push((await known()) ?? 0);
  })();
  await Promise.all([...writers, reader]);
  expect(await known()).toBe(13);
  expect(seen).toEqual(seen.toSorted((a, b) => a - b));
  expect(seen).not.toContain(0);
});

test("a prepared panic is replaced by one that other keys signed", async () => {
  const { io } = testIo(home);
  const panic = {
    v: 1,
    kind: "panic",
    fleetId,
    epoch: 0,
    serial: 3,
    undoes: "ab".repeat(32),
    world: "cd".repeat(32),
  };
  const [old, anew] = ["old", "anew"].map((reason) =>
    seal("panic", { ...panic, reason }, [fleet.signer("panic")]),
  );
  if (old === undefined || anew === undefined) throw new Error("no panic");
  for (const envelope of [old, anew]) await writeCopy(io, fleetId, { kind: "panic-ready", envelope });
  expect(await readCopy(copyFolder(io, fleetId), "panic-ready")).toEqual(anew);
});

test("a damaged newest copy is told, not passed over for an older one", async () => {
  await remember(3);
  const folder = copyFolder(testIo(home).io, fleetId);
  await writeFile(join(folder, "head.0.4.json"), "{");
  await expect(readCopy(folder, "head")).rejects.toMatchObject({ code: "state-invalid" });
});
