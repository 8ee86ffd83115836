/** By which checks a system is judged: by those that it brings, before its activation, after it and on the way back. */
import { expect, test } from "vitest";
import { decide } from "../decide.ts";
import type { Decision, Desired } from "../decision.ts";
import { deadlineMs } from "../forward/probation-times.ts";
import { Journal } from "../journal.ts";
import { a, b, c, clear, desired, localOf, observed, panicOf } from "../model/machine-model.ts";
import { at, play } from "../model/play-machine.ts";
import { needsOf } from "../needs.ts";
import { OrderPolicy } from "../order-policy.ts";
import { check, result, rule } from "./check-fixture.ts";
import { ownPolicy, type Declared } from "./own-policy.ts";

const [old, web, fleet] = [check("old"), check("web"), check("fleet")];
const policy = OrderPolicy.parse({
  checks: [fleet, old],
  units: [rule("old.service")],
  ofHead: { checks: [fleet], units: [] },
});
const want = desired(1, b, { policy });
const names = (of: OrderPolicy) => of.checks.map(({ name }) => name);
const units = (of: OrderPolicy) => of.units.map(({ unit }) => unit);
const declares = (over: Partial<Declared>): Declared => ({ checks: null, units: null, ...over });
const staged = at("staged", { policy });

test("the wanted system's own checks take the place of the one before's; the head's stand beside them", () => {
  const own = ownPolicy(staged, declares({ checks: [web], units: [rule("web.service")] }));
  expect(names(own)).toEqual(["nix", "fleet", "web"]);
  expect(units(own)).toEqual(["web.service"]);
  const overruled = ownPolicy(staged, declares({ checks: [check("fleet", { port: 2 })] }));
  expect(overruled.checks).toContainEqual(fleet);
});

test("a system that declares none at all is judged by the one before's, each kind by itself", () => {
  expect(ownPolicy(staged, declares({}))).toEqual(policy);
  expect(names(ownPolicy(staged, declares({ units: [] })))).toEqual(["fleet", "old"]);
  expect(ownPolicy(staged, null)).toEqual(policy);
});

test("one that declares an empty list has none: whoever takes a service away takes its check along", () => {
  const own = ownPolicy(staged, declares({ checks: [], units: [] }));
  expect([names(own), units(own)]).toEqual([["nix", "fleet"], []]);
});

test("an order of an agent that kept no such thing is carried out as that agent began it", () => {
  const before = { ...policy, ofHead: null };
  expect(ownPolicy(at("staged", { policy: before }), declares({ checks: [web] }))).toEqual(before);
});

/** The plan's journal, as it is read again after a restart of the agent. */
const next = ({ plan }: Decision): Journal => Journal.parse(JSON.parse(JSON.stringify(plan?.journal)));
const begin = (declared: Declared, order: Desired = want) =>
  decide(observed({ declared }), { ...staged, policy: order.policy }, order);

test("a check that comes with a system decides about that very system, also over a restart of the agent", () => {
  expect(needsOf(staged).declaredBy).toBe(b);
  const armed = next(begin(declares({ checks: [web] })));
  expect(armed).toMatchObject({ step: "arming" });
  const proving = { ...armed, step: "probation" as const, since: 100_000 };
  expect(needsOf(proving).checks?.checks).toContainEqual(web);
  expect(needsOf(proving).checks?.checks).not.toContainEqual(old);
  const onB = { current: b, booted: a, profile: a, bootDefault: a };
  const passed = ["nix", "fleet"].map((name) =>
    result(name, { kind: name === "nix" ? "nix" : "tcp", passesInRow: 9 }),
  );
  const sick = [...passed, result("web", { failuresInRow: 5, runs: 5, message: "refused" })];
  const judged = decide(observed({ system: onB, checks: sick }), proving, want);
  expect(judged.waiting?.detail).toContain("check web");
  const late = { system: onB, checks: sick, uptimeMs: 100_000 + deadlineMs(proving) };
  expect(decide(observed(late), proving, want).plan?.journal).toMatchObject({
    step: "reverting",
    blame: "toplevel",
    problem: { message: expect.stringContaining("check web") },
  });
  // The one before's is nobody's concern any more.
  const well = [...passed, result("web", { passesInRow: 9 }), result("old", { failuresInRow: 9 })];
  expect(decide(observed({ system: onB, checks: well }), proving, want).plan?.journal.healthySince).toBe(
    100_000,
  );
});

