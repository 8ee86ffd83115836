import { expect, test } from "vitest";
import type { NodeFacts } from "../facts.ts";
import { judgeNode } from "./judge-node.ts";
import { controller, day, healthy, notOk, nowMs, server } from "./node-fixture.ts";

const pass = "/p";
const rows: [string, Partial<NodeFacts>, string[]][] = [
  [
    "an ended pass",
    { pass: { path: pass, issuedMs: nowMs - 2 * day, expiresMs: nowMs - day } },
    ["fail nats-pass: the pass ended 24 hours ago"],
  ],
  [
    "a pass that nobody renews",
    { pass: { path: pass, issuedMs: nowMs - 9 * day, expiresMs: nowMs + day } },
    ["warn nats-pass: the pass counts 24 hours more, and was not renewed"],
  ],
  [
    "garbage for a pass",
    { pass: { path: pass, problem: "the pass is no JWT" } },
    ["fail nats-pass: no pass can be read: the pass is no JWT"],
  ],
  ["users known by their nkeys", { pass: null }, []],
  ["no time server", { clock: { synchronized: false } }, ["warn clock: no time server keeps it right"]],
  [
    "a clock ahead",
    { controller: { ...controller, offsetMs: 20_000 } },
    ["warn clock: it is 20 s ahead of the controller's"],
  ],
  [
    "a clock far behind",
    { controller: { ...controller, offsetMs: -3_600_000 } },
    ["fail clock: it is 3600 s behind the controller's"],
  ],
  [
    "a silent NATS",
    { nats: [{ ...server, info: null, reason: "connect ECONNREFUSED" }], natsHeld: false },
    ["fail nats: NATS does not answer: connect ECONNREFUSED"],
  ],
  [
    "one silent NATS of two",
    { nats: [{ ...server, info: null, reason: "connect ECONNREFUSED" }, server] },
    ["warn nats: NATS does not answer: connect ECONNREFUSED"],
  ],
  [
    "an old NATS",
    { nats: [{ ...server, info: { version: "2.14.2", jetstream: true, tls: true } }] },
    ["fail nats: nats-server 2.14.2 is too old"],
  ],
  [
    "the first good NATS",
    { nats: [{ ...server, info: { version: "2.14.3", jetstream: true, tls: true } }] },
    [],
  ],
  [
    "a NATS to come",
    { nats: [{ ...server, info: { version: "3.0.0-beta.1", jetstream: true, tls: true } }] },
    [],
  ],
  [
    "a NATS that says nothing of its version",
    { nats: [{ ...server, info: { version: "x", jetstream: true, tls: true } }] },
    ["fail nats: nats-server x is too old"],
  ],
  [
    "a NATS without JetStream",
    { nats: [{ ...server, info: { version: "2.15.1", jetstream: false, tls: true } }] },
    ["fail nats: it has no JetStream"],
  ],
  [
    "a far NATS in the clear",
    { nats: [{ ...server, isLocal: false }] },
    ["warn nats: nats-server 2.15.1 answers in the clear"],
  ],
  [
    "an ended certificate of NATS",
    { nats: [{ ...server, certificateEndMs: nowMs - day }] },
    ["fail certificate: its certificate ended 1 days ago"],
  ],
  [
    "an nkey that NATS does not know",
    { natsHeld: false },
    ["fail nats-connection: it has no connection to NATS"],
  ],
  [
    "a silent controller",
    { controller: { ...controller, status: null, reason: "ENOTFOUND" } },
    ["fail controller: the controller does not answer: ENOTFOUND"],
  ],
  [
    "a refused token",
    { controller: { ...controller, status: 401 } },
    ["fail controller: it refuses the token (HTTP 401)"],
  ],
  [
    "no token",
    { controller: { ...controller, status: 401, hasToken: false } },
    ["fail controller: no token is configured"],
  ],
  [
    "a controller that is not ready",
    { controller: { ...controller, status: 503 } },
    ["fail controller: it answers HTTP 503"],
  ],
  [
    "a controller in the clear",
    { controller: { ...controller, url: "http://hub:7070" } },
    ["warn controller: the controller answers in the clear"],
  ],
  ["a controller on this machine", { controller: { ...controller, url: "http://127.0.0.1:7070" } }, []],
  [
    "a certificate that ends",
    { controller: { ...controller, certificateEndMs: nowMs + 5 * day } },
    ["warn certificate: its certificate ends in 5 days"],
  ],
  [
    "another version",
    { controller: { ...controller, version: "1.1" } },
    ["warn version: the agent is 1.0, the controller is 1.1"],
  ],
];

test.each(rows)("finds %s", (_, change, found) => {
  expect(notOk({ ...healthy, ...change })).toEqual(found);
});

test("whatever is wrong there comes with where, why and how to mend it", () => {
  const all = rows.flatMap(([, change]) => judgeNode({ ...healthy, ...change }));
  for (const { level, where, why, mend } of all) {
    expect(where).not.toBe("");
    expect([level, why === null, mend === null]).toEqual([level, level === "ok", level === "ok"]);
  }
});
