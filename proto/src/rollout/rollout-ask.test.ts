import { expect, test } from "vitest";
import { Digest, FleetId, NodeName } from "../names.ts";
import { seal } from "../signed/envelope.ts";
import { generateKey, parseSecretKey } from "../signed/keys.ts";
import type { Order } from "../signed/order.ts";
import { isNewAsk, openAsk } from "./rollout-ask.ts";

const [key, other] = ["ops-order", "somebody"].map((name) => parseSecretKey(generateKey(name).secret));
if (key === undefined || other === undefined) throw new Error("no keys");
const fleetId = FleetId.parse("f".repeat(64));
const head = Digest.parse("b".repeat(64));
const nowMs = Date.parse("2026-11-29T12:00:00.000Z");
const context = { role: { keys: [key.publicKey], threshold: 1 }, fleetId, head, nowMs };
const order: Order = {
  v: 1,
  kind: "order",
  fleetId,
  nonce: "1".repeat(32),
  nodes: "all",
  createdAt: "2026-11-29T11:59:00.000Z",
  notAfter: "2026-11-29T13:00:00.000Z",
  author: "kim",
  reason: "a look",
  action: { kind: "rollout", head, ask: "pause" },
};
const sealed = (over: Partial<Order> = {}, by = key) => seal("order", { ...order, ...over }, [by]);

test("what the order role signed for this rollout, in time, counts", () => {
  expect(openAsk(sealed(), context).order.action.ask).toBe("pause");
});

test.each([
  ["another fleet", "fleet-mismatch", { fleetId: FleetId.parse("e".repeat(64)) }],
  [
    "another rollout",
    "rollout-foreign",
    { action: { kind: "rollout", head: Digest.parse("c".repeat(64)), ask: "abort" } },
  ],
  ["an order for nodes", "input-invalid", { action: { kind: "release" } }],
  ["some nodes only", "order-misaddressed", { nodes: [NodeName.parse("n1")] }],
  ["one that is too late", "order-expired", { notAfter: "2026-11-29T11:59:59.000Z" }],
] satisfies [string, string, Partial<Order>][])("%s is refused as %s", (_, code, over) => {
  expect(() => openAsk(sealed(over), context)).toThrow(expect.objectContaining({ code }));
});

test("a key of another role, and another threshold, are refused", () => {
  expect(() => openAsk(sealed({}, other), context)).toThrow(
    expect.objectContaining({ code: "signature-invalid" }),
  );
  const two = { ...context, role: { keys: [key.publicKey, other.publicKey], threshold: 2 } };
  expect(() => openAsk(sealed(), two)).toThrow(expect.objectContaining({ code: "signature-invalid" }));
});

test("what was answered, and what was signed before it, says nothing any more", () => {
  const { nonce, createdAt } = order;
  const older = { nonce: "2".repeat(32), createdAt: "2026-11-29T11:58:00.000Z" };
  const newer = { nonce: "3".repeat(32), createdAt: "2026-11-29T11:59:01.000Z" };
  expect(isNewAsk(order, {}, nowMs)).toBe(true);
  expect(
    [order, older, newer].map((ask) => isNewAsk(ask, { answered: { nonce, createdAt } }, nowMs)),
  ).toEqual([false, false, true]);
});

test.each([
  ["that somebody wrote for the end of all times keeps no ask out", "9999-12-31T23:59:59.999Z", true],
  ["by a clock that is a little ahead does", "2026-11-29T12:09:59.000Z", false],
])("an answer %s", (_, createdAt, isNew) => {
  expect(isNewAsk(order, { answered: { nonce: "9".repeat(32), createdAt } }, nowMs)).toBe(isNew);
});
