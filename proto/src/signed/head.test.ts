import { expect, test } from "vitest";
import { Digest, FleetId, WorldId } from "../names.ts";
import { comparePlace, type Head, judgeHead, maxSerialJump, nothingAccepted } from "./head.ts";

const fleetId = FleetId.parse("f".repeat(64));
const id = (digit: string) => Digest.parse(digit.repeat(64));
const now = Date.parse("2026-11-23T12:00:00Z");

const head = (over: Partial<Head> = {}): Head => ({
  v: 1,
  kind: "head",
  fleetId,
  epoch: 0,
  serial: 5,
  world: WorldId.parse("1".repeat(64)),
  size: 3,
  previous: null,
  mode: "deploy",
  policy: {},
  revertTo: null,
  consentUntil: null,
  createdAt: "2026-11-23T11:00:00Z",
  notAfter: "2026-11-23T13:00:00Z",
  author: "ops",
  reason: "",
  ...over,
});
const accepted = { epoch: 0, serial: 5, id: id("a") };
const judge = (over: Partial<Head>, headId = id("b")) =>
  judgeHead({ head: head(over), id: headId }, { fleetId, accepted }, now);

test.each([
  ["another fleet", { fleetId: FleetId.parse("e".repeat(64)) }, "fleet-mismatch"],
  ["a lower serial", { serial: 4 }, "order-stale"],
  ["equal order with other bytes", { serial: 5 }, "order-equivocation"],
  ["a jump", { serial: 5 + maxSerialJump + 1 }, "order-jump"],
  ["another epoch", { epoch: 1, serial: 1 }, "order-jump"],
  ["an expired head", { serial: 6, notAfter: "2026-11-23T11:59:59Z" }, "head-expired"],
] as const)("refuses %s", (_, over, code) => {
  expect(judge(over)).toMatchObject({ kind: "refuse", code });
});

test("accepts the next serial, and knows the accepted head again", () => {
  expect(judge({ serial: 6 })).toEqual({ kind: "accept" });
  expect(judge({}, id("a"))).toEqual({ kind: "known" });
});

test("knows its accepted head although it has expired since", () => {
  expect(judge({ notAfter: "2026-11-23T11:59:59Z" }, id("a"))).toEqual({ kind: "known" });
});

test("accepts any serial first, so that a new node can join an old fleet", () => {
  const first = { head: head({ epoch: 3, serial: 50_000 }), id: id("b") };
  expect(judgeHead(first, { fleetId, accepted: nothingAccepted }, now)).toEqual({ kind: "accept" });
});

test("orders by epoch, then serial", () => {
  expect(comparePlace({ epoch: 1, serial: 0 }, { epoch: 0, serial: 9 })).toBeGreaterThan(0);
  expect(comparePlace({ epoch: 0, serial: 1 }, { epoch: 0, serial: 2 })).toBeLessThan(0);
});
