import { expect, test } from "vitest";
import {
  headOf,
  headOne,
  headTwo,
  handOver,
  hold,
  idOf,
  judge,
  keySetTwo,
  keysOne,
  keysTwo,
  leavesOf,
  minutes,
  offer,
  orderOf,
  panicOf,
  panicSigner,
  signFresh,
  signHead,
  signOrder,
  signPanic,
  stateFresh,
  stateNew,
  stateTwo,
  taken,
  toplevel,
} from "../../test/test-fleet.ts";
import { AuditCheckpoint } from "../audit/audit-checkpoint.ts";
import { seal } from "../signed/envelope.ts";
import { maxSerialJump } from "../signed/place.ts";
import { worldId } from "../signed/world.ts";
import { accept } from "./accept.ts";
import { Nonce } from "../signed/order.ts";
import { isQuarantined, maxNonces, openKeys, quarantineHere } from "./trust-state.ts";

const panicTwo = panicOf(headTwo, headOf(2, "b"));
const panic = (over = {}) =>
  ({ kind: "panic", envelope: signPanic({ ...panicTwo, ...over }), undone: null }) as const;
const order = (...args: Parameters<typeof orderOf>) =>
  ({ kind: "order", envelope: signOrder(orderOf(...args)) }) as const;
const list = (serial: number, toplevels: string[], pardoned: string[] = []) =>
  ({
    kind: "quarantine",
    serial,
    toplevels: toplevels.map(toplevel),
    pardoned: pardoned.map(toplevel),
  }) as const;

test("asks for the leaf of a head that is right so far, and takes it with it", () => {
  const envelope = signHead(headOf(3, "c"));
  const world = worldId(leavesOf("c"));
  expect(accept(stateTwo, { kind: "head", envelope, proof: null }, judge)).toEqual({
    kind: "needs-leaf",
    world,
  });
  expect(taken(stateTwo, offer(envelope, "c")).head?.id).toBe(idOf(envelope));
});

test("knows what it has, whatever the time", () => {
  const late = { ...judge, nowMs: Date.parse("2040-01-01T00:00:00Z") };
  expect(accept(stateTwo, { kind: "head", envelope: headTwo, proof: null }, late)).toEqual({ kind: "known" });
  expect(accept(stateTwo, { kind: "keys", envelope: keysOne }, late)).toEqual({ kind: "known" });
  expect(accept(stateTwo, { kind: "fresh", envelope: signFresh() }, late)).toEqual({ kind: "known" });
  const undone = taken(stateTwo, panic());
  expect(accept(undone, panic(), late)).toEqual({ kind: "known" });
  expect(accept(undone, { kind: "head", envelope: headTwo, proof: null }, late)).toEqual({ kind: "known" });
});

test("takes a head exactly 10,000 above, and as its first one any", () => {
  expect(taken(stateTwo, offer(signHead(headOf(2 + maxSerialJump, "c")), "c")).head?.head.serial).toBe(
    10_002,
  );
  expect(taken(stateFresh, offer(signHead(headOf(987_654, "c")), "c")).head?.head.serial).toBe(987_654);
});

test("keeps the first of two heads of one place, says so once, and goes on with a higher one", () => {
  const other = offer(signHead(headOf(2, "c")), "c");
  const verdict = accept(stateTwo, other, judge);
  if (verdict.kind !== "refused" || verdict.state === undefined) throw new Error("no state");
  expect(verdict.state).toEqual({
    ...stateTwo,
    equivocation: { kept: idOf(headTwo), other: idOf(other.envelope), at: minutes(10) },
  });
  expect(accept(verdict.state, other, judge)).not.toHaveProperty("state");
  expect(taken(verdict.state, offer(signHead(headOf(3, "c")), "c")).equivocation).toBeNull();
});

test("holds, and is released by a later order only", () => {
  const held = taken(stateTwo, order(hold, "1", { reason: "migration" }));
  expect(held.hold).toEqual({
    until: minutes(120),
    drift: false,
    evenPanic: false,
    author: "ops@example",
    reason: "migration",
  });
  expect(taken(held, order({ kind: "release" }, "2", { createdAt: minutes(1) })).hold).toBeNull();
});

test("an order for all is for everybody, and its nonce is forgotten once it could not be used any more", () => {
  const held = taken(stateTwo, order(hold, "1", { nodes: "all" }));
  expect(held.nonces).toHaveLength(1);
  const later = order(hold, "2", { createdAt: minutes(61), notAfter: minutes(180) });
  const next = taken(held, later, { nowMs: Date.parse(minutes(62)) });
  expect(next).toMatchObject({ nonces: [{ notAfter: minutes(180) }], ordersFloor: minutes(60) });
});

test("a quarantine list takes the place of the last one, and pardons what this node denied by itself", () => {
  const denied = quarantineHere(stateTwo, { toplevel: toplevel("9"), reason: "it failed", at: minutes(1) });
  const first = taken(denied, order(list(1, ["8"]), "1"));
  expect(["8", "9"].map((letter) => isQuarantined(first, toplevel(letter)))).toEqual([true, true]);
  const second = taken(first, order(list(2, ["7"], ["9"]), "2"));
  expect(["7", "8", "9"].map((letter) => isQuarantined(second, toplevel(letter)))).toEqual([
    true,
    false,
    false,
  ]);
});

test("walks to the next key set; an expired one between is a step like any other", () => {
  const next = taken(
    stateTwo,
    { kind: "keys", envelope: keysTwo },
    { nowMs: Date.parse("2040-01-01T00:00:00Z") },
  );
  expect(openKeys(next).set.version).toBe(2);
  expect(next.fresh).toBeNull();
});

