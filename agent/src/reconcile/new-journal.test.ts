import { expect, test } from "vitest";
import { decide } from "./decide.ts";
import type { Journal } from "./journal.ts";
import { a, b, c, desired, localOf, observed, panicOf } from "./model/machine-model.ts";
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

test("a way back that root only announced has left nothing", () => {
  const { order } = localOf(1, a, "revert");
  const announced = at("accepted", { order, toplevel: a, lastCommitted: b });
  expect(begin(announced, where(b, b))).toMatchObject({ unproven: null, before: { current: b } });
});

test("a panic between two tries is carried out first, whatever is wanted after it and whoever holds that", () => {
  const panicked = at("staged", { order: panicOf(1, a).order, toplevel: a, lastCommitted: b });
  const hold = { state: "held", reason: "held", detail: "by root", repairs: false } as const;
  for (const blocked of [null, hold]) {
    const { plan } = decide(where(b, b), panicked, { ...desired(3, c), blocked });
    expect(plan).toMatchObject({ journal: { order: { rank: 1 } }, action: { kind: "start-unit" } });
  }
});

test("what somebody activated over the committed system is no way back from it", () => {
  const committed = at("committed", { lastCommitted: b });
  const next = decide(where(c, b), committed, desired(3, b)).plan?.journal;
  expect(next).toMatchObject({ toplevel: b, before: { current: a } });
});

test("where a journal was lost the way back is what the next boot would run", () => {
  const lost = { ...where(b, a), isJournalLost: true };
  expect(begin(null, lost)).toMatchObject({ unproven: b, before: { current: a } });
  const unread = { ...lost, system: { ...lost.system, bootDefault: null } };
  expect(begin(null, unread)).toMatchObject({ unproven: b, before: { current: a } });
  const unknown = { ...lost, system: { ...lost.system, profile: null, bootDefault: null } };
  expect(begin(null, unknown)).toMatchObject({ unproven: null, before: { current: b } });
});

test("a node that never had a journal runs what its owner wants, and a refused order changes nothing", () => {
  const tried = where(b, a);
  expect(begin(null, tried)).toMatchObject({ unproven: null, before: { current: b } });
  const journal = begin(null, tried);
  if (journal === undefined) throw new Error("nothing begun");
  const failed = { kind: "failed", head: journal.order.id, code: "closure-mismatch", message: "no" } as const;
  const { plan } = decide({ ...tried, fetch: failed }, journal, { ...desired(3, c), order: journal.order });
  expect(plan).toMatchObject({ journal: { step: "refused" }, action: null });
});

test("a profile that names the wanted system before its proof is no way back either", () => {
  const seen = observed({ system: { current: a, booted: a, profile: c, bootDefault: a } });
  expect(begin(at("reverted", { toplevel: c }), seen)).toMatchObject({ before: { current: a, profile: a } });
  // Its owner named it, and a refused order leaves that as it is.
  const owners = begin(at("committed", { toplevel: a }), seen);
  expect(owners).toMatchObject({ before: { current: a, profile: c } });
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
