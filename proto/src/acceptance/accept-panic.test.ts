import { expect, test } from "vitest";
import {
  headOf,
  headOne,
  headTwo,
  idOf,
  judge,
  leavesOf,
  minutes,
  offer,
  panicOf,
  signHead,
  signPanic,
  stateFresh,
  stateOne,
  stateTwo,
  taken,
  toplevel,
} from "../../test/test-fleet.ts";
import { worldId } from "../signed/world.ts";
import { accept } from "./accept.ts";
import { isPanicDenial } from "./accept-panic.ts";
import { isQuarantined, markCommitted, quarantineHere } from "./trust-state.ts";

const panicTwo = panicOf(headTwo, headOf(2, "b"));
const panic = (over = {}) =>
  ({ kind: "panic", envelope: signPanic({ ...panicTwo, ...over }), undone: null }) as const;

test("a panic undoes its head: the way back is known, and what was undone is denied", () => {
  const undone = taken(stateTwo, panic(), { nowMs: 0 });
  expect(undone.panic?.target).toBe(toplevel("a"));
  expect(isQuarantined(undone, toplevel("b"))).toBe(true);
  expect(isQuarantined(undone, toplevel("a"))).toBe(false);
});

test("what a panic undid is told apart from what failed", () => {
  const failed = quarantineHere(stateTwo, { toplevel: toplevel("c"), reason: "web failed", at: minutes(1) });
  const denied = taken(failed, panic(), { nowMs: 0 }).quarantinedHere;
  expect(denied.map((entry) => [entry.toplevel, isPanicDenial(entry)])).toEqual([
    [toplevel("c"), false],
    [toplevel("b"), true],
  ]);
});

test("a panic passes though the online key is silent, the key set is past its time and the place was equivocated", () => {
  const silent = {
    ...stateTwo,
    fresh: null,
    equivocation: { kept: idOf(headTwo), other: idOf(headOne), at: minutes(1) },
  };
  expect(taken(silent, panic(), { nowMs: Date.parse("2040-01-01T00:00:00Z") }).equivocation).toBeNull();
});

test("the same panic signed again is the same one, and a head may follow either", () => {
  const again = panic({ reason: "again" });
  const twice = taken(taken(stateTwo, panic()), again);
  expect(twice.panic?.id).toBe(idOf(panic().envelope));
  for (const previous of [idOf(panic().envelope), idOf(again.envelope)]) {
    const next = taken(twice, offer(signHead(headOf(3, "c", { previous })), "c"));
    expect(next.panic).toBeNull();
  }
});

test("asks for the head that a panic undoes when it was away, and then never takes that head", () => {
  const missed = { ...panic(), undone: headTwo };
  expect(accept(stateOne, panic(), judge)).toEqual({ kind: "needs-head", id: idOf(headTwo) });
  const undone = taken(stateOne, missed);
  expect(undone.panic?.target).toBe(toplevel("a"));
  expect(accept(undone, offer(headTwo, "b"), judge)).toMatchObject({ code: "order-stale" });
});

test("goes back to its last good system where it never ran the world of the panic, and stays where it has none", () => {
  const never = taken(stateTwo, panic({ world: worldId(leavesOf("z")) }));
  expect(never.panic?.target).toBe(toplevel("a"));
  const onlyTwo = taken(stateFresh, offer(headTwo, "b"));
  expect(taken(onlyTwo, panic()).panic?.target).toBeNull();
});

test("never goes back to a denied system; a denial that comes later does not send it away", () => {
  const three = signHead(headOf(3, "c"));
  const state = taken(markCommitted(stateTwo, idOf(headTwo), minutes(2)), offer(three, "c"));
  const threePanic = panicOf(three, headOf(3, "c"), { world: worldId(leavesOf("b")) });
  const document = { kind: "panic", envelope: signPanic(threePanic), undone: null } as const;
  const denial = { toplevel: toplevel("b"), reason: "it failed", at: minutes(2) };
  expect(taken(quarantineHere(state, denial), document).panic?.target).toBe(toplevel("a"));
  expect(quarantineHere(taken(state, document), denial).panic?.target).toBe(toplevel("b"));
});

test("a system that was committed before under another head is not denied when it is the way back", () => {
  const again = signHead(headOf(3, "a"));
  const state = taken(stateTwo, offer(again, "a"));
  const undone = taken(state, {
    kind: "panic",
    envelope: signPanic(panicOf(again, headOf(3, "a"))),
    undone: null,
  });
  expect(undone.panic?.target).toBe(toplevel("a"));
  expect(isQuarantined(undone, toplevel("a"))).toBe(false);
});
