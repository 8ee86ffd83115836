/** The audit log: a log of one entry of each kind, what is signed of it, and what nodes carry. */
import type { z } from "zod";
import { carriedOf, type AuditCheckpoint } from "../src/audit/audit-checkpoint.ts";
import { AuditEntry, hashAuditEntry, noEntry, type AuditSaid } from "../src/audit/audit-entry.ts";
import { Digest } from "../src/names.ts";
import { Envelope } from "../src/signed/envelope.ts";
import { Fresh } from "../src/signed/fresh.ts";
import { merkleRoot } from "../src/signed/merkle.ts";
import { Beat } from "../src/status.ts";
import * as fleet from "./test-fleet.ts";

const envelope = fleet.headOne;
const token = { kind: "token", id: "1f2e3d4c", name: "anna", role: "operator" } as const;
const head = { kind: "head", id: fleet.idOf(envelope), signedBy: ["publish-1"], envelope, kept: null };
const stranger = { kind: "nobody" } as const;

const said: AuditSaid[] = [
  { kind: "begun", act: "head", who: token, from: "10.0.0.7", document: head, about: null },
  { kind: "ended", of: 0, code: null },
  {
    kind: "done",
    act: "token-create",
    who: { kind: "local", user: "root" },
    from: "",
    document: null,
    about: "5a6b7c8d",
  },
  {
    kind: "refused",
    code: "token-invalid",
    method: "PUT",
    route: "/v1/head",
    who: stranger,
    from: "10.0.0.9",
  },
  {
    kind: "refusals",
    since: fleet.at,
    count: 9000,
    codes: [{ code: "token-invalid", count: 9000 }],
    from: [{ from: "10.0.0.9", count: 9000 }],
  },
];

const leaves: Buffer[] = [];
const entries = said.map((one, index): AuditEntry => {
  const prev = leaves.at(-1);
  const entry: AuditEntry = {
    v: 1,
    fleetId: fleet.fleetId,
    index,
    prev: prev === undefined ? noEntry : Digest.parse(prev.toString("hex")),
    at: fleet.at,
    by: "0a1b2c3d",
    said: one,
  };
  leaves.push(hashAuditEntry(Buffer.from(JSON.stringify(entry))));
  return entry;
});
const checkpoint: AuditCheckpoint = {
  size: leaves.length,
  root: Digest.parse(merkleRoot(leaves).toString("hex")),
};
const fresh = fleet.signFresh({ audit: checkpoint });

export const goldenAudit: Record<string, { schema: z.ZodType; message: unknown }> = {
  ...Object.fromEntries(
    entries.map((message) => [`audit-${message.said.kind}`, { schema: AuditEntry, message }]),
  ),
  "beat-audit": { schema: Beat, message: { e: 0, s: 1, p: "committed", a: carriedOf(checkpoint) } },
  "fresh-audit": {
    schema: Fresh,
    message: JSON.parse(Buffer.from(fresh.payload, "base64").toString()),
  },
  "fresh-audit-envelope": { schema: Envelope, message: fresh },
};
