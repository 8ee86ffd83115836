/** Who asks too often: guesses of tokens are slowed and told of, a flood is refused, and nobody else is locked out, least of all a panic. */
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { request } from "node:http";
import { afterAll, beforeAll, expect, test } from "vitest";
import { addToken, listTokens, revokeToken } from "../../src/files/token-file.ts";
import { auditEntries } from "../fixture/audit.ts";
import { eventually } from "../fixture/nats-server.ts";
import { openViewer, type RawViewer } from "../fixture/raw-viewer.ts";
import { startTestFleet, type TestFleet } from "../fixture/test-fleet.ts";

const limits = { wrongTokens: 5, strangerRequests: 40, tokenRequests: 60 };

let fleet: TestFleet;
beforeAll(async () => {
  fleet = await startTestFleet(limits);
});
afterAll(() => fleet.stop());

const guess = (number: number) => fleet.call("/v1/fleet", { token: `chimera_guess-${number}` });

test("wrong tokens beyond a few are slowed and refused by another word, a right one from there is not", async () => {
  const few = await Promise.all(Array.from({ length: 5 }, (_, i) => guess(i)));
  expect(few.map(({ status }) => status)).toEqual([401, 401, 401, 401, 401]);
  const startedMs = performance.now();
  const next = await guess(6);
  expect(performance.now() - startedMs).toBeGreaterThan(900);
  expect(next.json()).toMatchObject({ status: 429, code: "too-many-requests" });
  expect(next.headers.get("retry-after")).toBe("10");
  expect(next.headers.get("connection")).toBe("close");
  expect((await fleet.call("/v1/fleet")).status).toBe(200);
});

test("two hundred guesses at a time are all refused within seconds, and are in the audit log as few entries and a sum", async () => {
  const startedMs = performance.now();
  const flood = await Promise.all(Array.from({ length: 200 }, (_, i) => guess(100 + i)));
  expect(flood.every(({ status }) => status === 429)).toBe(true);
  expect(performance.now() - startedMs).toBeLessThan(5000);
  const said = () => auditEntries(fleet).then((entries) => entries.map((entry) => entry.said));
  await eventually("told", async () =>
    (await said()).some((one) => one.kind === "refused" && one.code === "too-many-requests"),
  );
  expect((await said()).filter((one) => one.kind === "refused").length).toBeLessThanOrEqual(33);
  expect((await fleet.call("/v1/fleet")).status).toBe(200);
});

test("whoever shows no token is answered so many times, and is still told that all is well", async () => {
  const all = await Promise.all(
    Array.from({ length: 60 }, () => fetch(`${fleet.url}/v1/openapi.json`).then(({ status }) => status)),
  );
  expect(all.filter((status) => status === 200)).toHaveLength(40);
  expect(all.filter((status) => status === 429)).toHaveLength(20);
  expect((await fetch(`${fleet.url}/v1/fleet`)).status).toBe(429);
  expect((await fetch(`${fleet.url}/nowhere`)).status).toBe(429);
  expect((await fetch(`${fleet.url}/healthz`)).status).toBe(200);
  expect((await fleet.call("/v1/fleet")).status).toBe(200);
});

test("one token asks so many times; others, what it reads of the cache, and its panic are not stopped by that", async () => {
  const { token } = await addToken(fleet.config.tokensFile, { name: "busy", role: "operator" });
  await eventually("known", async () => (await fleet.call("/v1/fleet", { token })).status === 200);
  const many = await Promise.all(Array.from({ length: 80 }, () => fleet.call("/v1/fleet", { token })));
  expect(many.filter(({ status }) => status === 429).length).toBeGreaterThanOrEqual(20);
  const nar = await fleet.call(`/cache/nar/${"0".repeat(52)}.nar`, { method: "PUT", token, body: {} });
  expect(nar.status).toBe(429);
  for (let i = 0; i < 100; i += 1) {
    const read = await fleet.call("/cache/nix-cache-info", { token });
    expect(read.status).toBe(200);
  }
  for (const [method, path] of [
    ["PUT", "/v1/panic"],
    ["POST", "/v1/panic/release"],
  ] as const) {
    const panic = await fleet.call(path, { method, token, body: {} });
    expect([path, panic.status]).toEqual([path, expect.toSatisfy((code) => code === 409 || code === 422)]);
  }
  expect((await fleet.call("/v1/fleet", { role: "viewer" })).status).toBe(200);
});

test("an answer that goes on ends when its token is revoked, also where nobody says a word", async () => {
  const { token, stored } = await addToken(fleet.config.tokensFile, { name: "silent", role: "viewer" });
  await eventually("known", async () => (await fleet.call("/v1/nodes", { token })).status === 200);
  const response = await fetch(`${fleet.url}/v1/orders/${"a".repeat(64)}/sessions`, {
    headers: { Authorization: `Bearer ${token}` },
  });
  expect(response.status).toBe(200);
  await revokeToken(fleet.config.tokensFile, stored.id);
  // Reads until the controller ends it.
  expect(await response.text()).toContain('"told"');
  expect([401, 429]).toContain((await fleet.call("/v1/nodes", { token })).status);
});

test("a WebSocket ends when its token is revoked or loses its role, also where nobody says a word", async () => {
  const file = fleet.config.tokensFile;
  const attach = "/v1/sessions/n1/deploy-7/attach";
  const revoked = await addToken(file, { name: "late", role: "viewer" });
  const demoted = await addToken(file, { name: "demoted", role: "operator" });
  const closed: RawViewer["closed"][] = [];
  for (const { token } of [revoked, demoted]) {
    await eventually("known", async () => (await fleet.call("/v1/fleet", { token })).status === 200);
    const viewer = openViewer(fleet, attach, { headers: { Authorization: `Bearer ${token}` } });
    await once(viewer.socket, "open");
    closed.push(viewer.closed);
  }
  await revokeToken(file, revoked.stored.id);
  const tokens = listTokens(file);
  const changed = tokens.map((one) => (one.id === demoted.stored.id ? { ...one, role: "enroll" } : one));
  writeFileSync(file, JSON.stringify({ v: 1, tokens: changed }));
  expect(await Promise.all(closed)).toEqual([1, 2].map(() => [1008, "the token is no longer one"]));
});

test("what this machine may ask for without a token, a name that was made to lead here may not", async () => {
  expect((await fleet.call("/metrics", { token: "x", headers: { Authorization: "" } })).status).toBe(200);

  const status = await new Promise<number>((resolve, reject) => {
    const headers = { Host: `rebound.example:${fleet.config.listen.port}` };
    const asked = request(`${fleet.url}/metrics`, { headers }, (answer) => {
      answer.resume();
      resolve(answer.statusCode ?? 0);
    });
    asked.on("error", reject).end();
  });
  expect([401, 429]).toContain(status);
});
