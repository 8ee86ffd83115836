/** Sessions of nodes over the controller: who is shown what, and who is let go. The node is a NATS client with a node's own rights. */
import { createConnection } from "node:net";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { KeptPages, SessionList } from "@chimera/proto/sessions/session-api";
import { encodeKeptPage } from "@chimera/proto/sessions/kept-page";
import { decodeFrame, encodeFrame } from "@chimera/proto/sessions/session-frame";
import { StreamId, type SessionFacts } from "@chimera/proto/sessions/session";
import { sessionFacts } from "@chimera/proto/sessions/session-fixture";
import { ViewAsk } from "@chimera/proto/sessions/view-ask";
import { subjects } from "@chimera/proto/subjects";
import type { NatsConnection } from "nats";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { readNodes } from "../../src/files/node-file.ts";
import { addToken, revokeToken } from "../../src/files/token-file.ts";
import { eventually } from "../fixture/nats-server.ts";
import { connectAsNode } from "../fixture/raw-nats.ts";
import { bearer, openedViewer, openViewer } from "../fixture/raw-viewer.ts";
import { startTestFleet, type TestFleet } from "../fixture/test-fleet.ts";
import { fleetId } from "../fixture/test-keys.ts";

const stream = StreamId.parse("0123456789abcdef");

let fleet: TestFleet;
let node: NatsConnection;
let asks: ViewAsk[] = [];
beforeAll(async () => {
  fleet = await startTestFleet();
  node = await connectAsNode(fleet, "n1");
  node.subscribe(subjects.cmd(fleetId, "n1"), {
    callback: (_, message) => void asks.push(ViewAsk.parse(message.json())),
  });
  await node.flush();
});
beforeEach(() => (asks = []));
afterAll(async () => {
  await node.close();
  await fleet.stop();
});

const say = (name: string, changes: Partial<SessionFacts> = {}): void =>
  node.publish(subjects.session(fleetId, "n1", name), JSON.stringify(sessionFacts(name, changes)));
const listed = async (query = "") =>
  SessionList.parse((await fleet.call(`/v1/sessions${query}`, { role: "viewer" })).json()).sessions;

const attach = "/v1/sessions/n1/deploy-7/attach";
const first = JSON.stringify({ v: 1, seen: null });

test("lists what runs, and what has ended when asked for it; what a node has forgotten is gone", async () => {
  say("deploy-7");
  say("deploy-6", { state: "ended", exitCode: 0, endedAt: "2026-11-30T02:00:01.000Z" });
  node.publish(subjects.session(fleetId, "n1", "bad"), "{}");
  node.publish(subjects.session(fleetId, "n1", "other"), JSON.stringify(sessionFacts("deploy-7")));
  await eventually("facts", async () => (await listed("?all=true")).length === 2);
  expect((await listed()).map(({ node: of, facts: { name } }) => `${of}/${name}`)).toEqual(["n1/deploy-7"]);
  expect(await listed("?all=true&node=n2")).toEqual([]);
  expect(await listed("?all=true&session=deploy-6")).toMatchObject([{ facts: { name: "deploy-6" } }]);
  expect(await listed("?all=true&session=deploy-5")).toEqual([]);
  node.publish(subjects.session(fleetId, "n1", "deploy-6"), "");
  await eventually("forgotten", async () => (await listed("?all=true")).length === 1);
  expect((await fleet.call("/v1/sessions", { role: "n1" })).status).toBe(403);
});

const pageSubject = (page: number) => subjects.sessionPage(fleetId, "n1", { session: "deploy-7", page });

test("gives what was kept of one, the newest piece last", async () => {
  const piece = (from: number, text: string) => encodeKeptPage({ stream, from, bytes: Buffer.from(text) });
  node.publish(pageSubject(1), piece(65_536, "two"));
  node.publish(pageSubject(0), piece(131_072, "three"));
  await node.flush();
  const answer = await fleet.call("/v1/sessions/n1/deploy-7/kept", { role: "viewer" });
  const { pages } = KeptPages.parse(answer.json());
  expect(pages.map(({ page }) => decodeFrame(Buffer.from(page, "base64"))?.head)).toEqual([
    { kind: "output", stream, from: 65_536 },
    { kind: "output", stream, from: 131_072 },
  ]);
  expect((await fleet.call("/v1/sessions/n1/..%2Fx/kept")).status).toBe(422);
});

test("brings a viewer's asks to the node, frames back byte for byte, and says when the viewer has gone", async () => {
  const { socket, messages, closed } = await openedViewer(fleet, attach, "viewer");
  socket.send(first);
  await eventually("ask", () => asks.length === 1);
  const [{ view } = { view: undefined }] = asks;
  expect(view).toMatchObject({ session: "deploy-7", seen: null, isOver: false });
  const bytes = Uint8Array.from({ length: 256 }, (_, index) => index);
  const frame = encodeFrame({ head: { kind: "output", stream, from: 0 }, bytes });
  node.publish(
    subjects.sessionView(fleetId, "n1", { session: "deploy-7", viewer: view?.viewer ?? "" }),
    frame,
  );
  await eventually("frame", () => messages.length === 1);
  expect(new Uint8Array(messages[0] ?? [])).toEqual(frame);
  socket.send(JSON.stringify({ v: 1, seen: { stream, to: 256 } }));
  await eventually("second ask", () => asks.length === 2);
  expect(asks[1]?.view).toMatchObject({ viewer: view?.viewer, seen: { stream, to: 256 } });
  socket.close();
  await closed;
  await eventually("gone", () => asks.length === 3);
  expect(asks[2]?.view).toMatchObject({ viewer: view?.viewer, isOver: true });
});

