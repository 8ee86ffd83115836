import { Head, type OpenedHead } from "@chimera/proto/signed/head";
import { seal, type Envelope } from "@chimera/proto/signed/envelope";
import { openFirstKeySet } from "@chimera/proto/signed/key-set";
import { openHead } from "@chimera/proto/signed/head";
import { generateKey } from "@chimera/proto/signed/keys";
import { FleetId } from "@chimera/proto/names";
import { Leaf, type World } from "@chimera/proto/signed/world";
import { NodeStatus } from "@chimera/proto/status";
import { expect, test } from "vitest";
import { fleetId, fleetKeys, keySet1, makeKeySet } from "../../test/fixture/test-keys.ts";
import type { FleetDocuments } from "./fleet-documents.ts";
import { judgeNewHead, type HeadSurroundings } from "./judge-new-head.ts";

const nowMs = Date.now();
const iso = (ms: number) => new Date(ms).toISOString();
const hour = 3_600_000;
const leaf = Leaf.parse({
  v: 1,
  fleetId,
  node: "n1",
  nodeKey: generateKey("n1").public,
  toplevel: `/nix/store/${"0".repeat(32)}-s`,
  closure: "a".repeat(64),
  closureSize: 1,
  substituters: [],
});
const world: World = { v: 1, leaves: [leaf] };
const keys = openFirstKeySet(keySet1);
const documents: FleetDocuments = {
  keys,
  keysRevision: 0,
  heads: [],
  headRevision: 0,
  panic: null,
  panicAliases: [],
  panicRevision: 0,
  rollout: null,
};
const around: HeadSurroundings = {
  documents,
  world,
  waves: [],
  registered: new Set(["n1"]),
  quarantined: new Set(),
  reported: [],
  nowMs,
};

interface Signed {
  opened: OpenedHead;
  envelope: Envelope;
}

function signed(change: object = {}): Signed {
  const head = Head.parse({
    v: 1,
    kind: "head",
    fleetId,
    epoch: 0,
    serial: 1,
    world: "b".repeat(64),
    size: 1,
    previous: null,
    mode: "deploy",
    policy: {},
    revertTo: null,
    consentUntil: null,
    createdAt: iso(nowMs),
    notAfter: iso(nowMs + hour),
    author: "a",
    reason: "",
    ...change,
  });
  const envelope = seal("head", head, [fleetKeys.publish]);
  return { opened: openHead(envelope, keys.set.roles.publish), envelope };
}

function judge({ opened, envelope }: Signed, change: Partial<HeadSurroundings> = {}) {
  return judgeNewHead(opened, envelope, { ...around, ...change });
}

function stored({ opened, envelope }: Signed): FleetDocuments {
  return { ...documents, heads: [{ ...opened, envelope, revision: 1, storedAt: iso(nowMs) }] };
}

function statusOf(node: string, accepted: object | null, panic: object | null = null): NodeStatus {
  const at = iso(nowMs);
  return NodeStatus.parse({
    v: 1,
    node,
    fleetId,
    at,
    state: "committed",
    waiting: null,
    agent: { version: "1", path: null, startedAt: at, bootId: "b" },
    accepted,
    wanted: null,
    system: { current: null, booted: null, profile: null, bootDefault: null },
    fetch: null,
    drift: { lastSweepAt: null, managed: 0, open: [], openCount: 0, reverted: 0 },
    panic,
    problem: null,
  });
}

const acceptedAs = (serial: number, id = "9".repeat(64)) => ({
  epoch: 0,
  serial,
  id,
  world: "b".repeat(64),
  acceptedAt: iso(nowMs),
});

test("stores a head whose world is there and whose nodes are registered", () => {
  expect(judge(signed())).toEqual({ kind: "store", world });
});

