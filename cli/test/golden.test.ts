/** Files that version 1 of the CLI saved: they are read and hold for ever, signed ones by nothing but the fleet's id. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { FleetId } from "@chimera/proto/names";
import { openSignedHead } from "../src/documents/open-signed.ts";
import { walkFleetKeys } from "../src/fleet/key-chain.ts";
import { ReceiptsFile } from "../src/receipt/receipts-file.ts";
import { verifyReceipts } from "../src/receipt/verify-receipts.ts";
import { checkSize, checkWorld } from "../src/world/check-world.ts";
import { RunRecord } from "../src/run-session/record/run-record.ts";
import { stateOf } from "../src/run-session/record/run-state.ts";
import { WorldFile } from "../src/world/world-file.ts";

const fleetId = FleetId.parse("7ae26e48b2353f3fe4dc7b35fbf773d3f70acb980c97d329b5f054b15f5a90d7");

async function golden(name: string): Promise<unknown> {
  return JSON.parse(await readFile(join(import.meta.dirname, "golden/v1", name), "utf8"));
}

test("receipts of a head and of a panic", async () => {
  const file = ReceiptsFile.parse(await golden("receipts-file.json"));
  expect(verifyReceipts(file, walkFleetKeys(file.keySets, fleetId), fleetId)).toMatchObject([
    { holds: true, receipt: { node: "n1", state: "committed", document: { kind: "head" } } },
    { holds: true, receipt: { node: "n2", state: "panic-no-target", document: { kind: "panic" } } },
  ]);
});

test("a world with its signed head", async () => {
  const file = WorldFile.parse(await golden("world-file.json"));
  const chain = walkFleetKeys(file.keySets, fleetId);
  if (file.head === null) throw new Error("no head");
  const { head } = openSignedHead(chain, file.head);
  const world = checkWorld(file.world, { id: head.world, fleetId });
  expect(() => checkSize(world, head)).not.toThrow();
  expect(world.leaves.map(({ node }) => node)).toEqual(["n1", "n2"]);
});

test("the record of a run", async () => {
  const record = RunRecord.parse(await golden("run-record.json"));
  expect(stateOf(record, () => false)).toEqual({ kind: "ended", code: 143 });
  expect(record.asked.words).toEqual(["tools/backup.sh", "a b", "/srv"]);
});
