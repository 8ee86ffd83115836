/** What a real nats-server takes for a pass: attacks on its form, its signature, its name, and by those who hold an issuer. */
import { signFleetAccount } from "@chimera/proto/nats/fleet-account";
import { signJwt } from "@chimera/proto/nats/jwt";
import { signPass, type PassWish } from "@chimera/proto/nats/pass";
import type { NkeySigner } from "@chimera/proto/nkey";
import { subjects } from "@chimera/proto/subjects";
import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually } from "../fixture/nats-server.ts";
import { connectWithPass, makeNkey, nowS, startPassServer, type PassServer } from "../fixture/pass-server.ts";
import { isDeaf, isRefused } from "../fixture/refused-subjects.ts";
import { fleetId } from "../fixture/test-keys.ts";

let server: PassServer;
const user = makeNkey();
beforeAll(async () => {
  server = await startPassServer();
});
afterAll(() => server.stop());

const wish = (change: Partial<PassWish> = {}): PassWish => ({
  name: "n1",
  nkey: user.publicKey,
  account: server.account,
  seconds: 60,
  ...change,
});
const enter = (pass: string, inboxPrefix = "_INBOX_n1") =>
  connectWithPass(server.url, { pass, user, inboxPrefix });

/** Of the right form but for what is changed, by the node issuer unless told otherwise. */
function passWith(
  { claims = {}, nats = {} }: { claims?: object; nats?: object },
  signer: NkeySigner = server.issuers.node,
): string {
  const own = { type: "user", version: 2, issuer_account: server.account, ...nats };
  return signJwt({ name: "n1", sub: user.publicKey, exp: nowS() + 60, nats: own, ...claims }, signer, nowS());
}

function reheaded(header: object): string {
  const signed = `${Buffer.from(JSON.stringify(header)).toString("base64url")}.${passWith({}).split(".")[1]}`;
  return `${signed}.${server.issuers.node.sign(Buffer.from(signed)).toString("base64url")}`;
}

function signedAsVersion1(): string {
  const claims = passWith({}).split(".")[1] ?? "";
  const header = Buffer.from(JSON.stringify({ typ: "jwt", alg: "ed25519" })).toString("base64url");
  return `${header}.${claims}.${server.issuers.node.sign(Buffer.from(claims)).toString("base64url")}`;
}

test("lets a node in with a pass, and to nothing but its own", async () => {
  const link = await enter(signPass(wish(), server.issuers.node, nowS()));
  expect(await isRefused(link, subjects.beat(fleetId, "n1"))).toBe(false);
  expect(await isDeaf(link, subjects.cmd(fleetId, "n1"))).toBe(false);
  expect(await isRefused(link, subjects.beat(fleetId, "n2"))).toBe(true);
  expect(await isDeaf(link, subjects.cmd(fleetId, "n2"))).toBe(true);
  await link.close();
});

test.each<[string, () => string]>([
  ["permissions of its own", () => passWith({ nats: { pub: { allow: [">"] }, sub: { allow: [">"] } } })],
  ["limits of its own", () => passWith({ nats: { subs: -1, data: -1, payload: -1 } })],
  ["the right to come without its seed", () => passWith({ nats: { bearer_token: true } })],
  ["other kinds of connection", () => passWith({ nats: { allowed_connection_types: ["LEAFNODE"] } })],
  ["replies of its own", () => passWith({ nats: { resp: { max: 1, ttl: 1 } } })],
  ["an end that is past", () => passWith({ claims: { exp: nowS() - 1 } })],
  ["a beginning that is not come", () => passWith({ claims: { nbf: nowS() + 60 } })],
  ["another's nkey", () => passWith({ claims: { sub: makeNkey().publicKey } })],
  ["no account", () => passWith({ nats: { issuer_account: "" } })],
  [
    "an account that there is none of",
    () => passWith({ nats: { issuer_account: makeNkey("account").publicKey } }),
  ],
  ["the system account", () => passWith({ nats: { issuer_account: server.system.account } })],
  ["a stranger's signature", () => passWith({}, makeNkey("account"))],
  ["the system account's issuer", () => passWith({}, server.system.issuer)],
  ["the root's signature", () => passWith({}, server.root)],
  ["its own signature", () => passWith({}, user)],
  ["no algorithm", () => reheaded({ typ: "JWT", alg: "none" })],
  ["HMAC", () => reheaded({ typ: "JWT", alg: "HS256" })],
  ["a signature over the claims alone, as version 1 has it", () => signedAsVersion1()],
  ["another type", () => reheaded({ typ: "JWE", alg: "ed25519-nkey" })],
  ["the form of an account", () => passWith({ nats: { type: "account" } })],
  ["a version that there is none of", () => passWith({ nats: { version: 9 } })],
  ["two parts", () => passWith({}).split(".").slice(0, 2).join(".")],
  ["no signature", () => `${passWith({}).split(".").slice(0, 2).join(".")}.`],
  ["nothing in it", () => ""],
  ["braces", () => "{}.{}.{}"],
  ["a text too long for a login", () => passWith({ claims: { name: "n".repeat(1 << 16) } })],
])("refuses a pass with %s", async (_what, make) => {
  await expect(enter(make())).rejects.toThrow(
    /Authorization Violation|maximum control line|connection closed|ECONNRESET/i,
  );
  // The server is there, and lets in whom it should.
  const link = await enter(signPass(wish(), server.issuers.node, nowS()));
  await link.close();
});

