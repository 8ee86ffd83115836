/** Somebody boots another generation than the default, or the loader does so by itself: who is left alone, and until when. */
import { expect, test } from "vitest";
import type { StorePath } from "@chimera/proto/names";
import { decide } from "../decide.ts";
import type { Desired, Observed, SystemPointers } from "../decision.ts";
import type { Journal } from "../journal.ts";
import { a, b, c, desired, localOf, observed, panicOf, restart } from "../model/machine-model.ts";
import { at, kinds, play } from "../model/play-machine.ts";

const ours = { current: b, booted: b, profile: b, bootDefault: b };
const committed = at("committed", { lastCommitted: b });

/** The next boot, of `path`. */
const boot = (path: StorePath, over: Partial<SystemPointers> = {}, id = "boot-2"): Observed =>
  observed({ bootId: id, uptimeMs: 5_000, system: { ...ours, current: path, booted: path, ...over } });

const stay = (seen: Observed, journal: Journal, want: Desired | null = desired(1, b)) => {
  const run = play({ seen, journal, want });
  expect(kinds(run.actions)).toEqual([]);
  expect(run.seen.system).toEqual(seen.system);
  return run;
};

test("an older generation that was booted in the place of the default is left, and the node says why", () => {
  const { last, journal } = stay(boot(a), committed);
  expect(last).toMatchObject({ state: "committed", waiting: { reason: "booted-other" } });
  expect(last.waiting?.detail).toContain(`${a} was booted in the place of ${b}`);
  expect(journal).toMatchObject({ step: "committed", toplevel: b, lastCommitted: b, foreign: { booted: a } });
});

test("so is one of a fleet that panicked, and one that no generation of ours names", () => {
  const back = at("committed", { order: panicOf(1, a).order, toplevel: a, lastCommitted: a });
  const onA = { profile: a, bootDefault: a };
  expect(stay(boot(c, onA), back, panicOf(1, a)).last.waiting?.reason).toBe("booted-other");
  expect(stay(boot(c), committed).last.waiting?.reason).toBe("booted-other");
});

test("where nobody knows the loader, the profile says what the default is", () => {
  expect(stay(boot(a, { bootDefault: null }), committed).last.waiting?.reason).toBe("booted-other");
  const neither = boot(a, { bootDefault: null, profile: null });
  expect(kinds(play({ seen: neither, journal: committed, want: desired(1, b) }).actions)).toContain("test b");
});

test("a restart into the default ends it", () => {
  const first = stay(boot(a), committed);
  const again = { ...restart(first.seen, null), bootId: "boot-3" };
  const { journal, last } = play({ seen: again, journal: first.journal, want: desired(1, b) });
  expect(journal).toMatchObject({ step: "committed", foreign: { booted: null } });
  expect(last.waiting).toBeNull();
});

const next: [string, Desired, StorePath][] = [
  ["head", desired(2, c), c],
  ["head for the very system that is the default", desired(2, b), b],
  ["panic", panicOf(1, c), c],
  ["order of root's", localOf(1, c, "apply"), c],
  ["revert of root's", localOf(1, c, "revert"), c],
];
test.each(next)("the next %s is carried out, over what was booted", (_, want, path) => {
  const standing = stay(boot(a), committed);
  const { seen, journal } = play({ seen: standing.seen, journal: standing.journal, want });
  expect(journal).toMatchObject({ step: "committed", toplevel: path, foreign: { booted: null } });
  expect(seen.system).toMatchObject({ current: path, profile: path, bootDefault: path });
});

test("a newer one that does not hold goes back to what was booted, and names what was named", () => {
  const { seen, journal } = stay(boot(a), committed);
  const broken = { [c]: { kind: "ended", result: "exited", exitCode: 1 } } as const;
  const run = play({ seen, journal, want: desired(2, c) }, broken);
  expect(run.journal).toMatchObject({ step: "reverted", before: { current: a } });
  expect(run.seen.system).toEqual({ ...ours, current: a, booted: a });
});

test("where root lets it go on, or the module says so, it is put back like any foreign system", () => {
  const { seen, journal } = stay(boot(a), committed);
  const run = play({ seen, journal, want: desired(1, b, { undoesBooted: true }) });
  expect(run.seen.system.current).toBe(b);
  expect(run.journal).toMatchObject({ step: "committed", toplevel: b });
  const reported = desired(1, b, { undoesBooted: true, revertForeign: false });
  expect(play({ seen, journal, want: reported }).last.waiting?.reason).toBe("foreign-system");
});

test("what somebody activates over it is put back, to what was committed", () => {
  const { seen, journal } = stay(boot(a), committed);
  const over = { ...seen, system: { ...seen.system, current: c } };
  expect(play({ seen: over, journal, want: desired(1, b) }).seen.system.current).toBe(b);
});

test("the committed system that somebody activates over it is at home again, and checked", () => {
  const { seen, journal } = stay(boot(a), committed);
  const home = { ...seen, system: { ...seen.system, current: b } };
  expect(play({ seen: home, journal, want: desired(1, b) }).last).toMatchObject({
    waiting: null,
    plan: null,
  });
});

for (const step of ["accepted", "staged", "staged-for-reboot"] as const) {
  test(`an order that was ${step} before that boot is not begun in it, whatever its policy`, () => {
    const policy = { ...desired(2, c).policy, reboot: "when-needed" as const };
    const before = { current: b, profile: b, bootDefault: b };
    const over = { toplevel: c, lastCommitted: b, before, rebootReasons: ["another kernel"], policy };
    const want = desired(1, c);
    const { last, seen, actions } = play({ seen: boot(a), journal: at(step, over), want });
    expect(kinds(actions).filter((kind) => kind !== "start-fetch")).toEqual([]);
    expect(seen.system.current).toBe(a);
    expect(last.waiting?.reason).toBe("booted-other");
    // What it wants itself, and what is committed, is no other.
    const wanted = decide(boot(c), at(step, over), want).plan?.journal;
    expect(wanted?.foreign.booted).toBeNull();
    const isDefault = { profile: c, bootDefault: c };
    expect(decide(boot(b, isDefault), at(step, over), want).plan?.journal.foreign.booted).toBeNull();
  });
}

