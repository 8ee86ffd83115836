import { addToken, revokeToken, listTokens } from "../src/files/token-file.ts";
import { writeFileSync } from "node:fs";
import { request, type IncomingMessage } from "node:http";
import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually } from "./fixture/nats-server.ts";
import { startTestFleet, type TestFleet } from "./fixture/test-fleet.ts";

let fleet: TestFleet;
beforeAll(async () => {
  fleet = await startTestFleet({ jsonBytes: 4096 });
});
afterAll(() => fleet.stop());

test.each([
  ["viewer", "/v1/nodes", 200],
  ["admin", "/v1/nodes", 200],
  ["n1", "/v1/nodes", 403],
  ["cache-writer", "/v1/fleet", 403],
  ["enroll", "/v1/fleet", 403],
])("answers a token of %s at %s with %i", async (role, path, status) => {
  expect((await fleet.call(path, { role })).status).toBe(status);
});

test("lets a viewer write nothing", async () => {
  for (const path of ["/v1/head", `/v1/worlds/${"a".repeat(64)}`, "/v1/nodes/n1/build"]) {
    const answer = await fleet.call(path, { method: "PUT", role: "viewer", body: {} });
    expect(answer.json()).toMatchObject({ status: 403, code: "role-forbidden" });
  }
});

test("asks for a token and says how, also where nothing is", async () => {
  for (const path of ["/v1/fleet", "/v1/none", "/cache/nix-cache-info"]) {
    const answer = await fetch(`${fleet.url}${path}`);
    expect(answer.status).toBe(401);
    expect(answer.headers.get("www-authenticate")).toContain("Bearer");
    expect(await answer.json()).toMatchObject({ code: "token-missing" });
  }
});

test("takes a new, an expired and a revoked token over while it runs", async () => {
  const file = fleet.config.tokensFile;
  const { token, stored } = await addToken(file, { name: "late", role: "viewer" });
  await eventually("new token", async () => (await fleet.call("/v1/fleet", { token })).status === 200);
  await revokeToken(file, stored.id);
  await eventually("revoked token", async () => (await fleet.call("/v1/fleet", { token })).status === 401);
  expect(listTokens(file).find(({ id }) => id === stored.id)?.revokedAt).toBeDefined();
  const short = await addToken(file, { name: "short", role: "viewer", lifeSeconds: 2 });
  await eventually(
    "short token",
    async () => (await fleet.call("/v1/fleet", { token: short.token })).status === 200,
  );
  await eventually(
    "expired token",
    async () => (await fleet.call("/v1/fleet", { token: short.token })).status === 401,
  );
});

test("keeps the last good tokens while the file is broken", async () => {
  const good = JSON.stringify({ v: 1, tokens: listTokens(fleet.config.tokensFile) });
  writeFileSync(fleet.config.tokensFile, "{broken");
  await eventually("broken file reported", async () => {
    expect((await fleet.call("/v1/fleet")).status).toBe(200);
    return fleet.logged.some((line) => line.includes("changed file ignored"));
  });
  writeFileSync(fleet.config.tokensFile, good);
});

test("answers a body that is no JSON, of another type, or too large with a problem document", async () => {
  const url = `${fleet.url}/v1/head`;
  const headers = { Authorization: `Bearer ${fleet.tokens.get("operator") ?? ""}` };
  const json = { ...headers, "Content-Type": "application/json" };
  const broken = await fetch(url, { method: "PUT", headers: json, body: "{" });
  expect([broken.status, broken.headers.get("content-type")]).toEqual([422, "application/problem+json"]);
  const form = await fetch(url, {
    method: "PUT",
    headers: { ...headers, "Content-Type": "text/plain" },
    body: "{}",
  });
  expect(await form.json()).toMatchObject({ status: 415, code: "media-type-wrong" });
  const large = await fetch(url, { method: "PUT", headers: json, body: JSON.stringify("x".repeat(5000)) });
  expect(await large.json()).toMatchObject({ status: 413, code: "body-too-large" });
  const missing = await fetch(url, { method: "PUT", headers: json, body: "{}" });
  const { errors } = JSON.parse(await missing.text());
  expect(errors.map(({ field }: { field: string }) => field)).toEqual(["envelope", "expectedRevision"]);
});

