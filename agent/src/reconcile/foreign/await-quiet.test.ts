/** Somebody else's system is not undone while it is being activated. */
import { expect, test } from "vitest";
import { decide } from "../decide.ts";
import type { Observed, SystemPointers } from "../decision.ts";
import type { Journal } from "../journal.ts";
import { a, b, c, desired, observed, panicOf } from "../model/machine-model.ts";
import { at, tries } from "../model/play-machine.ts";
import { needsOf } from "../needs.ts";
import { quietMs } from "./await-quiet.ts";

const ours = { current: b, booted: b, profile: b, bootDefault: b };
const committed = at("committed", { lastCommitted: b });
const want = desired(1, b);

/** `ms` after the first look. */
const look = (ms: number, system: Partial<SystemPointers>, over: Partial<Observed> = {}) =>
  observed({ uptimeMs: 100_000 + ms, system: { ...ours, ...system }, ...over });

/** The journal after these looks, of which none may do anything. */
function after(journal: Journal, ...looks: Observed[]): Journal {
  return looks.reduce((now, seen) => {
    const { plan } = decide(seen, now, want);
    expect(plan?.action ?? null).toBeNull();
    expect(plan?.journal.step ?? now.step).toBe(journal.step);
    return plan?.journal ?? now;
  }, journal);
}

const moved: [string, Partial<SystemPointers>, string][] = [
  ["another system that runs", { current: c }, "staged"],
  ["another profile", { profile: c }, "committing"],
  ["another boot default", { bootDefault: c }, "committing"],
  ["all three", { current: c, profile: c, bootDefault: c }, "staged"],
];
test.each(moved)("%s is put back when it is the same 30 seconds later, and not before", (...row) => {
  const [, system, step] = row;
  const once = after(committed, look(0, system));
  expect(needsOf(once).switching).toBe(true);
  const early = decide(look(quietMs - 1, system), once, want);
  expect(early).toMatchObject({ plan: null, waiting: { reason: "foreign-system" } });
  expect(early.waiting?.detail).toContain("put back in 1 s if it stays");
  const late = decide(look(quietMs, system), once, want);
  expect(late.plan?.journal).toMatchObject({ step, attempts: { foreign: 1 }, foreign: { seen: null } });
});

test("what moves on meanwhile, as in a nixos-rebuild, is looked at anew", () => {
  const begun = after(committed, look(0, { profile: c }), look(29_000, { profile: c, current: c }));
  const done = after(begun, look(31_000, { profile: c, current: c, bootDefault: c }));
  after(done, look(31_000 + quietMs - 1, { profile: c, current: c, bootDefault: c }));
  const { plan } = decide(look(31_000 + quietMs, { profile: c, current: c, bootDefault: c }), done, want);
  expect(plan?.journal.step).toBe("staged");
});

test("while somebody switches nothing is put back, however long that takes, and it is said who", () => {
  const busy = { switching: "activate runs (process 7)" };
  const long = after(
    committed,
    look(0, { current: c }),
    look(quietMs, { current: c }, busy),
    look(2 * quietMs, { current: c }, busy),
  );
  const { waiting } = decide(look(2 * quietMs + 1, { current: c }, busy), long, want);
  expect(waiting?.detail).toContain("somebody switches now: activate runs (process 7)");
  const { plan } = decide(look(3 * quietMs, { current: c }), long, want);
  expect(plan?.journal.step).toBe("staged");
});

test("a switch that begins between the decision and its activation is waited for too", () => {
  const staged = at("staged", { lastCommitted: b, attempts: tries({ foreign: 1 }) });
  expect(needsOf(staged).switching).toBe(true);
  const busy = { switching: "switch-to-configuration runs (process 7)" };
  const { plan, waiting } = decide(look(0, { current: c }, busy), staged, want);
  expect([plan, waiting?.reason]).toEqual([null, "switch-locked"]);
});

test("an order waits for no process: a new head, a panic and the committed system that is wanted anew", () => {
  const busy = { switching: "activate runs (process 7)" };
  const rows = [
    [at("staged", { toplevel: c }), desired(1, c)],
    [at("staged", { lastCommitted: b }), want],
    [at("staged", { order: panicOf(1, a).order, toplevel: a, lastCommitted: a }), panicOf(1, a)],
  ] as const;
  for (const [journal, order] of rows) {
    expect(needsOf(journal).switching).toBe(false);
    const seen = observed({ system: { ...ours, current: order.toplevel === b ? a : b }, ...busy });
    expect(decide(seen, journal, order).plan).not.toBeNull();
  }
});

test("what is over is forgotten: the next one gets its 30 seconds again", () => {
  const over = after(committed, look(0, { current: c }), look(5_000, {}));
  expect(over.foreign.seen).toBeNull();
  expect(decide(look(6_000, {}), over, want)).toMatchObject({ plan: null, waiting: null });
  const again = after(over, look(60_000, { current: c }));
  expect(decide(look(60_000 + quietMs - 1, { current: c }), again, want).plan).toBeNull();
});

test("a restart of the machine in between begins anew", () => {
  const once = after(committed, look(0, { current: c }));
  const booted = observed({ bootId: "boot-2", uptimeMs: 200_000, system: { ...ours, profile: c } });
  expect(decide(booted, once, want).plan?.journal.foreign).toEqual({ booted: null, seen: null });
});

test("a node that went back, or only reports, is as patient", () => {
  const back = at("reverted", { before: { current: b, profile: b, bootDefault: b }, toplevel: a });
  const once = after(back, look(0, { current: c }));
  expect(once.foreign.seen).toMatchObject({ current: c });
  const late = decide(look(quietMs, { current: c }), once, want).plan;
  expect(late?.journal).toMatchObject({ step: "reverting", foreign: { seen: null } });
  expect(after(once, look(5_000, {})).foreign.seen).toBeNull();
  const report = desired(1, b, { revertForeign: false });
  expect(decide(look(0, { current: c }), committed, report).plan).toBeNull();
});

test("seeing it is no step of the order: the loop breaker counts none", () => {
  const seen = after(committed, look(0, { current: c }), look(1, { current: a }), look(2, { current: c }));
  expect(seen.transitions).toBe(committed.transitions);
});