/** Whoever has the controller has the node issuer. No name makes of it more than one node. */
test.each([
  "*",
  ">",
  "*.>",
  "n2.>",
  "*.*",
  "n2.*",
  "n2 n3",
  "{{tag(x)}}",
  "{{subject()}}",
  "N2",
  "n2\n",
  "controller",
])("with the name %j the issuer of nodes opens nothing of n2, the controller or all", async (name) => {
  const link = await enter(signPass(wish({ name }), server.issuers.node, nowS())).catch(() => null);
  if (link === null) return;
  for (const subject of [
    subjects.beat(fleetId, "n2"),
    subjects.status(fleetId, "n2"),
    subjects.ack(fleetId, "n2"),
    subjects.event(fleetId, "n2", "alarm"),
    subjects.session(fleetId, "n2", "deploy-1"),
    subjects.sessionView(fleetId, "n2", { session: "deploy-1", viewer: "a" }),
    subjects.desired("head", fleetId),
    subjects.lead(fleetId),
    "$JS.API.STREAM.DELETE.KV_chimera",
  ]) {
    expect(await isRefused(link, subject), subject).toBe(true);
  }
  for (const subject of [
    subjects.cmd(fleetId, "n2"),
    subjects.sessionKeys(fleetId, "n2", "deploy-1"),
    subjects.status(fleetId, "*"),
    "_INBOX_n2.>",
    "_INBOX_controller.>",
    "_INBOX.>",
    `chimera.${fleetId}.>`,
    "$SYS.>",
    ">",
  ]) {
    expect(await isDeaf(link, subject), subject).toBe(true);
    expect(await isDeaf(link, subject, "group"), `${subject} in a group`).toBe(true);
  }
  await link.close();
});

test("without the guard the name * is all nodes at once: what the template denies is needed", async () => {
  const pass = signPass(wish({ name: "*" }), server.issuers.node, nowS());
  const isOpen = async () => {
    const link = await enter(pass);
    const refused = await isRefused(link, subjects.beat(fleetId, "n2"));
    await link.close();
    return !refused;
  };
  const guarded = signFleetAccount(server.fleet, server.root, nowS());
  expect(await isOpen()).toBe(false);
  await server.push(withoutGuard(guarded));
  await eventually("the bare template counts", isOpen);
  await server.push(guarded);
  await eventually("the guarded one counts", async () => !(await isOpen()));
});

test("whoever has the system account's issuer hands over what the root signed, also what is older, and can do nothing else", async () => {
  const { fleet, root, system } = server;
  const own = signPass(wish(), server.issuers.node, nowS() - 5);
  const older = signFleetAccount(fleet, root, nowS());
  await server.push(signFleetAccount({ ...fleet, revocations: { [user.publicKey]: nowS() } }, root, nowS()));
  await expect(enter(own)).rejects.toThrow(/Authorization Violation/);
  // nats-server says of this one too that it took it, and goes on with the one before.
  await server.push(signFleetAccount(fleet, makeNkey("operator"), nowS()));
  await expect(enter(own)).rejects.toThrow(/Authorization Violation/);
  await server.push(older);
  await (await enter(own)).close();
  const name = "system";
  const pass = signPass(wish({ name, account: system.account }), system.issuer, nowS());
  const link = await enter(pass, "_INBOX_system");
  for (const subject of [
    "$SYS.REQ.CLAIMS.DELETE",
    "$SYS.REQ.CLAIMS.LIST",
    "$SYS.REQ.SERVER.PING",
    `$SYS.REQ.ACCOUNT.${fleet.account}.CONNZ`,
    subjects.desired("head", fleetId),
  ]) {
    expect(await isRefused(link, subject), subject).toBe(true);
  }
  for (const subject of ["$SYS.>", "$SYS.ACCOUNT.*.CONNECT", ">"]) {
    expect(await isDeaf(link, subject), subject).toBe(true);
  }
  await link.close();
});

function withoutGuard(jwt: string): string {
  const { name, sub, nats } = JSON.parse(Buffer.from(jwt.split(".")[1] ?? "", "base64url").toString());
  for (const { template } of nats.signing_keys) {
    delete template.pub.deny;
    delete template.sub.deny;
  }
  return signJwt({ name, sub, nats }, server.root, nowS());
}
