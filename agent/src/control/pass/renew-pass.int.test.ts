/** A node's pass kept good: a real nats-server, the node's files, and whoever answers in the controller's place. */
import { createServer, type Server } from "node:http";
import { once } from "node:events";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createLog } from "@chimera/proto/log";
import { NodeName } from "@chimera/proto/names";
import { readPass, signPass } from "@chimera/proto/nats/pass";
import { openPassAsk, PostPassAsk } from "@chimera/proto/nats/pass-ask";
import { generateNkey, parseNkeySeed } from "@chimera/proto/nkey";
import { generateKey, parseSecretKey } from "@chimera/proto/signed/keys";
import { subjects } from "@chimera/proto/subjects";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { openCredentials, passSaver } from "../../host/agent/credentials.ts";
import { openConnection, type Connection } from "../connection.ts";
import { fleetId } from "../fleet-fixture.ts";
import { startPassFixture, type PassFixture } from "../pass-fixture.ts";
import { keepPass } from "./renew-pass.ts";

const node = NodeName.parse("n1");
const signer = parseSecretKey(generateKey("n1").secret);
const patient = { timeout: 40_000, interval: 50 };
let nats: PassFixture;
let controller: Server;
let connection: Connection | null;
let end: () => void;
let lines: string[];
let alarms: string[];
let asked: string[];
let files: { seedFile: string; passFile: string };
let nkey: string;
/** What the controller answers. */
let answer: (nkey: string) => { status?: number; pass: string };

beforeEach(async () => {
  nats = await startPassFixture(fleetId);
  [lines, alarms, asked, connection] = [[], [], [], null];
  end = () => undefined;
  files = { seedFile: join(nats.folder, "nats.seed"), passFile: join(nats.folder, "nats.pass") };
  const { seed, publicKey } = generateNkey();
  nkey = publicKey;
  writeFileSync(files.seedFile, seed, { mode: 0o600 });
  answer = (of) => ({ pass: nats.passOf(of, 3600) });
  controller = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const { envelope } = PostPassAsk.parse(JSON.parse(Buffer.concat(chunks).toString()));
      const ask = openPassAsk(envelope, signer.publicKey);
      asked.push(`${request.url} ${ask.node} ${request.headers.authorization}`);
      const { status = 200, pass } = answer(ask.nkey);
      response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify({ pass }));
    });
  }).listen(0, "127.0.0.1");
  await once(controller, "listening");
});
afterEach(async () => {
  end();
  await connection?.close();
  controller.close();
  await nats.stop();
});

const putPass = (text: string) => writeFileSync(files.passFile, `${text}\n`, { mode: 0o600 });
const kept = () => readFileSync(files.passFile, "utf8").trim();

function start(): Connection {
  const log = createLog({ fields: {}, write: (line) => lines.push(line) });
  const credentials = openCredentials(files, log);
  const inboxPrefix = subjects.inboxPrefix(node);
  const opened = openConnection({
    servers: [nats.url],
    name: node,
    credentials,
    inboxPrefix,
    log,
    onConnected: () => undefined,
  });
  connection = opened;
  const address = controller.address();
  const port = typeof address === "object" ? address?.port : 0;
  end = keepPass({
    node,
    fleetId,
    signer,
    controllerUrl: `http://127.0.0.1:${port}`,
    token: () => "node-token",
    credentials,
    save: passSaver(files) ?? (() => undefined),
    connection: opened,
    alarm: (code, message) => alarms.push(`${code}: ${message}`),
    log,
    lookMs: 100,
  });
  return opened;
}

const untilIn = () => vi.waitFor(() => expect(connection?.isConnected()).toBe(true), patient);

test("at the half of its life the next one is in its place, and the connection goes on with that", async () => {
  const first = nats.passOf(nkey, 6);
  putPass(first);
  start();
  await untilIn();
  await vi.waitFor(() => expect(kept()).not.toBe(first), patient);
  expect(Date.now() / 1000).toBeLessThan(readPass(first).exp);
  expect(statSync(files.passFile).mode & 0o777).toBe(0o600);
  expect(lines.join("")).toContain("half of its life is over");
  // Beyond the end of the first one nobody cuts it.
  await vi.waitFor(() => expect(Date.now() / 1000).toBeGreaterThan(readPass(first).exp + 1), patient);
  await untilIn();
  expect(lines.join("").match(/"connected to NATS"/gu)).toHaveLength(1);
  expect(asked).toEqual(["/v1/nodes/n1/pass n1 Bearer node-token"]);
});

test("a node without a pass, or with garbage for one, is given its first", async () => {
  writeFileSync(files.passFile, "x");
  start();
  await untilIn();
  expect(readPass(kept()).sub).toBe(nkey);
});

test("one that NATS does not take any more is exchanged, whatever it says of itself", async () => {
  const dropped = parseNkeySeed(generateNkey("account").seed, "account");
  const wish = { name: "n1", nkey, account: nats.account, seconds: 3600 };
  putPass(signPass(wish, dropped, Math.floor(Date.now() / 1000)));
  start();
  await untilIn();
  expect(lines.join("")).toContain("NATS does not let the node in with it");
}, 60_000);

test.each<[string, () => string]>([
  ["of another node", () => nats.passOf(nkey, 3600, "n2")],
  ["of every node", () => nats.passOf(nkey, 3600, "*")],
  ["of another nkey", () => nats.passOf(generateNkey().publicKey, 3600)],
  [
    "that is older",
    () => signPass({ name: "n1", nkey, account: nats.account, seconds: 9999 }, nats.issuer, 1000),
  ],
  ["that nobody signed", () => `${nats.passOf(nkey, 3600)}AA`],
  ["that is none", () => "a.b.c"],
  ["that is a page", () => "<html>"],
])("a pass %s takes no place", async (_what, make) => {
  const first = nats.passOf(nkey, 6);
  putPass(first);
  answer = () => ({ pass: make() });
  start();
  await vi.waitFor(() => expect(lines.join("")).toContain("pass was not renewed"), patient);
  expect(kept()).toBe(first);
});

test("a refusal is asked again much later, and told while NATS still takes the pass", async () => {
  putPass(nats.passOf(nkey, 8));
  answer = () => ({ status: 403, pass: "" });
  start();
  await vi.waitFor(
    () => expect(alarms).toEqual([expect.stringContaining("role-forbidden: the pass for NATS ends at")]),
    patient,
  );
  expect(connection?.isConnected()).toBe(true);
  expect(asked).toHaveLength(1);
});