test("a unit that its system says may fail does not count against it", () => {
  const armed = next(begin(declares({ units: [rule("flaky.service", { ignore: true })] })));
  const onB = { current: b, booted: a, profile: a, bootDefault: a };
  const failing = { state: "degraded", failing: ["flaky.service"] };
  const proving = { ...armed, step: "probation" as const, since: 0, policy: { ...armed.policy, checks: [] } };
  expect(
    decide(observed({ system: onB, units: failing }), proving, want).plan?.journal.healthySince,
  ).not.toBeNull();
});

test("the dead-man waits for as long as the new checks may take", () => {
  const slow = check("slow", { graceSeconds: 1_800 });
  const usual = next(begin(declares({})));
  const patient = next(begin(declares({ checks: [slow] })));
  expect((patient.deadMan?.atMs ?? 0) - (usual.deadMan?.atMs ?? 0)).toBeGreaterThan(1_700_000);
});

test("what comes by a restart, and what runs already, is judged by its own checks as well", () => {
  const declared = declares({ checks: [web] });
  const byBoot = observed({ declared, preflight: { ...clear, kernel: "another kernel" } });
  const waiting = next(decide(byBoot, staged, want));
  expect([waiting.step, names(waiting.policy)]).toEqual(["staged-for-reboot", ["nix", "fleet", "web"]]);
  const onB = { current: b, booted: b, profile: b, bootDefault: b };
  const adopted = next(decide(observed({ declared, system: onB }), staged, want));
  expect([adopted.step, names(adopted.policy)]).toEqual(["committing", ["nix", "fleet", "web"]]);
});

test("after the commit they go on, and look after the system while the next order waits", () => {
  const committed = { ...next(begin(declares({ checks: [web] }))), step: "committed" as const, toplevel: b };
  expect(needsOf(committed).checks?.checks).toContainEqual(web);
  const onB = { current: b, booted: a, profile: b, bootDefault: b };
  const waiting = next(decide(observed({ system: onB }), committed, desired(2, c)));
  expect(names(waiting.upkeep ?? policy)).toEqual(["nix", "fleet", "web"]);
  expect(needsOf(waiting).checks?.checks).toContainEqual(web);
});

const empty = OrderPolicy.parse({ checks: [fleet, web], ofHead: { checks: [], units: [] } });
test.each<[string, Desired]>([
  ["a panic", panicOf(1, a, { policy: empty })],
  ["root's revert", { ...localOf(1, a, "revert"), policy: empty }],
])("%s asks for no proof, and what it goes back to is looked after by its own checks", (_, order) => {
  const onB = { current: b, booted: a, profile: b, bootDefault: b };
  const back = at("staged", { order: order.order, toplevel: a, policy: empty });
  const seen = observed({ system: onB, declared: declares({ checks: [old] }) });
  const moved = next(decide(seen, back, order));
  expect([moved.step, names(moved.policy)]).toEqual(["activating", ["nix", "old"]]);
  expect(needsOf(moved).checks).toBeNull();
  expect(needsOf({ ...moved, step: "committing" }).checks).toBeNull();
  const there = { ...moved, step: "committed" as const, unit: null, lastCommitted: a };
  expect(needsOf(there).checks?.checks).toContainEqual(old);
  // It says that it is sick, and goes nowhere: least of all to what was undone.
  const sick = observed({
    system: { current: a, booted: a, profile: a, bootDefault: a },
    checks: [result("old", { failuresInRow: 9 })],
  });
  const told = decide(sick, { ...there, policy: { ...there.policy, afterCommit: "revert-node" } }, order);
  expect(told.plan).toMatchObject({ action: null, events: [{ type: "unhealthy", data: { check: "old" } }] });
  // One that declares nothing is not judged by what belongs to the undone one.
  const silent = next(decide({ ...seen, declared: declares({}) }, back, order));
  expect(names(silent.policy)).toEqual(["nix"]);
});

test("going back from a failed probation leads to the checks of what ran before", () => {
  const homeChecks = OrderPolicy.parse({ checks: [old] });
  const home = at("committed", { toplevel: a, lastCommitted: a, policy: homeChecks });
  const broken = { [b]: { kind: "ended", result: "exited", exitCode: 1 } } as const;
  const seen = observed({ declared: declares({ checks: [web] }) });
  const { journal } = play({ seen, journal: home, want: desired(2, b, { policy }) }, broken);
  expect(journal?.step).toBe("reverted");
  expect(needsOf(journal).checks?.checks).toEqual([old]);
});