test("describes every route of the API to everybody", async () => {
  const { paths } = JSON.parse(await (await fetch(`${fleet.url}/v1/openapi.json`)).text());
  const routes = Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(Object(methods)).map((method) => `${method.toUpperCase()} ${path}`),
  );
  expect(routes.toSorted()).toEqual([
    "GET /v1/audit",
    "GET /v1/audit/checkpoint",
    "GET /v1/documents",
    "GET /v1/documents/revision",
    "GET /v1/events",
    "GET /v1/events/page",
    "GET /v1/fleet",
    "GET /v1/heads",
    "GET /v1/keys",
    "GET /v1/nodes",
    "GET /v1/nodes/{node}",
    "GET /v1/nodes/{node}/events",
    "GET /v1/orders",
    "GET /v1/panic/ready",
    "GET /v1/proposals",
    "GET /v1/quarantine",
    "GET /v1/sessions",
    "GET /v1/sessions/{node}/{session}/kept",
    "GET /v1/waves/{digest}",
    "GET /v1/worlds/{id}",
    "GET /v1/worlds/{id}/leaves/{node}",
    "POST /v1/nodes/{node}/pass",
    "POST /v1/orders",
    "POST /v1/panic/release",
    "PUT /v1/head",
    "PUT /v1/keys",
    "PUT /v1/nodes/{node}/build",
    "PUT /v1/panic",
    "PUT /v1/panic/ready",
    "PUT /v1/proposals/{id}",
    "PUT /v1/quarantine",
    "PUT /v1/rollout/ask",
    "PUT /v1/waves/{digest}",
    "PUT /v1/worlds/{id}",
  ]);
  expect(JSON.stringify(paths)).not.toContain('"schema":{}');
});

test("takes no body in chunks, and never waits for one", async () => {
  for (const role of ["n1", "operator"]) {
    const headers = {
      Authorization: `Bearer ${fleet.tokens.get(role) ?? ""}`,
      "Content-Type": "application/json",
      "Transfer-Encoding": "chunked",
    };
    const upload = request(`${fleet.url}/v1/worlds/${"a".repeat(64)}`, { method: "PUT", headers });
    // Never ended: only an answer that waits for no body can come.
    upload.write("{");
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      upload.on("response", resolve).on("error", reject);
    });
    const text = Buffer.concat(await answer.toArray()).toString();
    expect([answer.statusCode, text]).toEqual([422, expect.stringContaining("Content-Length")]);
    upload.destroy();
  }
});

test("takes nothing from another site, whatever token its page has", async () => {
  const head = { envelope: {}, expectedRevision: 0 };
  for (const origin of ["https://evil.example", "null", fleet.url.replace("http:", "https:") + "0"]) {
    for (const path of ["/v1/head", `/cache/nar/${"0".repeat(52)}.nar`]) {
      const answer = await fleet.call(path, { method: "PUT", body: head, headers: { Origin: origin } });
      expect(answer.json()).toMatchObject({ status: 403, code: "role-forbidden" });
    }
  }
  const own = await fleet.call("/v1/head", { method: "PUT", body: head, headers: { Origin: fleet.url } });
  expect(own.status).toBe(422);
});

test("counts requests, cache reads, nodes and the connection for this machine, and for others with a token", async () => {
  await fleet.call(`/cache/${"0".repeat(32)}.narinfo`);
  const local = await (await fetch(`${fleet.url}/metrics`)).text();
  expect(local).toContain('chimera_cache_reads_total{kind="narinfo",result="miss"} 1');
  expect(local).toContain('chimera_nodes{state="silent"} 2');
  expect(local).toContain("chimera_nats_connected 1");
  expect(local).toContain("chimera_key_set_version 1");
  const [, expires = "0"] = /chimera_key_set_expires_timestamp_seconds ([0-9.e+]+)/.exec(local) ?? [];
  expect(Number(expires)).toBeGreaterThan(Date.now() / 1000);
  expect(local).toMatch(
    /chimera_http_request_duration_seconds_count\{method="GET",route="\/v1\/fleet",status="200"\}/,
  );
  const proxied = await fetch(`${fleet.url}/metrics`, { headers: { "X-Forwarded-For": "192.0.2.1" } });
  expect(proxied.status).toBe(401);
  const viewer = {
    "X-Forwarded-For": "192.0.2.1",
    Authorization: `Bearer ${fleet.tokens.get("viewer") ?? ""}`,
  };
  expect((await fetch(`${fleet.url}/metrics`, { headers: viewer })).status).toBe(200);
});

test("says at once that NATS is away, stays alive, and is back with it", async () => {
  await fleet.nats.stop();
  await eventually("not ready", async () => (await fetch(`${fleet.url}/readyz`)).status === 503);
  expect((await fetch(`${fleet.url}/healthz`)).status).toBe(200);
  const answer = await fleet.call("/v1/fleet");
  expect(answer.json()).toMatchObject({ status: 503, code: "server-unreachable" });
  expect(answer.headers.get("retry-after")).toBe("2");
  expect((await fleet.call("/v1/nodes", { role: "viewer" })).status).toBe(200);
});
