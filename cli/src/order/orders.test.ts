/** Orders before they are signed, and what nodes made of them. */
import { describe, expect, test } from "vitest";
import { NodeName, type StorePath } from "@chimera/proto/names";
import { createSignedFleet, toplevel, type Changes } from "../../test/fixture/signed-fleet.ts";
import { parseDurationMs } from "./duration.ts";
import { heldNodes, releaseUntilMs, standingOrders } from "./held-nodes.ts";
import { judgeAnswers, requireAccepted, type NodeAnswer } from "./judge-answers.ts";
import { nextQuarantine, type QuarantineList } from "./next-quarantine.ts";

const [x, y, z] = [toplevel("x"), toplevel("y"), toplevel("z")];
const none = new Set<StorePath>();

describe("the next quarantine list", () => {
  const current: QuarantineList = { kind: "quarantine", serial: 4, toplevels: [x], pardoned: [y] };
  test("is the whole list and one more", () => {
    const { action } = nextQuarantine(current, { verb: "add", toplevels: [z, z], reported: none });
    expect(action).toEqual({ kind: "quarantine", serial: 5, toplevels: [x, z].toSorted(), pardoned: [y] });
    expect(nextQuarantine(null, { verb: "add", toplevels: [x], reported: none }).action.serial).toBe(1);
  });
  test("denies what was pardoned when it is added", () => {
    expect(nextQuarantine(current, { verb: "add", toplevels: [y], reported: none }).action).toMatchObject({
      toplevels: [x, y].toSorted(),
      pardoned: [],
    });
  });
  test("takes out what is removed or pardoned, and nothing that is not there", () => {
    expect(
      nextQuarantine(current, { verb: "remove", toplevels: [x], reported: none }).action.toplevels,
    ).toEqual([]);
    expect(nextQuarantine(current, { verb: "pardon", toplevels: [x], reported: none }).action).toMatchObject({
      toplevels: [],
      pardoned: [x, y].toSorted(),
    });
    expect(() => nextQuarantine(current, { verb: "remove", toplevels: [z], reported: none })).toThrow(
      expect.objectContaining({ code: "not-found" }),
    );
  });
  test("never carries a pardon over a newer denial", () => {
    const { action, endedPardons } = nextQuarantine(current, {
      verb: "add",
      toplevels: [z],
      reported: new Set([y]),
    });
    expect({ pardoned: action.pardoned, endedPardons }).toEqual({ pardoned: [], endedPardons: [y] });
    const again = nextQuarantine(current, { verb: "pardon", toplevels: [y], reported: new Set([y]) });
    expect(again.action.pardoned).toEqual([y]);
  });
  test("is bounded", () => {
    const many = Array.from({ length: 1001 }, (_, i) => toplevel(`n${i}`));
    expect(() => nextQuarantine(null, { verb: "add", toplevels: many, reported: none })).toThrow(
      /at most 1000/u,
    );
  });
});

test.each<[string, number | undefined]>([
  ["90s", 90_000],
  ["30m", 1_800_000],
  ["2h", 7_200_000],
  ["3d", 259_200_000],
  ["0s", undefined],
  ["2", undefined],
  ["-2h", undefined],
  ["1h30m", undefined],
  ["2H", undefined],
  ["", undefined],
])("%j is %s ms", (text, ms) => {
  expect(parseDurationMs(text)).toBe(ms);
});

