import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { carriedOf } from "../src/audit/audit-checkpoint.ts";
import { Beat } from "../src/status.ts";
import { sha256 } from "../src/signed/canonical.ts";
import { Envelope, openEnvelope } from "../src/signed/envelope.ts";
import { Head, openHead } from "../src/signed/head.ts";
import { KeySet } from "../src/signed/key-set.ts";
import { LeafProof, verifyLeaf, World, worldId } from "../src/signed/world.ts";
import { goldenAudit } from "./golden-audit.ts";
import { goldenDelivery } from "./golden-delivery.ts";
import { goldenDocuments } from "./golden-documents.ts";
import { goldenLocal } from "./golden-local.ts";
import { goldenMessages } from "./golden-messages.ts";
import { goldenSessions } from "./golden-sessions.ts";
import { goldenShown } from "./golden-shown.ts";

const single = {
  ...goldenMessages,
  ...goldenDocuments,
  ...goldenLocal,
  ...goldenShown,
  ...goldenSessions,
  ...goldenAudit,
};
const golden = { ...single, ...goldenDelivery(single) };
const folder = join(import.meta.dirname, "golden/v1");
const read = (name: string): unknown => JSON.parse(readFileSync(join(folder, `${name}.json`), "utf8"));
const names = Object.keys(golden).toSorted();

test("every golden file has its schema, and every format its golden file", () => {
  expect(readdirSync(folder).toSorted()).toEqual(names.map((name) => `${name}.json`).toSorted());
});

test.each(names)("%s of version 1 parses, and is written today as it was then", async (name) => {
  const { schema, message } = golden[name] ?? {};
  await expect(`${JSON.stringify(message, null, 2)}\n`).toMatchFileSnapshot(join(folder, `${name}.json`));
  expect(schema?.parse(read(name))).toEqual(read(name));
});

test("the stored documents hold together: fleet id, signatures, world, proof", () => {
  const keySetEnvelope = Envelope.parse(read("key-set-envelope"));
  const keySet = KeySet.parse(read("key-set"));
  openEnvelope(keySetEnvelope, { kind: "keys", role: keySet.roles.root }, KeySet);
  const { head } = openHead(Envelope.parse(read("head-envelope")), keySet.roles.publish);
  expect(head).toEqual(Head.parse(read("head")));
  expect(head.fleetId).toBe(sha256(Buffer.from(keySetEnvelope.payload, "base64")));
  const { leaves } = World.parse(read("world"));
  expect(worldId(leaves)).toBe(head.world);
  const second = leaves[1];
  if (second === undefined) throw new Error("no second leaf");
  expect(verifyLeaf(LeafProof.parse(read("leaf-proof")), head, second.node)).toEqual(second);
});

test("a beat stays below 120 bytes at its longest", () => {
  const audit = carriedOf({ size: 999_999_999_999, root: sha256(Buffer.from("")) });
  const longest = Beat.parse({ e: 999_999, s: 999_999_999, p: "staged-for-reboot", a: audit });
  expect(Buffer.byteLength(JSON.stringify(longest))).toBeLessThanOrEqual(120);
});
