/** The audit log of the real controller: who did what, and whether somebody with the controller's NATS credential can change it unnoticed. */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { AuditPage, AuditSigned } from "@chimera/proto/audit/audit-api";
import { AuditEntry, hashAuditEntry } from "@chimera/proto/audit/audit-entry";
import { sha256 } from "@chimera/proto/signed/canonical";
import { generateKey, parseSecretKey } from "@chimera/proto/signed/keys";
import { seal } from "@chimera/proto/signed/envelope";
import { openFresh, type Fresh } from "@chimera/proto/signed/fresh";
import { subjects } from "@chimera/proto/subjects";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { logOf, rootOf, toldByMallory } from "../../src/audit/log-fixture.ts";
import { startDevFleet, type DevFleet } from "../fixture/dev-fleet.ts";
import { layAudit } from "../fixture/lay-audit.ts";

const patience = { timeout: 20_000, interval: 100 };
let fleet: DevFleet;
let good: string[] = [];
beforeAll(async () => {
  fleet = await startDevFleet(["n1", "n2"]);
  await fleet.connectNodes();
  await fleet.publish([fleet.leaf("n1", "one"), fleet.leaf("n2", "one")]);
});
afterAll(() => fleet.close());

async function texts(): Promise<string[]> {
  return AuditPage.parse((await fleet.http("GET", "/v1/audit?after=0")).body).entries;
}

async function newestWord(): Promise<Fresh> {
  const { envelope } = AuditSigned.parse((await fleet.http("GET", "/v1/audit/checkpoint")).body);
  if (envelope === null) throw new Error("nothing is signed");
  const { publicKey } = await fleet.signer("fresh");
  return openFresh(envelope, { keys: [publicKey], threshold: 1 }).fresh;
}

/** n2 says nothing. */
async function carriedByN1(): Promise<{ size: number; root: string }> {
  const { at, audit } = await newestWord();
  if (audit === undefined) throw new Error("no log is signed");
  fleet.node("n1").report({ fresh: { at, audit } });
  await vi.waitUntil(
    async () => (await fleet.chimera("audit", "verify")).out.includes("carried by n1"),
    patience,
  );
  return audit;
}

const copyFile = (): string => join(fleet.home, ".local/state/chimera", fleet.fleetId, "audit.json");

test("lists who did what, from where, with which signatures, and what came of it", async () => {
  await fleet.chimera("quarantine", "add", `/nix/store/${"a".repeat(32)}-bad`, "--reason", "leaks");
  const wrong = await fleet.http("PUT", "/v1/head", {});
  expect(wrong.status).toBe(422);
  await fleet.http("PUT", `/v1/proposals/${"0".repeat(64)}`, {
    envelope: seal("head", { v: 1 }, [await fleet.signer("order")]),
  });
  await vi.waitUntil(async () => (await texts()).at(-1)?.includes("refused"), patience);
  const { code, out, err } = await fleet.chimera("audit");
  expect(code, err).toBe(0);
  const lines = out.trimEnd().split("\n");
  expect(lines[0]).toMatch(/^ENTRY +WHEN \(UTC\) +WHO +FROM +WHAT +OUTCOME$/u);
  const who = String.raw`dev \(admin, token \w{8}\) +(?:::ffff:)?127\.0\.0\.1`;
  expect(out).toMatch(new RegExp(`${who} +head \\w{12}, signed by dev-publish +done`, "u"));
  expect(out).toMatch(new RegExp(`${who} +quarantine \\w{12}, signed by dev-order +done`, "u"));
  expect(out).toMatch(new RegExp(`${who} +PUT /v1/proposals/:id +signature-invalid`, "u"));
  expect(out).toMatch(/ on the controller +- +node-add n1 U\w+ +done/u);
  const some = await fleet.chimera("audit", "--kind", "head,refused", "--json");
  const entries = some.out
    .trimEnd()
    .split("\n")
    .map((line): unknown => JSON.parse(line));
  expect(entries).toMatchObject([
    { outcome: "done", said: { kind: "begun", act: "head", document: { envelope: {} } } },
    { outcome: "signature-invalid", said: { kind: "refused", who: { name: "dev" } } },
  ]);
  expect(await fleet.chimera("audit", "--kind", "heads")).toMatchObject({
    code: 64,
    err: expect.stringContaining('"heads" is none of head, panic,'),
  });
});