describe("answers to an order", () => {
  const fleet = createSignedFleet(["a", "b", "c", "d"]);
  const [a, b, c, d] = ["a", "b", "c", "d"].map((name) => NodeName.parse(name));
  if (a === undefined || b === undefined || c === undefined || d === undefined) throw new Error("no nodes");
  const order = fleet.head(1, fleet.world());
  const { id, fleetId } = { ...order, fleetId: fleet.fleetId };
  const document = { kind: "order", id, epoch: null, serial: null };
  const nodeKeys = new Map([a, b, c].map((node) => [node, fleet.node(node).nodeKey]));
  const accepted = (node: NodeName, changes: Changes = {}) => ({
    node,
    answer: {
      kind: "accepted" as const,
      receipt: fleet.receipt(node, order, { document, target: null, ...changes }),
    },
  });
  const judge = (answers: Parameters<typeof judgeAnswers>[0]["answers"], nodes = [a]) =>
    judgeAnswers({ id, answers }, { id, fleetId, nodes, nodeKeys });

  test("count with the node's own receipt of this order", () => {
    expect(judge([accepted(a)])).toMatchObject([{ node: "a", kind: "accepted" }]);
  });
  test("of a node that the controller leaves out are silence", () => {
    expect(judge([], [a, b])).toMatchObject([{ kind: "silent" }, { kind: "silent" }]);
  });
  test.each<[string, ReturnType<typeof accepted>]>([
    ["signed by another node", accepted(a, { by: fleet.node("b").signer })],
    ["in another node's name", accepted(a, { node: "b" })],
    ["about another order", accepted(a, { document: { ...document, id: "0".repeat(64) } })],
    ["about a head", accepted(a, { document: { ...document, kind: "head" } })],
    ["for another fleet", accepted(a, { fleetId: "0".repeat(64) })],
  ])("%s prove nothing", (_, answer) => {
    expect(judge([answer])).toMatchObject([{ kind: "unproven" }]);
  });
  test("of a node without a leaf cannot be proven", () => {
    expect(judge([accepted(d)], [d])).toMatchObject([{ kind: "unproven" }]);
  });
  test("make a failure unless all accepted; a refusal outweighs silence", () => {
    const ok: NodeAnswer = { node: a, kind: "accepted", at: "" };
    const silent: NodeAnswer = { node: b, kind: "silent" };
    const no: NodeAnswer = { node: c, kind: "refused", code: "order-used", reason: "" };
    expect(() => requireAccepted([ok])).not.toThrow();
    expect(() => requireAccepted([ok, silent])).toThrow(
      expect.objectContaining({ code: "deadline-exceeded" }),
    );
    expect(() => requireAccepted([silent, no])).toThrow(expect.objectContaining({ code: "order-used" }));
    expect(() => requireAccepted([{ ...no, code: "made up" }])).toThrow(/1 of 1 nodes \(c\)/u);
  });
});

test("held nodes speak for themselves; forged standing orders are left out; a release outlives every hold", () => {
  const fleet = createSignedFleet(["a"]);
  const nowMs = Date.parse("2026-11-23T12:00:00.000Z");
  const hold = { until: "2026-11-25T12:00:00.000Z", drift: true, evenPanic: false, author: "o", reason: "r" };
  const view = { ...fleet.node("a").reporting({ fleetId: fleet.fleetId, hold }), verified: true };
  expect(heldNodes([view], nowMs)).toMatchObject([{ node: "a", drift: true, verified: true }]);
  expect(heldNodes([view], nowMs + 3 * 86_400_000)).toEqual([]);
  const order = {
    nonce: "0".repeat(32),
    nodes: "all",
    createdAt: hold.until,
    notAfter: "2026-11-30T12:00:00.000Z",
    author: "o",
    reason: "",
    action: { kind: "hold", until: "2026-11-30T12:00:00.000Z", drift: false, evenPanic: false },
  };
  const [keys] = fleet.chain;
  if (keys === undefined) throw new Error("no keys");
  const forged = fleet.sealed("order", order, fleet.signer("publish")).envelope;
  const orders = standingOrders(keys, {
    v: 1,
    orders: [fleet.sealed("order", order, fleet.signer("order")).envelope, forged],
  });
  expect(orders).toMatchObject([{ kind: "hold", nodes: "all" }]);
  expect(new Date(releaseUntilMs(orders, [view], nowMs)).toISOString()).toBe("2026-11-30T12:00:00.000Z");
  expect(new Date(releaseUntilMs([], [view], nowMs)).toISOString()).toBe(hold.until);
  expect(releaseUntilMs([], [], nowMs)).toBe(nowMs + 86_400_000);
});
