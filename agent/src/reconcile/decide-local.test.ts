import { expect, test } from "vitest";
import { decide } from "./decide.ts";
import { a, b, c, desired, localOf, observed, panicOf } from "./model/machine-model.ts";
import { at, kinds, play } from "./model/play-machine.ts";

const committed = at("committed", { lastCommitted: b });
const running = observed({ system: { current: b, booted: a, profile: b, bootDefault: b } });

test("what root applies is proven and committed like a head's system, from the store alone", () => {
  const run = play({ seen: running, journal: committed, want: localOf(1, c, "apply") });
  expect(run.actions[0]).toMatchObject({ kind: "start-fetch", isLocal: true });
  expect(run.steps).toEqual(expect.arrayContaining(["arming", "probation", "committed"]));
  expect(run.seen.system).toMatchObject({ current: c, profile: c, bootDefault: c });
  expect(run.journal?.unit ?? null).toBeNull();
});

test("one that does not hold goes back to what ran", () => {
  const broken = { [c]: { kind: "ended", result: "exited", exitCode: 1 } } as const;
  const run = play({ seen: running, journal: committed, want: localOf(1, c, "apply") }, broken);
  expect(run.journal?.step).toBe("reverted");
  expect(run.seen.system.current).toBe(b);
});

test("when it is over the node goes to what is signed, though that stands on the same place", () => {
  const local = play({ seen: running, journal: committed, want: localOf(1, c, "apply") });
  const back = play({ seen: local.seen, journal: local.journal, want: desired(1, b) });
  expect(back.journal).toMatchObject({ step: "committed", order: { local: null } });
  expect(back.seen.system).toMatchObject({ current: b, profile: b, bootDefault: b });
});

test("one that equals what is signed then is adopted: nothing is activated again", () => {
  const local = play({ seen: running, journal: committed, want: localOf(1, c, "apply") });
  const adopted = play({ seen: local.seen, journal: local.journal, want: desired(2, c) });
  expect(kinds(adopted.actions)).toEqual(["start-fetch"]);
  expect(adopted.journal).toMatchObject({ step: "committed", order: { serial: 2 } });
});

test("root goes back without a download and without probation", () => {
  const run = play({ seen: running, journal: committed, want: localOf(1, a, "revert") });
  expect(kinds(run.actions)).toEqual(["test a", "collect-unit", "set-profile", "boot a", "collect-unit"]);
  expect(run.steps).not.toContain("probation");
});

test("a panic ends what root ordered", () => {
  const local = play({ seen: running, journal: committed, want: localOf(1, c, "apply") });
  const run = play({ seen: local.seen, journal: local.journal, want: panicOf(1, a) });
  expect(run.seen.system.current).toBe(a);
});

test("nothing local is begun while something is half done", () => {
  const seen = observed({ unit: { kind: "running" } });
  expect(decide(seen, at("activating"), localOf(1, c, "apply")).plan).toBeNull();
});

test("units of a local order never have the name of a head's", () => {
  const head = play({ seen: observed(), journal: null, want: desired(1, b) });
  const local = play({ seen: head.seen, journal: head.journal, want: localOf(1, c, "apply") });
  const names = [...head.actions, ...local.actions].flatMap((action) =>
    action.kind === "start-unit" ? [action.unit.name] : [],
  );
  expect(new Set(names).size).toBe(names.length);
});
