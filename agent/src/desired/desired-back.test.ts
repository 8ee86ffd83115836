/** Where what is signed leads a node, whatever happens after it has gone back. */
import { Digest } from "@chimera/proto/names";
import { worldId } from "@chimera/proto/signed/world";
import { expect, test } from "vitest";
import {
  base,
  compose,
  inputOf,
  leafOfA,
  leafOfB,
  leafOfC,
  noLocal,
  nowMs,
  panicked,
  record,
  second,
  signed,
  third,
  uncommitted,
  unknown,
} from "./desired-fixture.ts";
import { effectivePlace } from "./desired-system.ts";
import { at } from "../reconcile/model/play-machine.ts";

const localOrder = {
  v: 1 as const,
  kind: "local-order" as const,
  id: Digest.parse("7".repeat(64)),
  action: "apply" as const,
  base: { epoch: 0, serial: 3, rank: 0 },
  createdAt: "2026-11-23T11:30:00.000Z",
  until: "2026-11-23T12:30:00.000Z",
  author: "root@n1",
  reason: "a look",
};

const order = { epoch: 0, serial: 3, rank: 1, id: third.id, local: null };

test("a node that has gone back stays there when the consent ends, also beneath root's own order", () => {
  const later = { rollout: record({ phase: "returned" }), nowMs: nowMs + 7200_000 };
  const back = { ...later, journal: at("committed", { order, toplevel: leafOfB.toplevel }) };
  expect(compose(base, back)).toMatchObject({ order, toplevel: leafOfB.toplevel, blocked: null });
  expect(effectivePlace(inputOf(base, back))?.rank).toBe(1);
  // The store lost the record, and this node with it.
  expect(compose(base, { ...back, rollout: null })?.toplevel).toBe(leafOfB.toplevel);
  const own = { ...order, id: Digest.parse("7".repeat(64)), local: "apply" as const };
  expect(compose(base, { ...later, journal: at("committed", { order: own }) })?.order).toEqual(order);
  const earlier = at("committed", { order: { ...order, serial: 2, id: second.id } });
  expect(compose(base, { ...later, journal: earlier })?.toplevel).toBe(leafOfC.toplevel);
});

test("who comes too late for the consent goes back where half of the world has signed that it did, and by nobody's word else", () => {
  const late = { rollout: record({ phase: "returned" }), nowMs: nowMs + 7200_000 };
  const waves = { place: null, isProven: false, isLeadQuiet: true, isBackProven: true };
  expect(compose(base, late)?.order.rank).toBe(0);
  expect(compose(base, { ...late, waves })).toMatchObject({
    order: { rank: 1, id: third.id },
    toplevel: leafOfB.toplevel,
    blocked: null,
  });
  const committed = at("committed", { order: { ...order, rank: 0 }, toplevel: leafOfC.toplevel });
  expect(compose(base, { ...late, waves, journal: committed })?.toplevel).toBe(leafOfB.toplevel);
  const without = { ...base, head: { ...third, head: { ...third.head, revertTo: null } } };
  expect(compose(without, { ...late, waves })?.toplevel).toBe(leafOfC.toplevel);
});

test("what is signed leads a node to its leaf, after a panic or a return to what it goes back to, and nowhere by root's word", () => {
  expect(signed(base)).toBe(leafOfC.toplevel);
  expect(signed(panicked(base, worldId([leafOfA])))).toBe(leafOfA.toplevel);
  expect(signed(base, { rollout: record({ phase: "returned" }) })).toBe(leafOfB.toplevel);
  expect(signed(panicked(uncommitted, unknown))).toBeNull();
  expect(signed(null)).toBeNull();
  const local = { ...noLocal, order: { ...localOrder, toplevel: leafOfA.toplevel } };
  expect(compose(base, { local })?.toplevel).toBe(leafOfA.toplevel);
  expect(signed(base, { local })).toBe(leafOfC.toplevel);
});
