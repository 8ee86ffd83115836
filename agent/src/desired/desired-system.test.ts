/** What the accepted documents want, as tables: targets of a way back, and what stands in the way. */
import type { TrustState } from "@chimera/proto/acceptance/trust-state";
import { Digest, type StorePath } from "@chimera/proto/names";
import { worldId, type Leaf } from "@chimera/proto/signed/world";
import { expect, test } from "vitest";
import {
  base,
  compose,
  leafOfA,
  leafOfB,
  leafOfC,
  noLocal,
  nowMs,
  panicked,
  record,
  second,
  third,
  time,
  uncommitted,
  unknown,
} from "./desired-fixture.ts";
import type { DesiredInput } from "./desired-system.ts";
import { at } from "../reconcile/model/play-machine.ts";

test("a head asks for this node's own leaf; without a state or a proven leaf nothing is asked", () => {
  expect(compose(base)).toMatchObject({
    order: { serial: 3, rank: 0, id: third.id, local: null },
    toplevel: leafOfC.toplevel,
    undoes: null,
    blocked: null,
  });
  expect(compose(null)).toBeNull();
  expect(compose(base, { leaf: null })).toBeNull();
});

const journalOfThird = at("committed", {
  order: { epoch: 0, serial: 3, rank: 0, id: third.id, local: null },
  toplevel: leafOfC.toplevel,
  before: { current: leafOfA.toplevel, profile: null, bootDefault: null },
});
const inQuarantine = (leaf: Leaf): Partial<TrustState> => ({
  quarantine: { serial: 1, id: Digest.parse("1".repeat(64)), toplevels: [leaf.toplevel] },
});

for (const [name, state, over, target] of [
  ["its leaf of the world that the panic names", panicked(base, worldId([leafOfA])), {}, leafOfA],
  ["the last committed, where it never was in that world", panicked(base, unknown), {}, leafOfB],
  [
    "the next best, where the first choice is not on the disk any more",
    panicked(base, worldId([leafOfB])),
    { isPresent: (path: StorePath) => path !== leafOfB.toplevel },
    leafOfA,
  ],
  [
    "the next best, where the first choice is in quarantine",
    panicked({ ...base, ...inQuarantine(leafOfB) }, worldId([leafOfB])),
    {},
    leafOfA,
  ],
  [
    "what ran before the undone head, where nothing was ever committed",
    panicked(uncommitted, unknown),
    { journal: journalOfThird },
    leafOfA,
  ],
  ["nothing, where nothing is known", panicked(uncommitted, unknown), {}, null],
] satisfies [string, TrustState, Partial<DesiredInput>, Leaf | null][]) {
  test(`a panic leads a node back to ${name}`, () => {
    const desired = compose(state, over);
    expect(desired).toMatchObject({
      order: { serial: 3, rank: 1, id: state.panic?.id },
      toplevel: target?.toplevel ?? null,
      undoes: third.id,
    });
    expect(desired?.blocked?.state ?? null).toBe(target === null ? "panic-no-target" : null);
  });
}

test("a way back that was begun keeps its target", () => {
  const state = panicked(base, worldId([leafOfB]));
  const id = state.panic?.id ?? third.id;
  const order = { epoch: 0, serial: 3, rank: 1, id, local: null };
  const journal = at("activating", { order, toplevel: leafOfA.toplevel });
  expect(compose(state, { journal })?.toplevel).toBe(leafOfA.toplevel);
});

test("a rollout that failed leads back as far as the head consented, and no longer than that", () => {
  const returned = { rollout: record({ phase: "returned" }) };
  expect(compose(base, returned)).toMatchObject({
    order: { rank: 1, id: third.id },
    toplevel: leafOfB.toplevel,
    undoes: third.id,
    blocked: null,
  });
  const later = compose(base, { ...returned, nowMs: nowMs + 7200_000 });
  expect(later).toMatchObject({ toplevel: leafOfC.toplevel, blocked: { reason: "paused" } });
  expect(compose(base, { rollout: record({ phase: "paused" }) })?.blocked).toMatchObject({
    reason: "paused",
    detail: "two nodes failed",
  });
  const foreign = record({ phase: "paused", head: second.id });
  expect(compose(base, { rollout: foreign })?.blocked).toBeNull();
});

const hold = (over: object) => ({
  hold: {
    until: "2026-11-23T13:00:00.000Z",
    drift: false,
    evenPanic: false,
    author: "ops",
    reason: "x",
    ...over,
  },
});

test("a hold stops heads and returns until it ends, a panic only where it says so, drift only where it says so", () => {
  const state = { ...base, ...hold({}) };
  expect(compose(state)).toMatchObject({ blocked: { state: "held", repairs: true }, revertForeign: true });
  expect(compose(state, { rollout: record({ phase: "returned" }) })?.blocked?.state).toBe("held");
  expect(compose(panicked(state, unknown))).toMatchObject({ blocked: null, undoes: third.id });
  const even = panicked({ ...base, ...hold({ evenPanic: true }) }, unknown);
  expect(compose(even)).toMatchObject({ blocked: { state: "held" }, undoes: null });
  expect(compose({ ...base, ...hold({ drift: true }) })).toMatchObject({
    blocked: { repairs: false },
    revertForeign: false,
  });
  expect(compose(state, { nowMs: nowMs + 7200_000 })?.blocked).toBeNull();
});

test("a clock that was set back makes neither a hold nor a consent longer", () => {
  const past = { nowMs: Date.parse("1970-01-02T00:00:00.000Z") };
  const told = { ...base, clockFloor: "2026-11-23T13:00:01.000Z" };
  expect(compose({ ...base, ...hold({}) }, past)?.blocked?.state).toBe("held");
  expect(compose({ ...told, ...hold({}) }, past)?.blocked).toBeNull();
  const returned = { ...past, rollout: record({ phase: "returned" }) };
  expect(compose(base, returned)?.order.rank).toBe(1);
  expect(compose(told, returned)?.order.rank).toBe(0);
});

test("two documents of one place stop what is new, but never a panic", () => {
  const state = { ...base, equivocation: { kept: third.id, other: second.id, at: time } };
  expect(compose(state)?.blocked?.reason).toBe("equivocation");
  expect(compose(panicked(state, unknown))?.blocked).toBeNull();
});

test("a quarantined system is not activated, and the node says which list names it", () => {
  const blocked = compose({ ...base, ...inQuarantine(leafOfC) })?.blocked;
  expect(blocked).toMatchObject({
    state: "quarantined",
    detail: expect.stringContaining("the fleet's list"),
  });
  const quarantinedHere = [{ toplevel: leafOfC.toplevel, reason: "web.service failed", at: time }];
  expect(compose({ ...base, quarantinedHere })?.blocked?.detail).toContain("web.service failed");
});

test("an order says whether what was booted in the place of the default is left, forward, back and root's own", () => {
  const journal = at("committed", { foreign: { booted: leafOfA.toplevel, seen: null } });
  const local = { ...noLocal, goesOnIn: journal.bootId };
  for (const state of [base, panicked(base, unknown)]) {
    expect(compose(state, { journal })?.undoesBooted).toBe(false);
    expect(compose(state, { journal, local })?.undoesBooted).toBe(true);
  }
});
