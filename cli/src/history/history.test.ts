/** What became of heads and panics on nodes: by what they signed, else by what they told; forgeries count for nothing. */
import { FleetId, NodeName } from "@chimera/proto/names";
import type { StoredEvent } from "@chimera/proto/past-api";
import { StoredEvent as StoredEventSchema } from "@chimera/proto/past-api";
import { describe, expect, test } from "vitest";
import { createSignedFleet, toplevel, type SignedHead } from "../../test/fixture/signed-fleet.ts";
import { checkView } from "../fleet/check-view.ts";
import { createLedger, type LedgerItem, type Roster } from "./ledger.ts";
import { nodeRows } from "./rows.ts";

const fleet = createSignedFleet(["a", "b"]);
const head = fleet.head(7, fleet.world());
const panic = fleet.panic(head);
const at = (minute: number) => `2026-11-29T12:${String(minute).padStart(2, "0")}:00.000Z`;
const all = { ack: at(0), active: at(1), pointer: at(2), boot: at(2) };
const roster: Roster = new Map(
  fleet.world().map(({ node, nodeKey, toplevel: own }) => [node, { nodeKey, toplevel: own }]),
);
const items: LedgerItem[] = [
  { id: head.id, kind: "head", roster },
  { id: panic.id, kind: "panic", roster },
];
const a = NodeName.parse("a");

function said(node: string, type: string, data: unknown): StoredEvent {
  const event = { specversion: "1.0", id: "1", source: node, time: at(5), type, data };
  const body = { ...event, datacontenttype: "application/json" };
  return StoredEventSchema.parse({ seq: 1, storedAt: at(5), event: body });
}

/** Of node a, unless `changes` say otherwise. */
function receipt(
  changes: Parameters<typeof fleet.receipt>[2],
  node = "a",
  of: SignedHead = head,
): StoredEvent {
  return said(node, "receipt", { receipt: fleet.receipt("a", of, { times: all, at: at(5), ...changes }) });
}

const aboutPanic = { document: { kind: "panic", id: panic.id, epoch: 0, serial: 7 } };
const order = { epoch: 0, serial: 7, rank: 0, id: head.id, local: null };
const changed = (to: string, more: object = {}) =>
  said("a", "state-changed", { from: "probation", to, toplevel: null, order, ...more });
const accepted = said("a", "document-accepted", {
  document: "head",
  id: head.id,
  signedBy: [],
  epoch: 0,
  serial: 7,
  world: null,
});

function resultOf(events: readonly StoredEvent[], id = head.id) {
  const ledger = createLedger(FleetId.parse(fleet.fleetId), items);
  for (const event of events) ledger.takeEvent(event);
  const { outcome, state, signed, reason } = ledger.resultsOf(id).get(a) ?? {};
  return { outcome, state, signed, reason, forged: ledger.forged() };
}

describe("a node", () => {
  const back = toplevel("before");
  test.each<[string, StoredEvent[], object]>([
    ["that signed its commit", [receipt({})], { outcome: "committed", signed: true }],
    ["that has not proven it yet", [receipt({ times: { ...all, boot: null } })], { outcome: "open" }],
    ["that runs another system than it says", [receipt({ current: back })], { outcome: "open" }],
    [
      "that went back",
      [receipt({ state: "reverted", current: back })],
      { outcome: "reverted", signed: true },
    ],
    ["that went back with its rollout", [receipt({ target: back, current: back })], { outcome: "reverted" }],
    ["that needs a person", [receipt({ state: "revert-failed" })], { outcome: "failed" }],
    ["that refuses", [receipt({ state: "refused", current: back })], { outcome: "failed", state: "refused" }],
    ["that is held", [receipt({ state: "held", current: back })], { outcome: "open", state: "held" }],
    [
      "that is held after its commit",
      [receipt({}), receipt({ state: "held", at: at(9) })],
      { outcome: "committed" },
    ],
    [
      "that goes back after its commit",
      [receipt({}), receipt({ state: "reverted", current: back, at: at(9) })],
      { outcome: "reverted" },
    ],
    [
      "whose receipts come in another order",
      [receipt({ state: "reverted", current: back, at: at(9) }), receipt({})],
      { outcome: "reverted" },
    ],
    [
      "that has only taken it",
      [accepted],
      { outcome: "open", signed: false, reason: expect.stringContaining("accepted") },
    ],
    [
      "that refused it at once",
      [
        said("a", "document-refused", {
          document: "head",
          id: head.id,
          signedBy: [],
          claims: [],
          code: "held",
          message: "m",
        }),
      ],
      { outcome: "failed", signed: false, reason: "held: m" },
    ],
    ["that told of its commit", [accepted, changed("committed")], { outcome: "committed", signed: false }],
    [
      "that told why it went back, and signed that it did",
      [
        receipt({ state: "reverted", current: back }),
        changed("reverted", { problem: { code: "contact-lost", message: "m" } }),
      ],
      { outcome: "reverted", signed: true, reason: "contact-lost: m" },
    ],
    [
      "that told of the way back from it",
      [changed("committed", { order: { ...order, rank: 1 } })],
      { outcome: "reverted" },
    ],
    [
      "whose root did something else",
      [changed("committed", { order: { ...order, local: "apply" } })],
      { outcome: undefined },
    ],
    [
      "of a first agent, which names no order",
      [changed("committed", { order: undefined })],
      { outcome: undefined },
    ],
    [
      "that told of another head",
      [changed("committed", { order: { ...order, id: "0".repeat(64) } })],
      { outcome: undefined },
    ],
  ])("%s", (_, events, expected) => {
    expect(resultOf(events)).toMatchObject({ forged: 0, ...expected });
  });
});