test("a browser names its token beside the protocol, and only that protocol is answered", async () => {
  const token = `chimera.token.${fleet.tokens.get("viewer") ?? ""}`;
  const { socket, closed } = openViewer(fleet, attach, { protocols: ["chimera.attach.v1", token] });
  await once(socket, "open");
  expect(socket.protocol).toBe("chimera.attach.v1");
  socket.close();
  await closed;
});

test.each<[string, string, () => Record<string, string>, number]>([
  ["nobody", attach, () => ({}), 401],
  ["a node", attach, () => bearer(fleet, "n1"), 403],
  ["an unknown token", attach, () => ({ Authorization: "Bearer 0123456789" }), 401],
  ["another site", attach, () => ({ ...bearer(fleet, "viewer"), Origin: "http://evil.example" }), 403],
  ["a wildcard for a node", "/v1/sessions/*/deploy-7/attach", () => bearer(fleet, "viewer"), 422],
  ["a subject for a session", "/v1/sessions/n1/a.b/attach", () => bearer(fleet, "viewer"), 422],
  ["nothing that is there", "/v1/nodes/n1/attach", () => bearer(fleet, "viewer"), 404],
  ["a path that is no WebSocket", "/v1/nodes", () => bearer(fleet, "viewer"), 200],
])("%s is let in nowhere", async (...[, path, headers, status]) => {
  expect(await openViewer(fleet, path, { headers: headers() }).closed).toEqual([status, "refused"]);
});

test.each([
  ["what is no ask", "{}"],
  ["what is no JSON", "hello"],
  ["an ask for another viewer's frames", JSON.stringify({ v: 1, seen: { stream: "x", to: 0 } })],
])("%s ends it", async (_, text) => {
  const { socket, closed } = await openedViewer(fleet, attach, "viewer");
  socket.send(text);
  expect(await closed).toEqual([1008, "that is no ask"]);
});

test("more than anybody could say ends it, and bytes are no ask", async () => {
  const large = await openedViewer(fleet, attach, "viewer");
  large.socket.send("x".repeat(5000));
  expect((await large.closed)[0]).toBe(1009);
  const binary = await openedViewer(fleet, attach, "viewer");
  binary.socket.send(Buffer.from(first));
  expect((await binary.closed)[0]).toBe(1008);
});

test("a token that is revoked watches no longer", async () => {
  const { token, stored } = await addToken(fleet.config.tokensFile, { name: "late", role: "viewer" });
  await eventually("known", async () => (await fleet.call("/v1/fleet", { token })).status === 200);
  const { socket, closed } = openViewer(fleet, attach, { headers: { Authorization: `Bearer ${token}` } });
  await once(socket, "open");
  await revokeToken(fleet.config.tokensFile, stored.id);
  await eventually("revoked", async () => (await fleet.call("/v1/fleet", { token })).status === 401);
  socket.send(first);
  expect(await closed).toEqual([1008, "the token is no longer one"]);
});

test("one token opens so many, and the next when one of them is closed", async () => {
  const { token } = await addToken(fleet.config.tokensFile, { name: "many", role: "viewer" });
  await eventually("known", async () => (await fleet.call("/v1/fleet", { token })).status === 200);
  const headers = { Authorization: `Bearer ${token}` };
  const all = Array.from({ length: 32 }, () => openViewer(fleet, attach, { headers }));
  await Promise.all(all.map(({ socket }) => once(socket, "open")));
  expect(await openViewer(fleet, attach, { headers }).closed).toEqual([503, "refused"]);
  all[0]?.socket.close();
  await all[0]?.closed;
  const next = openViewer(fleet, attach, { headers });
  await once(next.socket, "open");
  for (const { socket } of [...all, next]) socket.terminate();
});

const ofFlood = (): ViewAsk[] => asks.filter(({ view }) => view.session === "flood");

test("a node that sends more than was asked for, to a viewer that reads nothing, costs that viewer its connection", async () => {
  const { socket, closed } = await openedViewer(fleet, "/v1/sessions/n1/flood/attach", "viewer");
  socket.send(first);
  await eventually("ask", () => ofFlood().length === 1);
  socket.pause();
  const frame = encodeFrame({ head: { kind: "output", stream, from: 0 }, bytes: new Uint8Array(65_536) });
  const viewer = ofFlood()[0]?.view.viewer ?? "";
  const subject = subjects.sessionView(fleetId, "n1", { session: "flood", viewer });
  for (let round = 0; round < 400; round += 1) {
    node.publish(subject, frame);
    if (round % 50 === 0) await node.flush();
  }
  await eventually("gone", () => ofFlood().some(({ view }) => view.isOver));
  socket.resume();
  expect((await closed)[0]).toBe(1006);
});

test("whoever offers HTTP/2 is answered as before", async () => {
  const { port, hostname } = new URL(fleet.url);
  const socket = createConnection(Number(port), hostname);
  socket.write(
    "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMA\r\n\r\n",
  );
  const [answer] = await once(socket, "data");
  expect(String(answer)).toMatch(/^HTTP\/1\.1 200 OK\r\n/u);
  socket.destroy();
});

test("a node that was removed has no sessions in the fleet's list", async () => {
  const gone = await connectAsNode(fleet, "n2");
  gone.publish(subjects.session(fleetId, "n2", "left"), JSON.stringify(sessionFacts("left")));
  await eventually("facts", async () => (await listed("?node=n2")).length === 1);
  await gone.close();
  const { nodes, ...file } = readNodes(fleet.config.nodesFile);
  const others = Object.fromEntries(Object.entries(nodes).filter(([name]) => name !== "n2"));
  await writeFile(fleet.config.nodesFile, JSON.stringify({ ...file, nodes: others }));
  await eventually("removed", async () => (await listed("?node=n2")).length === 0);
  expect(await listed("?node=n1")).not.toEqual([]);
});