test("a stolen online key keeps news out and can do nothing else", () => {
  const stolen = taken(stateTwo, { kind: "fresh", envelope: signFresh({ at: "9999-12-31T23:59:59Z" }) });
  expect(accept(stolen, offer(signHead(headOf(3, "c")), "c"), judge)).toMatchObject({ code: "head-expired" });
  expect(taken(stolen, order(hold, "1")).hold).not.toBeNull();
  expect(taken(stolen, panic()).panic).not.toBeNull();
  const rotated = taken(stolen, { kind: "keys", envelope: keysTwo });
  const heard = taken(rotated, { kind: "fresh", envelope: signFresh({ at: minutes(9) }) });
  expect(taken(heard, offer(signHead(headOf(3, "c")), "c")).head?.head.serial).toBe(3);
});

test("a stolen order key cannot hold a node for ever: under root's next epoch the hold is released", () => {
  const far = { createdAt: "9999-12-31T23:59:59Z", notAfter: "9999-12-31T23:59:59Z" };
  const always = { kind: "hold", until: far.notAfter, drift: false, evenPanic: true } as const;
  const held = taken(taken(stateTwo, order(hold, "1", { notAfter: far.notAfter })), order(always, "2", far));
  const release = order({ kind: "release" }, "3", { createdAt: minutes(11) });
  expect(accept(held, release, judge)).toMatchObject({ kind: "refused" });
  const rotated = taken(held, { kind: "keys", envelope: keysTwo });
  expect(accept(rotated, release, judge)).toMatchObject({ kind: "refused" });
  const reset = taken(held, { kind: "keys", envelope: seal("keys", { ...keySetTwo, epoch: 1 }, handOver) });
  expect(reset.nonces).toEqual(held.nonces);
  expect(taken(reset, release).hold).toBeNull();
});

test("a memory that a stolen order key filled for ever is empty once no order key is kept, and only then", () => {
  const notAfter = "9999-12-31T23:59:59.000Z";
  const nonces = Array.from({ length: maxNonces }, (_, i) => ({
    nonce: Nonce.parse(i.toString(16).padStart(32, "0")),
    notAfter,
  }));
  const full = { ...taken(stateTwo, order(hold, "1")), nonces };
  const after = (orderKeys: typeof keySetTwo.roles.order) => {
    const set = { ...keySetTwo, roles: { ...keySetTwo.roles, order: orderKeys } };
    return taken(full, { kind: "keys", envelope: seal("keys", set, handOver) });
  };
  const release = orderOf({ kind: "release" }, "f", { createdAt: minutes(11) });
  const both = [...keySetTwo.roles.order.keys, panicSigner.publicKey];
  const kept = { kind: "order", envelope: signOrder(release) } as const;
  expect(accept(after({ keys: both, threshold: 1 }), kept, judge)).toMatchObject({ code: "overloaded" });
  const replaced = after({ keys: [panicSigner.publicKey], threshold: 1 });
  expect(accept(replaced, kept, judge)).toMatchObject({ code: "signature-invalid" });
  const envelope = seal("order", release, [panicSigner]);
  expect(taken(replaced, { kind: "order", envelope }).hold).toBeNull();
});

test("a head by a publish key that counts no more says which keys do, and what to do", () => {
  const set = { ...keySetTwo, roles: { ...keySetTwo.roles, publish: keySetTwo.roles.panic } };
  const rotated = taken(stateTwo, { kind: "keys", envelope: seal("keys", set, handOver) });
  const verdict = accept(rotated, offer(signHead(headOf(3, "c")), "c"), judge);
  expect(verdict).toMatchObject({ code: "signature-invalid", signedBy: [] });
  expect(verdict).toMatchObject({
    reason: expect.stringMatching(/names "ops-1", "ops-2".*key set 2 .*panic-1.*publish a new head/),
  });
});

test("a node that has accepted nothing takes no head before the online key is heard", () => {
  expect(accept(stateNew, offer(headOne, "a"), judge)).toMatchObject({ code: "freeze-suspected" });
});

test("a reason is one bounded line, whatever was in the document", () => {
  const hostile = { ...headOne, payloadType: `\u001b[2J\n\u202e${"x".repeat(5000)}` };
  const verdict = accept(stateTwo, offer(hostile, "a"), judge);
  if (verdict.kind !== "refused") throw new Error("not refused");
  expect(verdict.reason).toMatch(/^payload type " \[2J x+$/);
  expect(verdict.reason).toHaveLength(1024);
});

function hear(state: typeof stateTwo, minute: number, ...said: { size: number; root: string }[]) {
  const [audit] = said.map((one) => ({ audit: AuditCheckpoint.parse(one) }));
  return taken(state, { kind: "fresh", envelope: signFresh({ at: minutes(minute), ...audit }) });
}

test("carries the longest audit log that it was told of, until the online key is replaced", () => {
  const long = { size: 7, root: "a".repeat(64) };
  const first = hear(stateTwo, 1, long);
  expect(first.fresh).toMatchObject({ at: minutes(1), audit: long });
  const cut = hear(first, 2, { size: 3, root: "b".repeat(64) });
  expect(cut.fresh).toMatchObject({ at: minutes(2), audit: long });
  expect(hear(cut, 3).fresh).toMatchObject({ at: minutes(3), audit: long });
  const grown = hear(cut, 3, { size: 8, root: "c".repeat(64) });
  expect(grown.fresh?.audit?.size).toBe(8);
  expect(taken(grown, { kind: "keys", envelope: keysTwo }).fresh).toBeNull();
});
