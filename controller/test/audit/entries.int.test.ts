/** What a request leaves in the audit log: who, from where, what, with which signatures, and what came of it; and nothing that is secret. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { seal } from "@chimera/proto/signed/envelope";
import { execa } from "execa";
import { beforeEach, expect, test } from "vitest";
import { auditEntries, auditTexts, expectChain, saidSince } from "../fixture/audit.ts";
import {
  getFleet,
  idOf,
  makeOrder,
  mustPut,
  panicFor,
  publish,
  pushWorld,
  sealOrder,
  sealPanic,
} from "../fixture/documents.ts";
import { eventually } from "../fixture/nats-server.ts";
import { makeHead } from "../fixture/test-fleet.ts";
import { makeSigner } from "../fixture/test-keys.ts";
import { useFleet } from "../fixture/use-fleet.ts";

const fleet = useFleet();
const here = expect.stringMatching(/^(?:::ffff:)?127\.0\.0\.1$/u);
const operator = { kind: "token", name: "operator", role: "operator", id: expect.stringMatching(/^\w{8}$/u) };
let before = 0;
beforeEach(async () => {
  before = (await auditEntries(fleet())).length;
});

test("a head is in it before it is stored, as it was signed, and its outcome after", async () => {
  const leaves = await pushWorld(fleet());
  const { id, envelope, signedBy } = await publish(fleet(), leaves);
  const [begun, ended, ...rest] = await saidSince(fleet(), before, "ended");
  const document = { kind: "head", id, signedBy, envelope, kept: null };
  expect(begun).toEqual({ kind: "begun", act: "head", who: operator, from: here, document, about: null });
  expect(ended).toEqual({ kind: "ended", of: before, code: null });
  expect(rest).toEqual([]);
});

test("a head that is already there, a question and what only tells change nothing, and are not in it", async () => {
  const { head, revision } = await getFleet(fleet());
  const again = { envelope: head.envelope, expectedRevision: revision };
  expect((await fleet().call("/v1/head", { method: "PUT", body: again })).status).toBe(200);
  const build = { v: 1, node: "n1", at: new Date().toISOString(), phase: "building", done: 1, total: 2 };
  await fleet().call("/v1/nodes/n1/build", { method: "PUT", body: build });
  await fleet().call("/v1/fleet");
  expect(await auditEntries(fleet())).toHaveLength(before);
});

test("a panic, an order, a list and a proposal are in it by their ids, each with the operator's signature", async () => {
  const { head } = await getFleet(fleet());
  const ready = sealPanic(panicFor(head, head.head.world));
  await mustPut(fleet(), "/v1/panic/ready", ready);
  const order = sealOrder(makeOrder({ nodes: ["n1"], reason: "for the log" }));
  await mustPut(fleet(), "/v1/orders", order);
  await mustPut(fleet(), "/v1/orders", order);
  const quarantine = { kind: "quarantine", serial: 1, toplevels: [], pardoned: [] };
  await mustPut(fleet(), "/v1/quarantine", sealOrder(makeOrder({ action: quarantine })));
  const next = makeHead(await pushWorld(fleet()), { serial: 2, previous: head.id });
  const proposed = seal("head", next, [fleet().publish]);
  await mustPut(fleet(), `/v1/proposals/${idOf(proposed)}`, proposed);
  const release = { method: "POST", body: { serial: head.head.serial } };
  expect((await fleet().call("/v1/panic/release", release)).status).toBe(200);
  const said = await saidSince(fleet(), before, "done");
  const acts = said.flatMap((one) => ("act" in one ? [[one.kind, one.act, one.document?.id]] : []));
  expect(acts).toEqual([
    ["begun", "panic-ready", idOf(ready)],
    ["begun", "order", idOf(order)],
    ["begun", "quarantine", expect.any(String)],
    ["begun", "proposal", idOf(proposed)],
    // After the fact: a panic waits for nothing.
    ["done", "panic", idOf(ready)],
  ]);
  expect(said.filter(({ kind }) => kind === "ended")).toHaveLength(4);
  expect(said.every((one) => !("document" in one) || one.document?.envelope !== null)).toBe(true);
  expectChain(await auditTexts(fleet()));
});

test("a wrong token, a wrong role and a wrong signature are in it, an anonymous look is not", async () => {
  await fleet().call("/v1/fleet", { token: "" });
  await fleet().call("/v1/fleet", { token: "chimera_wrong" });
  await fleet().call("/v1/head", { method: "PUT", role: "viewer", body: {} });
  await fleet().call("/cache/nix-cache-info", { role: "enroll" });
  const { revision } = await getFleet(fleet());
  const forged = seal("head", makeHead(await pushWorld(fleet()), { serial: 9 }), [makeSigner("mallory")]);
  const body = { envelope: forged, expectedRevision: revision };
  expect((await fleet().call("/v1/head", { method: "PUT", body })).status).toBe(403);
  await eventually("four entries", async () => (await auditEntries(fleet())).length === before + 4);
  expect(await saidSince(fleet(), before, "refused")).toMatchObject([
    { code: "token-invalid", method: "GET", route: "/v1/fleet", who: { kind: "nobody" }, from: here },
    { code: "role-forbidden", method: "PUT", route: "/v1/head", who: { kind: "token", role: "viewer" } },
    { code: "role-forbidden", method: "GET", route: "/cache/:name", who: { role: "enroll" } },
    { code: "signature-invalid", method: "PUT", route: "/v1/head", who: operator },
  ]);
});

test("nothing secret is in it, wherever it was put", async () => {
  const secret = "PLANTED-7f3a9c";
  const planted = [
    fleet().call(`/v1/${secret}`, { token: secret }),
    fleet().call(`/v1/proposals/${secret}`, { method: "PUT", body: { envelope: { payload: secret } } }),
    fleet().call(`/v1/nodes/${secret}?token=${secret}`, { token: "chimera_wrong" }),
    fleet().call("/v1/head", {
      method: "PUT",
      token: secret,
      headers: { "User-Agent": secret, "X-Forwarded-For": secret, Cookie: secret, Referer: secret },
    }),
    fleet().call("/v1/head", { method: "PUT", headers: { "Content-Type": secret }, body: secret }),
    fleet().call("/v1/head", { method: "PUT", headers: { Origin: `https://${secret}` }, body: secret }),
    fleet().call(`/cache/${secret}.narinfo`, { method: "PUT", body: Buffer.from(secret) }),
    fleet().call("/v1/head", {
      method: "PUT",
      body: {
        expectedRevision: 0,
        envelope: {
          payloadType: "application/vnd.chimera.head.v1+json",
          payload: Buffer.from(secret).toString("base64"),
          signatures: [{ keyid: secret, sig: Buffer.alloc(64).toString("base64") }],
        },
      },
    }),
  ];
  await Promise.all(planted);
  await saidSince(fleet(), before, "refused");
  const texts = await auditTexts(fleet());
  expect(texts.length).toBeGreaterThan(before + 4);
  const seeds = [fleet().config.nats.seedFile].map((file) => readFileSync(file, "utf8").trim());
  const all = texts.join("\n");
  for (const word of [secret, Buffer.from(secret).toString("base64"), ...seeds, ...fleet().tokens.values()]) {
    expect(all).not.toContain(word);
  }
});

test("what is typed on the controller's own machine is in it, and the token that was made is not", async () => {
  const config = join(fleet().directory, "controller.json");
  writeFileSync(config, JSON.stringify(fleet().config));
  const main = join(import.meta.dirname, "../../src/main.ts");
  const args = ["token", "create", "--config", config, "--role", "viewer", "--name", "bob"];
  const made = await execa(process.execPath, [main, ...args]);
  expect(made.stderr).toBe("");
  const [said] = await saidSince(fleet(), before, "done");
  expect(said).toMatchObject({
    kind: "done",
    act: "token-create",
    who: { kind: "local" },
    from: "",
    about: expect.stringMatching(/^\w{8} viewer bob$/u),
  });
  expect((await auditTexts(fleet())).join("\n")).not.toContain(made.stdout.trim());
});