test.each([
  ["world-unknown", signed(), { world: undefined }],
  ["input-invalid", signed({ size: 2 }), {}],
  ["node-unknown", signed(), { registered: new Set<string>() }],
  [
    "fleet-mismatch",
    signed(),
    { world: { v: 1 as const, leaves: [{ ...leaf, fleetId: FleetId.parse("0".repeat(64)) }] } },
  ],
  ["fleet-mismatch", signed({ fleetId: "0".repeat(64) }), {}],
  ["head-expired", signed({ notAfter: iso(nowMs - 1) }), {}],
  ["order-jump", signed({ epoch: 1 }), {}],
  ["input-invalid", signed({ createdAt: iso(nowMs + 11 * 60_000) }), {}],
  ["quarantined", signed(), { quarantined: new Set([leaf.toplevel]) }],
])("refuses with %s", (code, head, change) => {
  expect(judge(head, change)).toMatchObject({ kind: "refuse", code });
});

test("refuses every head under a key set that has expired", () => {
  const expired = seal("keys", makeKeySet({ expires: iso(nowMs - 1) }), [fleetKeys.root]);
  const old = openFirstKeySet(expired);
  const verdict = judge(signed({ fleetId: old.fleetId }), { documents: { ...documents, keys: old } });
  expect(verdict).toMatchObject({ kind: "refuse", code: "keys-expired" });
});

test("lets a rollback name a node that is no longer registered", () => {
  expect(judge(signed({ mode: "rollback" }), { registered: new Set() }).kind).toBe("store");
});

test("takes only a head that follows the newest one, up to 10,000 above it; where there is none, any", () => {
  const first = signed();
  const held = { documents: stored(first) };
  expect(judge(signed({ serial: 10_001, previous: first.opened.id }), held).kind).toBe("store");
  for (const previous of [null, "e".repeat(64)]) {
    expect(judge(signed({ serial: 2, previous }), held)).toMatchObject({ code: "order-stale" });
  }
  const jump = signed({ serial: 10_002, previous: first.opened.id });
  expect(judge(jump, held)).toMatchObject({ code: "order-jump" });
  expect(judge(signed({ author: "twin" }), held)).toMatchObject({ code: "order-equivocation" });
  expect(judge(first, held)).toMatchObject({ kind: "stored-already" });
  expect(judge(signed({ serial: 90_000, previous: "e".repeat(64) })).kind).toBe("store");
});

test("after a loss of data takes only a head above what nodes accepted, or the very one, and names the node", () => {
  const reported = [statusOf("n1", null), statusOf("n2", acceptedAs(7))];
  for (const serial of [1, 7]) {
    expect(judge(signed({ serial }), { reported })).toMatchObject({
      code: "order-stale",
      reason: expect.stringContaining("0.7, which node n2 accepted"),
    });
  }
  expect(judge(signed({ serial: 8 }), { reported }).kind).toBe("store");
  const copy = signed({ serial: 7, notAfter: iso(nowMs - hour) });
  expect(judge(copy, { reported })).toMatchObject({ code: "head-expired" });
  const holder = statusOf("n3", acceptedAs(7, copy.opened.id));
  expect(judge(copy, { reported: [holder] }).kind).toBe("store");
});

test("what nodes took over ssh goes on top of what it follows, also when its time is over, and nothing else that is expired", () => {
  const first = signed();
  const held = { documents: stored(first) };
  const brought = signed({ serial: 4, previous: first.opened.id, notAfter: iso(nowMs - hour) });
  expect(judge(brought, held)).toMatchObject({ code: "head-expired" });
  const other = [statusOf("n1", acceptedAs(4))];
  expect(judge(brought, { ...held, reported: other })).toMatchObject({ code: "head-expired" });
  const holder = [statusOf("n1", acceptedAs(4, brought.opened.id))];
  expect(judge(brought, { ...held, reported: holder }).kind).toBe("store");
  const astray = signed({ serial: 4, previous: "e".repeat(64), notAfter: iso(nowMs - hour) });
  const there = [statusOf("n1", acceptedAs(4, astray.opened.id))];
  expect(judge(astray, { ...held, reported: there })).toMatchObject({ code: "order-stale" });
});

test("after a loss of data takes no head below a panic that a node accepted", () => {
  const panic = { epoch: 0, serial: 7, id: "8".repeat(64), acceptedAt: iso(nowMs) };
  const reported = [statusOf("n1", acceptedAs(6), panic)];
  expect(judge(signed({ serial: 7 }), { reported })).toMatchObject({ code: "order-stale" });
  expect(judge(signed({ serial: 8 }), { reported }).kind).toBe("store");
});