test("a whole log verifies against the online key, this machine and the nodes", async () => {
  const first = await fleet.chimera("audit", "verify");
  expect(first.code, first.out + first.err).toBe(0);
  expect(first.out).toContain("this machine has not checked it before");
  const { size } = await carriedByN1();
  good = await texts();
  const { code, out } = await fleet.chimera("audit", "verify");
  expect(code).toBe(0);
  expect(out).toContain(`the audit log has ${good.length} entries from `);
  expect(out).toContain(`root ${rootOf(good).slice(0, 16)}`);
  expect(out).toMatch(new RegExp(`signed by the online key: ${size} entries at \\S+ \\S+: the same`, "u"));
  expect(out).toMatch(/kept as this machine's copy: \d+ entries at \S+ \S+: the same/u);
  expect(out).toContain(`carried by n1: ${size} entries: the same`);
  expect(out).toContain("not carried by n2");
  const json: unknown = JSON.parse((await fleet.chimera("audit", "verify", "--json")).out);
  expect(json).toMatchObject({
    ok: true,
    size: good.length,
    root: rootOf(good),
    findings: [],
    silent: ["n2"],
  });
});

/** What a check says of this log, once the stream has it. */
async function foundIn(laid: readonly string[]): Promise<string> {
  await layAudit(fleet, laid);
  const { code, out, err } = await fleet.chimera("audit", "verify");
  expect(code, out).toBe(65);
  expect(err).toMatch(/the audit log cannot be believed: .*\[audit-broken\]/u);
  return out;
}

test("an edit, a removal, another order and a copy in between are found, each at its entry", async () => {
  const [third = "", fourth = ""] = good.slice(3);
  expect(await foundIn(good.with(3, third.replace(/"at":"20/u, '"at":"21')))).toMatch(
    /FOUND {2}entry 4: the entry does not follow from entry 3/u,
  );
  expect(await foundIn(good.toSpliced(3, 1))).toMatch(/FOUND {2}entry 3: entry 3 is missing: taken out/u);
  expect(await foundIn(good.with(3, fourth).with(4, third))).toMatch(
    /FOUND {2}entry 3: the entry lies where 5 is due/u,
  );
  expect(await foundIn(good.toSpliced(3, 0, third))).toMatch(
    /FOUND {2}entry 3: the entry lies where 4 is due/u,
  );
  await layAudit(fleet, good);
  expect(await fleet.chimera("audit", "verify")).toMatchObject({ code: 0 });
});

test("a log that was written anew from an edit on is found, though its chain holds", async () => {
  const at = good.findIndex((text) => AuditEntry.parse(JSON.parse(text)).said.kind === "begun");
  const anew = logOf(fleet.fleetId, toldByMallory(good, at));
  expect(anew).toHaveLength(good.length);
  expect(await foundIn(anew)).toMatch(
    /FOUND {2}entry 0: one of the entries 0 to \d+ is another one than this machine's copy knew/u,
  );
});

test("an act that nobody of the fleet has signed is found, though it follows", async () => {
  const envelope = seal("head", { v: 1 }, [parseSecretKey(generateKey("dev-publish").secret)]);
  const id = sha256(Buffer.from(envelope.payload, "base64"));
  const document = { kind: "head", id, signedBy: ["dev-publish"], envelope, kept: null };
  const who = { kind: "local", user: "root" } as const;
  const made = { kind: "done", act: "head", who, from: "", document, about: null } as const;
  const said = good.map((text) => AuditEntry.parse(JSON.parse(text)).said);
  const last = logOf(fleet.fleetId, [...said, made]).at(-1) ?? "";
  const prev = hashAuditEntry(Buffer.from(good.at(-1) ?? "")).toString("hex");
  const follows = JSON.stringify({ ...AuditEntry.parse(JSON.parse(last)), prev });
  const out = await foundIn([...good, follows]);
  expect(out.match(/FOUND.*/gu)).toEqual([
    `FOUND  entry ${good.length}: no key of the fleet has signed the head document in it`,
  ]);
});

test("a log that is cut off is found: by this machine, and where that forgot by the nodes", async () => {
  const cut = good.slice(0, 3);
  const gone = new RegExp(
    `entries 3 to ${good.length - 1} are missing: cut off.*this machine's copy knew`,
    "u",
  );
  expect(await foundIn(cut)).toMatch(gone);
  await rm(copyFile());
  expect(await foundIn(cut)).toMatch(
    /FOUND {2}entry 3: entr.* missing: cut off, or never shown \(n1 knew \d+ entries/u,
  );
});

test("also where the online key was stolen, and signed the shorter log", async () => {
  const { fleetId } = fleet;
  const cut = good.slice(0, 3);
  const word = { v: 1, kind: "fresh", fleetId, head: null, revision: 0, at: new Date().toISOString() };
  const envelope = seal("fresh", { ...word, audit: { size: 3, root: rootOf(cut) } }, [
    await fleet.signer("fresh"),
  ]);
  await layAudit(fleet, cut, [
    { subject: subjects.desired("fresh", fleetId), text: JSON.stringify(envelope) },
  ]);
  const { code, out } = await fleet.chimera("audit", "verify");
  expect(code, out).toBe(65);
  expect(out).toContain("signed by the online key: 3 entries");
  expect(out).toMatch(/FOUND {2}entry 3: .*\(n1 knew \d+ entries, the log has 3\)/u);
});

test("a loss that somebody accepts is one no more, and the next one is found again", async () => {
  const accepted = await fleet.chimera("audit", "verify", "--accept-loss");
  expect(accepted.code, accepted.out + accepted.err).toBe(0);
  expect(accepted.out).toMatch(/carried by n1: \d+ entries: of the log whose loss was accepted/u);
  expect(await fleet.chimera("audit", "verify")).toMatchObject({ code: 0 });
  expect(await foundIn(good.slice(0, 2))).toMatch(/FOUND {2}entry 2: entry 2 is missing: cut off/u);
});