test("what was being put back when the machine went down is not put back over what was booted then", () => {
  for (const step of ["staged", "arming", "activating", "probation"] as const)
    expect(
      stay(boot(a), at(step, { lastCommitted: b, attempts: { ...committed.attempts, foreign: 2 } })).last
        .waiting,
    ).toMatchObject({ reason: "booted-other" });
});

for (const step of ["arming", "activating", "probation", "preparing-reboot"] as const) {
  test(`one that was booted over an order cut short while ${step} is left, and nothing names the unproven system`, () => {
    const onA = { profile: a, bootDefault: a };
    const run = play({ seen: boot(c, onA), journal: at(step), want: desired(1, b) });
    expect(kinds(run.actions)).toEqual([]);
    expect(run.seen.system).toEqual({ current: c, booted: c, profile: a, bootDefault: a });
    expect(run.journal).toMatchObject({ step: "reverted", foreign: { booted: c } });
    expect(run.last.waiting?.reason).toBe("booted-other");
  });
}

test("a commit that was cut short has named its system, and who boots the one before is left there", () => {
  const run = stay(boot(a), at("committing"));
  expect(run.journal).toMatchObject({ step: "staged", foreign: { booted: a } });
  expect(run.last.waiting?.reason).toBe("booted-other");
  // Where nobody knows the loader, the profile is what that commit itself has moved.
  const half = boot(a, { bootDefault: null });
  expect(play({ seen: half, journal: at("committing"), want: desired(1, b) }).journal?.step).toBe(
    "committed",
  );
});

test("where nobody knows the loader, what somebody had activated before and comes again was made its default", () => {
  const seen = { current: a, profile: a, bootDefault: null, sinceMs: 1 };
  const journal = { ...committed, foreign: { booted: null, seen } };
  const half = boot(a, { bootDefault: null });
  expect(play({ seen: half, journal, want: desired(1, b) }).seen.system.current).toBe(b);
  stay(boot(c, { bootDefault: null }), journal);
  stay(boot(a), journal);
});

test("a third system that is booted there is left too, and what the commit has named is taken back", () => {
  const run = play({ seen: boot(c), journal: at("committing"), want: desired(1, b) });
  expect(kinds(run.actions)).toEqual(["set-profile", "boot a", "collect-unit"]);
  expect(run.seen.system).toEqual({ current: c, booted: c, profile: a, bootDefault: a });
  expect(run.journal?.step).toBe("reverted");
});

const rebooting = at("rebooting", { bootEntry: "entry-b.conf", rebootReasons: ["another kernel"] });
const onA = { profile: a, bootDefault: a };

test("a system that did not boot, and the fallback that followed, are judged as ever", () => {
  const fallback = play({ seen: boot(a, onA), journal: rebooting, want: desired(1, b) });
  expect(fallback.journal).toMatchObject({ step: "reverted", blame: "toplevel", foreign: { booted: null } });
  expect(fallback.journal?.problem?.message).toContain("did not boot");
  const booted = play({ seen: boot(b, onA), journal: rebooting, want: desired(1, b) });
  expect(booted.journal).toMatchObject({ step: "committed", toplevel: b });
});

test("a fallback to a still older one is told, and nothing is activated over it", () => {
  const run = stay(boot(c, onA), rebooting);
  expect(run.journal).toMatchObject({ step: "reverted", foreign: { booted: c } });
  expect(run.journal?.problem?.message).toContain(`fell back to ${c}`);
  expect(run.last.waiting).toMatchObject({ reason: "booted-other" });
});

test("the undone system that a forgotten entry boots once more is left again", () => {
  const journal = at("reverted", { bootEntry: "entry-b.conf", systemBack: true });
  const run = play({ seen: boot(b, onA), journal, want: desired(1, b) });
  expect(run.seen.system.current).toBe(a);
  // Without such an entry it was somebody's choice.
  stay(boot(b, onA), at("reverted", { systemBack: true }));
});

test("a panic that was not at its end is carried out over whatever was booted", () => {
  for (const step of ["accepted", "staged", "activating", "committing"] as const) {
    const journal = at(step, { order: panicOf(1, a).order, toplevel: a, lastCommitted: b });
    expect(play({ seen: boot(c), journal, want: panicOf(1, a) }).seen.system.current).toBe(a);
  }
});

test("a way back that needed a person is not tried again over what he booted", () => {
  const problem = { code: "tool-failed", message: "systemd-run failed", at: observed().at };
  const failed = at("revert-failed", { problem, lastCommitted: a });
  stay(boot(c), failed);
  // Booted home it is over, as ever.
  expect(play({ seen: boot(a), journal: failed, want: desired(1, b) }).journal?.step).toBe("reverted");
});

test("what cannot be read at the first look is looked at again, and not forgotten", () => {
  const blind = boot(a, { current: null });
  const { plan, waiting } = decide(blind, committed, desired(1, b));
  expect([plan, waiting?.reason]).toEqual([null, "system-unknown"]);
  stay(boot(a), committed);
});

test("without documents, as at boot before the network, it is left as well", () => {
  const { last } = stay(boot(a), at("staged", { toplevel: c, lastCommitted: b }), null);
  expect(last.waiting?.reason).toBe("booted-other");
});
