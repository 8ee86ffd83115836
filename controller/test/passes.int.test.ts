/** What a node gets that asks for its next pass, and what nobody else gets. */
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { NodeName } from "@chimera/proto/names";
import { revoke, signFleetAccount } from "@chimera/proto/nats/fleet-account";
import { maxPassSeconds, readPass } from "@chimera/proto/nats/pass";
import type { PassAsk } from "@chimera/proto/nats/pass-ask";
import { generateNkey, parseNkeySeed } from "@chimera/proto/nkey";
import { seal } from "@chimera/proto/signed/envelope";
import type { Signer } from "@chimera/proto/signed/keys";
import { subjects } from "@chimera/proto/subjects";
import { expect, test } from "vitest";
import { addNode, removeNode } from "../src/files/node-file.ts";
import { addToken } from "../src/files/token-file.ts";
import { readNodeIssuer } from "../src/files/node-issuer.ts";
import { eventually } from "./fixture/nats-server.ts";
import type { FleetPasses } from "./fixture/fleet-passes.ts";
import { connectWithPass, makeNkey, nowS, pushAccount } from "./fixture/pass-server.ts";
import { isRefused } from "./fixture/refused-subjects.ts";
import { fleetId, makeSigner } from "./fixture/test-keys.ts";
import { useFleet } from "./fixture/use-fleet.ts";

const fleet = useFleet({}, "passes");
const without = useFleet();

function node(name: string) {
  const { seed, signer } = fleet().nodes.get(name) ?? { seed: "", signer: makeSigner(name) };
  return { user: parseNkeySeed(seed), signer };
}

interface Asked {
  from?: "n1" | "n2" | "operator" | "viewer" | "enroll" | "admin";
  path?: string;
  signer?: Signer;
  ask?: Partial<Record<keyof PassAsk, unknown>>;
}

function post({ from = "n1", path = "n1", signer = node("n1").signer, ask = {} }: Asked = {}, to = fleet()) {
  const whole = { v: 1, kind: "pass-ask", fleetId, node: "n1", nkey: node("n1").user.publicKey, ...ask };
  const body = { envelope: seal("pass-ask", whole, [signer]) };
  return to.call(`/v1/nodes/${path}/pass`, { method: "POST", role: from, body });
}

test("a node gets a pass for its registered nkey, which lets it in as itself and nobody else, for a day", async () => {
  const answer = await post();
  expect(answer.status, answer.text).toBe(200);
  const { pass } = answer.json();
  const { name, sub, iat, exp } = readPass(pass);
  expect({ name, sub, lasts: exp - iat }).toEqual({
    name: "n1",
    sub: node("n1").user.publicKey,
    lasts: 86_400,
  });
  const [url = ""] = fleet().config.nats.servers;
  const link = await connectWithPass(url, { pass, user: node("n1").user, inboxPrefix: "_INBOX_n1" });
  expect(await isRefused(link, subjects.beat(fleetId, "n1"))).toBe(false);
  expect(await isRefused(link, subjects.beat(fleetId, "n2"))).toBe(true);
  await link.close();
});

test.each<[string, string, () => Asked]>([
  ["another node's token", "role-forbidden", () => ({ from: "n2" })],
  ["an operator's token", "role-forbidden", () => ({ from: "operator" })],
  ["an admin's token", "role-forbidden", () => ({ from: "admin" })],
  ["a token for enrolment", "role-forbidden", () => ({ from: "enroll" })],
  ["its own token, for another", "role-forbidden", () => ({ path: "n2" })],
  ["another node's key", "signature-invalid", () => ({ signer: node("n2").signer })],
  ["a stranger's key under its own key's name", "signature-invalid", () => ({ signer: makeSigner("n1") })],
  ["an nkey that is not registered", "role-forbidden", () => ({ ask: { nkey: generateNkey().publicKey } })],
  ["the nkey of another node", "role-forbidden", () => ({ ask: { nkey: node("n2").user.publicKey } })],
  ["another node's name in what is signed", "role-forbidden", () => ({ ask: { node: "n2" } })],
  ["the name *", "input-invalid", () => ({ ask: { node: "*" } })],
  ["another fleet", "fleet-mismatch", () => ({ ask: { fleetId: "e".repeat(64) } })],
  ["another kind of document", "input-invalid", () => ({ ask: { kind: "status" } })],
  ["a path that leads elsewhere", "input-invalid", () => ({ path: "..%2fn1" })],
])("refuses %s", async (_what, code, make) => {
  const answer = await post(make());
  expect(answer.json(), answer.text).toMatchObject({ code });
  expect(answer.text).not.toContain('"pass"');
});

