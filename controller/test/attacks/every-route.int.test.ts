/** Every route that the application has, also the one that is added tomorrow: who may not is let in nowhere, and no name leads out of its folder. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createConnection } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLog } from "@chimera/proto/log";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openApp } from "../../src/commands/serve.ts";
import { requestText, typeRequest } from "../fixture/raw-http.ts";
import { startTestFleet, type TestFleet } from "../fixture/test-fleet.ts";

interface Route {
  method: string;
  path: string;
}

let fleet: TestFleet;
let routes: Route[];
beforeAll(async () => {
  // Who walks all routes asks more often than anybody should.
  fleet = await startTestFleet({ strangerRequests: 1_000_000, wrongTokens: 1_000_000 });
  routes = await routesOf(fleet);
});
afterAll(() => fleet.stop());

/** The application's own table, without what stands before its routes. */
async function routesOf({ config }: TestFleet): Promise<Route[]> {
  const directory = mkdtempSync(join(tmpdir(), "chimera-routes-"));
  const log = createLog({ fields: {}, write: () => undefined });
  const { app, close } = openApp({ ...config, cacheDir: join(directory, "cache") }, log, {});
  const found = app.routes.filter(({ method }) => method !== "ALL");
  await close();
  rmSync(directory, { recursive: true });
  return [...new Map(found.map(({ method, path }) => [`${method} ${path}`, { method, path }])).values()];
}

const open = ["GET /healthz", "GET /readyz", "GET /v1/openapi.json", "GET /metrics"];
const guarded = () => routes.filter(({ method, path }) => !open.includes(`${method} ${path}`));
const isWrite = ({ method }: Route) => method !== "GET";
const filled = (path: string, value: string) => path.replaceAll(/:[a-zA-Z]+(\{[^}]*\})?/g, value);

const raw = (request: string) => typeRequest(fleet, request);
const ask = (at: Route & { body?: string }, headers: Record<string, string> = {}) =>
  raw(requestText(at, headers));

const json = { "Content-Type": "application/json" };
const bearer = (role: string) => ({ Authorization: `Bearer ${fleet.tokens.get(role) ?? ""}` });

test("the table holds the routes that everybody knows, reads and writes", () => {
  const known = routes.map(({ method, path }) => `${method} ${path}`);
  expect(known).toEqual(expect.arrayContaining(["PUT /v1/head", "PUT /cache/nar/:name", ...open]));
  expect(routes.filter(isWrite).length).toBeGreaterThan(10);
  expect(routes.filter(({ path }) => path.includes(":")).length).toBeGreaterThan(15);
});

test("a stranger, a wrong token and a token for enrolment are let in nowhere", async () => {
  const wrong = { Authorization: `Bearer chimera_${"A".repeat(43)}` };
  for (const route of guarded()) {
    const at = { ...route, path: filled(route.path, "n1") };
    const seen = [await ask(at), await ask(at, wrong), await ask(at, bearer("enroll"))];
    expect([route, ...seen.map(({ status }) => status)]).toEqual([
      route,
      401,
      401,
      expect.toSatisfy(refused),
    ]);
  }
});

const refused = (status: unknown) => [403, 415, 422].includes(Number(status));
test("a viewer and a node write nowhere", async () => {
  for (const route of guarded().filter(isWrite)) {
    for (const role of ["viewer", "n1"]) {
      const at = { ...route, path: filled(route.path, "n1") };
      const { status } = await ask(at, { ...bearer(role), ...json, "Content-Length": "2" });
      // A node asks for its own pass, and has to sign that: without a word it gets none.
      const isOwn = route.path === "/v1/nodes/:node/pass" && role === "n1";
      expect([route, role, status]).toEqual([route, role, isOwn ? 400 : 403]);
    }
  }
});

