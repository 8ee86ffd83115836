import { Head, type OpenedHead } from "@chimera/proto/signed/head";
import { generateKey } from "@chimera/proto/signed/keys";
import { Digest, FleetId } from "@chimera/proto/names";
import { Leaf, type World } from "@chimera/proto/signed/world";
import { expect, test } from "vitest";
import { judgeNewHead, type HeadSurroundings } from "./judge-new-head.ts";

const fleetId = FleetId.parse("f".repeat(64));
const nowMs = Date.parse("2026-01-01T00:00:00.000Z");
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
const unread = { payloadType: "", payload: "", signatures: [] };
const around: HeadSurroundings = { fleetId, newest: null, world, registered: new Set(["n1"]), nowMs };

function opened(change: object = {}): OpenedHead {
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
    createdAt: "2026-01-01T00:00:00.000Z",
    notAfter: "2026-01-02T00:00:00.000Z",
    author: "a",
    reason: "",
    ...change,
  });
  return { head, id: Digest.parse("c".repeat(64)), signedBy: ["ops"] };
}

test("stores a head whose world is there and whose nodes are registered", () => {
  expect(judgeNewHead(opened(), around)).toEqual({ kind: "store", world });
});

test.each([
  ["world-unknown", opened(), { world: undefined }],
  ["input-invalid", opened({ size: 2 }), {}],
  ["node-unknown", opened(), { registered: new Set<string>() }],
  [
    "fleet-mismatch",
    opened(),
    { world: { v: 1 as const, leaves: [{ ...leaf, fleetId: FleetId.parse("0".repeat(64)) }] } },
  ],
  ["head-expired", opened(), { nowMs: Date.parse("2026-02-01T00:00:00.000Z") }],
])("refuses with %s", (code, head, change) => {
  expect(judgeNewHead(head, { ...around, ...change })).toMatchObject({ kind: "refuse", code });
});

test("lets a rollback name a node that is no longer registered", () => {
  const verdict = judgeNewHead(opened({ mode: "rollback" }), { ...around, registered: new Set() });
  expect(verdict.kind).toBe("store");
});

test("takes only a head that follows the newest one; where there is none, any", () => {
  const first = opened();
  const newest = { ...first, revision: 1, storedAt: "2026-01-01T00:00:00.000Z", envelope: unread };
  const next = (previous: string | null) => ({
    ...opened({ serial: 2, previous }),
    id: Digest.parse("d".repeat(64)),
  });
  expect(judgeNewHead(next(first.id), { ...around, newest }).kind).toBe("store");
  for (const previous of [null, "e".repeat(64)]) {
    const verdict = judgeNewHead(next(previous), { ...around, newest });
    expect(verdict).toMatchObject({ kind: "refuse", code: "order-stale" });
  }
  expect(judgeNewHead(next("e".repeat(64)), around).kind).toBe("store");
});