test("what a node signed as its status is no ask", async () => {
  const { signer, user } = node("n1");
  const whole = { v: 1, kind: "pass-ask", fleetId, node: "n1", nkey: user.publicKey };
  const body = { envelope: seal("status", whole, [signer]) };
  const answer = await fleet().call("/v1/nodes/n1/pass", { method: "POST", role: "n1", body });
  expect(answer.json()).toMatchObject({ code: "signature-invalid" });
});

test("a node whose nkey was exchanged gets none for the old one, and one that may lead none at all", async () => {
  const { nodesFile } = fleet().config;
  const old = { node: "n2", nkey: node("n2").user.publicKey, nodeKey: node("n2").signer.publicKey };
  const asked = { from: "n2", path: "n2", signer: node("n2").signer } as const;
  const own = { ...asked, ask: { node: "n2", nkey: old.nkey } };
  expect((await post(own)).status).toBe(200);
  await addNode(nodesFile, { ...old, nkey: generateNkey().publicKey });
  await eventually("the new nkey counts", async () => (await post(own)).status === 403);
  await addNode(nodesFile, { ...old, lead: true });
  await eventually("it may lead", async () => (await post(own)).text.includes("--role lead"));
  await addNode(nodesFile, old);
  await eventually("it is as before", async () => (await post(own)).status === 200);
});

test("a stolen node that is taken out gets no pass, and is cut and kept out once its nkey is revoked", async () => {
  const { config, passes } = fleet();
  const [thief, name] = [makeNkey(), "n3"];
  const signer = makeSigner(name);
  await addNode(config.nodesFile, { node: name, nkey: thief.publicKey, nodeKey: signer.publicKey });
  const wanted = { name, role: "node" as const, node: NodeName.parse(name) };
  const { token } = await addToken(config.tokensFile, wanted);
  const whole = { v: 1, kind: "pass-ask", fleetId, node: name, nkey: thief.publicKey };
  const ask = () =>
    fleet().call(`/v1/nodes/${name}/pass`, {
      method: "POST",
      token,
      body: { envelope: seal("pass-ask", whole, [signer]) },
    });
  await eventually("it is registered", async () => (await ask()).status === 200);
  const { pass } = (await ask()).json();
  const [url = ""] = config.nats.servers;
  const bearer = { pass, user: thief, inboxPrefix: `_INBOX_${name}` };
  const link = await connectWithPass(url, bearer);
  await removeNode(config.nodesFile, name);
  await eventually("it is taken out", async () => (await ask()).json().code === "node-unknown");
  expect(link.isClosed()).toBe(false);
  if (passes === null) throw new Error("the fleet has passes");
  await pushAccount(url, passes.system, revoking(passes, thief.publicKey));
  await link.closed();
  await expect(connectWithPass(url, bearer)).rejects.toThrow(/Authorization Violation/);
});

function revoking({ fleet: account, root }: FleetPasses, nkey: string): string {
  return signFleetAccount(revoke(account, nkey, { nowS: nowS(), maxPassS: maxPassSeconds }), root, nowS());
}

test("a controller without an issuer says so", async () => {
  const nodes = without().nodes;
  const signer = nodes.get("n1")?.signer ?? makeSigner("n1");
  const nkey = parseNkeySeed(nodes.get("n1")?.seed ?? "").publicKey;
  const answer = await post({ signer, ask: { nkey } }, without());
  expect(answer.json()).toMatchObject({
    code: "not-found",
    detail: expect.stringContaining("nats.nodeIssuerFile"),
  });
});

test("an issuer that others can read, that is none, or that comes without the controller's pass, stops the controller by name", () => {
  const { nats } = fleet().config;
  const file = join(fleet().directory, "issuer.seed");
  const read = (change: object) => () => readNodeIssuer({ nats: { ...nats, ...change } }, undefined);
  writeFileSync(file, generateNkey("account").seed);
  chmodSync(file, 0o644);
  expect(read({ nodeIssuerFile: file })).toThrow(/others may read it/);
  chmodSync(file, 0o600);
  expect(read({ nodeIssuerFile: file, passFile: undefined })).toThrow(
    /nats.passFile, which names the account/,
  );
  writeFileSync(file, generateNkey("operator").seed);
  expect(read({ nodeIssuerFile: file })).toThrow(/nats.nodeIssuerFile/);
});
