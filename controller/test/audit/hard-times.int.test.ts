/** The audit log when several write at once, when a controller dies half-way, when the stream is full, and when somebody rewrites it. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { AuditEntry, hashAuditEntry } from "@chimera/proto/audit/audit-entry";
import { seal } from "@chimera/proto/signed/envelope";
import { openFresh } from "@chimera/proto/signed/fresh";
import { merkleRoot } from "@chimera/proto/signed/merkle";
import { subjects } from "@chimera/proto/subjects";
import { execa } from "execa";
import { afterEach, beforeEach, expect, test } from "vitest";
import {
  auditEntries,
  auditTexts,
  expectChain,
  layAuditAnew,
  limitAudit,
  saidSince,
} from "../fixture/audit.ts";
import {
  bucketState,
  getFleet,
  makeOrder,
  mustPut,
  orderByTurns,
  panicFor,
  publish,
  put,
  pushWorld,
  sealOrder,
  sealPanic,
} from "../fixture/documents.ts";
import { startNatsGate } from "../fixture/nats-gate.ts";
import { eventually, freePort } from "../fixture/nats-server.ts";
import { makeHead, startBeside, startTestFleet, type TestFleet } from "../fixture/test-fleet.ts";
import { fleetId, fleetKeys, makeKeySet, roleOf } from "../fixture/test-keys.ts";
import { generateKey } from "@chimera/proto/signed/keys";

let fleet: TestFleet;
beforeEach(async () => {
  fleet = await startTestFleet();
});
afterEach(() => fleet.stop());

test("two controllers that write at once leave one log: no gap, nothing twice, every outcome at its own entry", async () => {
  const other = await startBeside(fleet);
  const each = 25;
  const answers = await Promise.all(orderByTurns(fleet, other, 2 * each));
  expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
  await eventually("all outcomes", async () => (await auditEntries(fleet)).length === 4 * each);
  const texts = await auditTexts(fleet);
  expectChain(texts);
  const entries = await auditEntries(fleet);
  expect(new Set(entries.map(({ by }) => by)).size).toBe(2);
  const begun = entries.flatMap(({ index, said }) => (said.kind === "begun" ? [index] : []));
  const ended = entries.flatMap(({ said }) => (said.kind === "ended" ? [said.of] : []));
  expect(begun).toHaveLength(2 * each);
  expect(ended.toSorted((a, b) => a - b)).toEqual(begun);
  await other.close();
}, 60_000);

test("a controller that is killed between entry and effect leaves an entry without an outcome, and nothing else", async () => {
  const leaves = await pushWorld(fleet);
  const { port } = fleet.config.natsServer;
  const gate = await startNatsGate(port, subjects.desired("head", fleetId));
  const listen = { host: "127.0.0.1", port: await freePort() };
  const config = { ...fleet.config, listen, nats: { ...fleet.config.nats, servers: [gate.server] } };
  const file = join(fleet.directory, "killed.json");
  writeFileSync(file, JSON.stringify(config));
  const main = join(import.meta.dirname, "../../src/main.ts");
  const child = execa(process.execPath, [main, "serve", "--config", file], { reject: false });
  const url = `http://127.0.0.1:${listen.port}`;
  const isReady = async () => (await fetch(`${url}/readyz`).catch(() => null))?.status === 200;
  await eventually("the second controller is ready", isReady);
  const before = await bucketState(fleet);
  const envelope = seal("head", makeHead(leaves), [fleet.publish]);
  const headers = {
    Authorization: `Bearer ${fleet.tokens.get("operator")}`,
    "Content-Type": "application/json",
  };
  const body = JSON.stringify({ envelope, expectedRevision: 0 });
  const asked = fetch(`${url}/v1/head`, { method: "PUT", headers, body }).catch(() => null);
  await eventually("the head is on its way", () => gate.isShut());
  child.kill("SIGKILL");
  await Promise.all([child, asked, gate.close()]);
  expect(await bucketState(fleet)).toEqual(before);
  const said = (await auditEntries(fleet)).map((entry) => entry.said);
  expect(said).toMatchObject([{ kind: "begun", act: "head", document: { envelope } }]);
  await publish(fleet, leaves);
  expect(await saidSince(fleet, 1, "ended")).toMatchObject([
    { kind: "begun", act: "head" },
    { kind: "ended", of: 1, code: null },
  ]);
  expectChain(await auditTexts(fleet));
});

test("a full log lets nothing be changed but by a panic, which is in it as soon as there is room", async () => {
  const leaves = await pushWorld(fleet);
  const first = await publish(fleet, leaves);
  const second = await publish(fleet, leaves);
  await saidSince(fleet, 2, "ended");
  await limitAudit(fleet, 1024);
  const before = await bucketState(fleet);
  const third = seal("head", makeHead(leaves, { serial: 3, previous: second.id }), [fleet.publish]);
  const { revision } = await getFleet(fleet);
  const body = { envelope: third, expectedRevision: revision };
  const refused = await fleet.call("/v1/head", { method: "PUT", body });
  expect([refused.status, refused.json().code]).toEqual([503, "audit-failed"]);
  expect(refused.json().detail).toContain("nothing was changed");
  const order = await put(fleet, "/v1/orders", sealOrder(makeOrder()));
  expect(order.json()).toMatchObject({ code: "audit-failed" });
  expect(await bucketState(fleet)).toEqual(before);
  const panic = sealPanic(panicFor(second, first.head.world));
  const startedMs = performance.now();
  expect((await put(fleet, "/v1/panic", panic)).status).toBe(200);
  expect(performance.now() - startedMs).toBeLessThan(2000);
  expect(await auditEntries(fleet)).toHaveLength(4);
  await limitAudit(fleet, 64 << 20);
  const [said] = await saidSince(fleet, 4, "done");
  expect(said).toMatchObject({ kind: "done", act: "panic", document: { envelope: panic } });
  await mustPut(fleet, "/v1/orders", sealOrder(makeOrder()));
});

test("a brute force costs a few entries, and what a known token is refused stays visible", async () => {
  for (let i = 0; i < 400; i += 1) await fleet.call("/v1/fleet", { token: `guess-${i}` });
  await fleet.call("/v1/head", { method: "PUT", role: "viewer", body: {} });
  const said = () => auditEntries(fleet).then((entries) => entries.map((entry) => entry.said));
  await eventually("the viewer", async () =>
    (await said()).some((one) => one.kind === "refused" && one.code === "role-forbidden"),
  );
  expect((await said()).length).toBe(33);
});

test("of a log that was rewritten, or cut off, a controller signs nothing more, and says so; also after a restart", async () => {
  const key = generateKey("hub-fresh");
  const freshKeyFile = join(fleet.directory, "fresh.key");
  writeFileSync(freshKeyFile, `${key.secret}\n`, { mode: 0o600 });
  const roles = { fresh: { keys: [key.public], threshold: 1 } };
  await put(fleet, "/v1/keys", seal("keys", makeKeySet({ version: 2, fleetId, roles }), [fleetKeys.root]));
  const cacheDir = join(fleet.directory, "hub-cache");
  const hub = await startBeside(fleet, { freshKeyFile, cacheDir }, 100);
  const signed = async () => {
    const { envelope } = (await hub.call("/v1/audit/checkpoint", { role: "viewer" })).json();
    return envelope === null
      ? null
      : openFresh(envelope, roleOf({ ...fleetKeys.fresh, publicKey: key.public })).fresh;
  };
  for (const serial of [1, 2, 3]) {
    const action = { kind: "quarantine", serial, toplevels: [], pardoned: [] };
    await mustPut(fleet, "/v1/quarantine", sealOrder(makeOrder({ action })));
  }
  await eventually("all is signed", async () => (await signed())?.audit?.size === 8);
  const texts = await auditTexts(fleet);
  const root = merkleRoot(texts.map((text) => hashAuditEntry(Buffer.from(text)))).toString("hex");
  expect((await signed())?.audit).toEqual({ size: 8, root });
  await layAuditAnew(fleet, texts.slice(0, 4));
  await eventually("it is noticed", () => hub.logged.some((line) => line.includes("audit log was changed")));
  await eventually("nothing is signed", async () => (await signed())?.audit === undefined);
  await hub.close();
  const again = await startBeside(fleet, { freshKeyFile, cacheDir }, 100);
  await eventually("again", () =>
    again.logged.some((line) => line.includes("entry 7 is not there any more")),
  );
  await again.close();
  expect(AuditEntry.parse(JSON.parse(texts[7] ?? "")).index).toBe(7);
});