/** Of each route's path; none may reach what the path itself does not. CVE-2026-39406, 39407, 47673, 54286 of hono were of this kind. */
const disguises: [string, (path: string) => string][] = [
  ["two slashes", (path) => `/${path}`],
  ["a slash more", (path) => path.replace(/\/(?=[^/]*$)/, "//")],
  ["a slash behind", (path) => `${path}/`],
  ["an encoded slash", (path) => path.replace(/\/(?=[^/]*$)/, "%2f")],
  ["an encoded letter", (path) => path.replace(/^\/(.)/, (_, letter: string) => `/%${hex(letter)}`)],
  ["a letter encoded twice", (path) => path.replace(/^\/(.)/, (_, letter: string) => `/%25${hex(letter)}`)],
  ["an encoded backslash", (path) => `/x%5C..${path}`],
  ["a backslash", (path) => path.replaceAll("/", "\\").replace("\\", "/")],
  ["dots", (path) => `/healthz/..${path}`],
  ["encoded dots", (path) => `/healthz/%2e%2e${path}`],
  ["capitals", (path) => path.toUpperCase()],
  ["a matrix parameter", (path) => path.replace(/^\/(\w+)/, "/$1;x=1")],
  ["a whole address", (path) => `http://127.0.0.1${path}`],
  ["another host's address", (path) => `http://evil.example${path}`],
  ["a NUL", (path) => `${path}%00`],
];

const hex = (letter: string) => letter.charCodeAt(0).toString(16);

test.each(disguises)("a path with %s lets no stranger in", async (_, disguise) => {
  for (const route of guarded()) {
    const at = { ...route, path: disguise(filled(route.path, "n1")) };
    const { status } = await ask(at, { "X-Forwarded-For": "127.0.0.1", "X-Original-URL": "/healthz" });
    expect([at, status]).toEqual([at, expect.toSatisfy((code) => [400, 401, 404].includes(Number(code)))]);
  }
});

const outside = "outside-7f3a9c";
const endings = ["", ".narinfo", ".nar", ".nar.zst", ".json"];

/** To that file, from every folder that the controller reads names in. */
function waysOut(): string[] {
  const ups = ["..%2f", "..%2f..%2f", "..%2f..%2f..%2f"];
  return ups.flatMap((up) => endings.map((ending) => `${up}${outside}${ending}`));
}

const names = [
  "..",
  "../../etc/passwd",
  "..%2f..%2fetc%2fpasswd",
  "%2e%2e%2f%2e%2e%2fetc%2fpasswd",
  "..%252f..%252fetc%252fpasswd",
  "..%5c..%5cetc%5cpasswd",
  ...waysOut(),
  `%2fetc%2fpasswd`,
  `${"a".repeat(64)}%2f..%2f..%2f${outside}`,
  "%00",
  `${"a".repeat(64)}%00.json`,
  "%c0%ae%c0%ae%c0%af",
  "%ff",
  "%",
  "%zz",
  "*",
  "%3e",
  "n1.n2",
  "$KV",
  "a".repeat(5000),
  "%e2%80%ae",
  "__proto__",
  "constructor",
];

test("no name in any place of any path leads out of its folder, into a subject, or to an error of ours", async () => {
  // What a way out of nar/ or closure/ would find, and a folder that would show what was written.
  for (const ending of endings) writeFileSync(join(fleet.directory, `${outside}${ending}`), "{}");
  mkdirSync(join(fleet.directory, "folder"));
  const before = filesOf(fleet.directory);
  for (const route of routes.filter(({ path }) => path.includes(":"))) {
    for (const name of names) {
      const at = { ...route, path: filled(route.path, name) };
      const body = isWrite(route) ? { ...json, "Content-Length": "2" } : {};
      const { status } = await ask({ ...at, body: "{}" }, { ...bearer("admin"), ...body });
      expect([at, status]).toEqual([at, expect.toSatisfy(isClientsFault)]);
    }
  }
  expect(filesOf(fleet.directory)).toEqual(before);
  expect(fleet.logged.filter((line) => /request failed/.test(line))).toEqual([]);
});

function filesOf(directory: string): string[] {
  const all = readdirSync(directory, { recursive: true, encoding: "utf8" });
  return all.filter((path) => !path.includes("jetstream")).toSorted((a, b) => a.localeCompare(b));
}