test.each<[string, StoredEvent]>([
  ["another node's key", receipt({ by: fleet.node("b").signer })],
  ["one node for another", receipt({}, "b")],
  ["another fleet", receipt({ fleetId: "0".repeat(64) })],
])("a receipt of %s counts for nothing, and is counted", (_, event) => {
  expect(resultOf([event])).toMatchObject({ outcome: undefined, forged: 1 });
});

test("what is no receipt, and one of a document that nobody asked for, is passed over", () => {
  const other = fleet.head(6, fleet.world());
  const junk = { payloadType: "application/vnd.chimera.receipt.v1+json", payload: "AAAA" };
  const signatures = [{ keyid: "k", sig: Buffer.alloc(64).toString("base64") }];
  expect(
    resultOf([receipt({}, "a", other), said("a", "receipt", { receipt: { ...junk, signatures } })]),
  ).toMatchObject({ outcome: undefined, forged: 0 });
});

test("a panic is done where its target runs, whichever that is; going back from it is a failure", () => {
  const back = toplevel("before");
  const done = receipt({ ...aboutPanic, target: back, current: back });
  expect(resultOf([done], panic.id)).toMatchObject({ outcome: "committed", signed: true });
  expect(resultOf([done])).toMatchObject({ outcome: undefined });
  const stuck = receipt({ ...aboutPanic, target: null, current: back, state: "panic-no-target" });
  expect(resultOf([stuck], panic.id)).toMatchObject({ outcome: "failed" });
  expect(resultOf([receipt({ ...aboutPanic, target: back, state: "reverted" })], panic.id)).toMatchObject({
    outcome: "failed",
  });
});

test("a status that the node signed counts as long as it is about the head; under a panic it is not", () => {
  const own = toplevel("a");
  const status = {
    fleetId: fleet.fleetId,
    state: "committed",
    accepted: { epoch: 0, serial: 7, id: head.id, world: "0".repeat(64), acceptedAt: at(0) },
    system: { current: own, booted: own, profile: own, bootDefault: own },
  };
  const outcomeOf = (changes: object, key = fleet.node("a").nodeKey) => {
    const ledger = createLedger(FleetId.parse(fleet.fleetId), items);
    const view = fleet.node("a").reporting({ ...status, ...changes });
    ledger.takeView(checkView(view, FleetId.parse(fleet.fleetId), () => key));
    return ledger.resultsOf(head.id).get(a)?.outcome;
  };
  expect(outcomeOf({})).toBe("committed");
  const failed = (minute: number) => ({ code: "held", message: "m", at: at(minute) });
  expect(outcomeOf({ state: "refused", problem: failed(1) })).toBe("failed");
  const newly = { ...status.accepted, acceptedAt: at(5) };
  expect(outcomeOf({ state: "refused", problem: failed(4), accepted: newly })).toBe("open");
  const early = fleet.receipt("a", head, { state: "reverted", current: toplevel("x") });
  expect(outcomeOf({ state: "fetching", receipt: early })).toBe("open");
  expect(outcomeOf({ system: { ...status.system, current: toplevel("x") } })).toBe("open");
  expect(outcomeOf({ panic: { epoch: 0, serial: 7, id: panic.id, acceptedAt: at(3) } })).toBeUndefined();
  expect(outcomeOf({}, fleet.node("b").nodeKey)).toBeUndefined();
});

test("64 heads of 1,000 nodes are held in little room, and those who need a look come first", () => {
  const names = Array.from({ length: 1000 }, (_, i) => NodeName.parse(`n${String(i).padStart(3, "0")}`));
  const [entry] = roster.values();
  if (entry === undefined) throw new Error("a node");
  const many: Roster = new Map(names.map((name) => [name, entry]));
  const heads = Array.from({ length: 64 }, (_, i) => fleet.head(100 + i, fleet.world()));
  const ledger = createLedger(
    FleetId.parse(fleet.fleetId),
    heads.map(({ id }) => ({ id, kind: "head", roster: many })),
  );
  const before = process.memoryUsage().heapUsed;
  for (const { id } of heads) {
    const about = { from: "staged", toplevel: null, order: { ...order, id } };
    for (const name of names.slice(1)) {
      ledger.takeEvent(
        said(name, "state-changed", { ...about, to: name === "n500" ? "reverted" : "committed" }),
      );
    }
  }
  expect((process.memoryUsage().heapUsed - before) / 2 ** 20).toBeLessThan(200);
  const [first] = heads;
  const id = first?.id ?? head.id;
  const rows = nodeRows({ roster: many, results: ledger.resultsOf(id) });
  expect(rows).toHaveLength(1000);
  expect(rows.slice(0, 3).map(({ node, outcome }) => [node, outcome])).toEqual([
    ["n500", "reverted"],
    ["n000", "silent"],
    ["n001", "committed"],
  ]);
}, 60_000);
