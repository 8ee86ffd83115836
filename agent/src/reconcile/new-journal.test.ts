import { expect, test } from "vitest";
import { decide } from "./decide.ts";
import type { Journal } from "./journal.ts";
import { a, b, c, desired, observed, panicOf } from "./model/machine-model.ts";
import { at, play } from "./model/play-machine.ts";

const where = (current: typeof a, permanent: typeof a) =>
  observed({ system: { current, booted: current, profile: permanent, bootDefault: permanent } });

const begin = (journal: Journal | null, seen = where(b, a)) =>
  decide(seen, journal, desired(3, c)).plan?.journal;

test("what runs is the way back, also where another brought it", () => {
  expect(begin(at("committed"), where(b, b))).toMatchObject({ unproven: null, before: { current: b } });
  const foreign = at("committed", { toplevel: a });
  expect(begin(foreign, where(b, b))).toMatchObject({ unproven: null, before: { current: b } });
});

test("what a panic is leaving is no way back for the head that overtakes it, nor for the next one", () => {
  const panicked = at("staged-for-reboot", {
    order: panicOf(1, a).order,
    toplevel: a,
    isGoingBack: true,
    lastCommitted: b,
  });
  const next = begin(panicked);
  expect(next).toMatchObject({ unproven: b, before: { current: a, profile: a, bootDefault: a } });
  // Replaced before it was begun.
  const third = decide(where(b, a), next ?? null, desired(4, b)).plan?.journal;
  expect(third).toMatchObject({ unproven: b, before: { current: a } });
});

test("a way back that was only announced has left nothing", () => {
  const announced = at("accepted", { order: panicOf(1, a).order, toplevel: a, lastCommitted: b });
  expect(begin(announced, where(b, b))).toMatchObject({ unproven: null, before: { current: b } });
});

test("without a journal the way back is what the next boot would run", () => {
  expect(begin(null)).toMatchObject({ unproven: b, before: { current: a } });
  const { current, booted, profile } = where(b, a).system;
  const unread = observed({ system: { current, booted, profile, bootDefault: null } });
  expect(begin(null, unread)).toMatchObject({ unproven: b, before: { current: a } });
  const unknown = observed({ system: { current, booted, profile: null, bootDefault: null } });
  expect(begin(null, unknown)).toMatchObject({ unproven: null, before: { current: b } });
});

test("a profile that names the wanted system before its proof is no way back either", () => {
  const seen = observed({ system: { current: a, booted: a, profile: c, bootDefault: a } });
  expect(begin(at("reverted", { toplevel: c }), seen)).toMatchObject({ before: { current: a, profile: a } });
});

test("what is refused while an unproven system runs ends on what was proven", () => {
  const journal = at("accepted", {
    unproven: b,
    before: { current: a, profile: a, bootDefault: a },
    toplevel: c,
  });
  const failed = { kind: "failed", head: journal.order.id, code: "closure-mismatch", message: "no" } as const;
  const seen = { ...where(b, a), fetch: failed };
  const run = play({ seen, journal, want: { ...desired(1, c), order: journal.order } });
  expect(run.journal).toMatchObject({ step: "reverted", problem: { code: "closure-mismatch" } });
  expect(run.seen.system).toMatchObject({ current: a, profile: a, bootDefault: a });
});

test("what already fails in an unproven system is no baseline", () => {
  const units = { state: "degraded", failing: ["web.service"] };
  const journal = at("staged", {
    unproven: b,
    before: { current: a, profile: a, bootDefault: a },
    toplevel: c,
  });
  const seen = { ...where(b, a), units, contact: false };
  const armed = decide(seen, journal, null).plan?.journal;
  expect(armed).toMatchObject({ step: "arming", failedBefore: [], contactBefore: true });
});

test("a timer that the order before left is still known, in the same boot", () => {
  const deadMan = { unit: "chimera-dead-man-1", atMs: 1 };
  expect(begin(at("reverted", { deadMan }))?.deadMan).toEqual(deadMan);
  expect(begin(at("reverted", { deadMan, bootId: "another" }))?.deadMan).toBeNull();
});