const isClientsFault = (status: unknown) => Number(status) >= 400 && Number(status) < 500;
const sites: [string, Record<string, string>][] = [
  ["another site", { Origin: "https://evil.example" }],
  ["a sandboxed page", { Origin: "null" }],
  ["another port of this host", { Origin: "http://127.0.0.1:1" }],
  ["a name that contains ours", { Origin: "http://127.0.0.1.evil.example" }],
  ["a page whose browser leaves the origin out", { "Sec-Fetch-Site": "cross-site" }],
  ["a neighbour of ours", { "Sec-Fetch-Site": "same-site" }],
  ["a page that says both", { Origin: "https://evil.example", "Sec-Fetch-Site": "same-origin" }],
  ["a page that says both, otherwise", { Origin: "http://127.0.0.1", "Sec-Fetch-Site": "cross-site" }],
];

test.each(sites)(
  "%s writes nowhere and opens no WebSocket, with a stolen token of an admin",
  async (_, site) => {
    for (const route of guarded().filter((one) => isWrite(one) || one.path.endsWith("/attach"))) {
      const upgrade = isWrite(route) ? json : webSocket;
      const at = { ...route, path: filled(route.path, "n1") };
      const { status } = await ask(at, { ...bearer("admin"), ...upgrade, ...site });
      expect([route, status]).toEqual([route, 403]);
    }
  },
);

const webSocket = {
  Connection: "Upgrade",
  Upgrade: "websocket",
  "Sec-WebSocket-Version": "13",
  "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
};

test.each(["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""])(
  "a body of the type %o, as any site's form can send it, is taken nowhere under /v1",
  async (type) => {
    const writes = guarded().filter((route) => isWrite(route) && route.path.startsWith("/v1/"));
    expect(writes.length).toBeGreaterThan(5);
    for (const route of writes) {
      const at = { ...route, path: filled(route.path, "n1") };
      const { status } = await ask(at, { ...bearer("admin"), "Content-Type": type, "Content-Length": "2" });
      expect([route, status]).toEqual([route, 415]);
    }
  },
);

test("every answer tells a browser to load nothing, frame nothing and guess nothing, also what is no answer of a route", async () => {
  const answers = [
    ...(await Promise.all(routes.map((route) => ask({ ...route, path: filled(route.path, "n1") })))),
    await ask({ method: "GET", path: "/" }),
    await ask({ method: "GET", path: "/v1/none" }, bearer("viewer")),
    await ask({ method: "DELETE", path: "/v1/head" }, { ...bearer("admin"), ...json }),
    await ask({ method: "OPTIONS", path: "/v1/head" }, { Origin: "https://evil.example" }),
    await ask({ method: "GET", path: "/v1/sessions/n1/x/attach" }, webSocket),
    await ask({ method: "GET", path: "/v1/nodes" }, { ...webSocket, ...bearer("viewer") }),
    await ask({ method: "GET", path: "/healthz" }, { Host: "a b" }),
    await raw("GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n"),
    await raw("nonsense\r\n\r\n"),
    await ask({ method: "GET", path: "/" }, { "X-Long": "x".repeat(20_000) }),
  ];
  for (const { status, head } of answers) {
    expect([status, head]).toEqual([
      expect.any(Number),
      expect.stringMatching(/^content-security-policy: default-src 'none'; .*frame-ancestors 'none'/im),
    ]);
    expect(head).toMatch(/^x-content-type-options: nosniff$/im);
    expect(head).toMatch(/^x-frame-options: DENY$/im);
    expect(head).toMatch(/^referrer-policy: no-referrer$/im);
    expect(head).not.toMatch(/^access-control-|^x-powered-by|^server:/im);
  }
});

test("a WebSocket where there is none is answered as what it is beside that, and keeps no seat", async () => {
  const at = { method: "GET", path: `/v1/orders/${"a".repeat(64)}/sessions` };
  for (let i = 0; i < 65; i += 1) {
    const socket = createConnection(fleet.config.listen.port, "127.0.0.1");
    socket.write(requestText(at, { ...webSocket, ...bearer("viewer") }));
    const [first] = await new Promise<Buffer[]>(
      (resolve) => void socket.once("data", (data) => resolve([data])),
    );
    expect(first?.toString("latin1")).toMatch(/^HTTP\/1\.1 200 /);
    socket.destroy();
  }
});
