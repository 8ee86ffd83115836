import { expect, test } from "vitest";
import { decide } from "./decide.ts";
import { Step } from "./journal.ts";
import { a, b, c, desired, headId, observed, panicOf, type Script } from "./model/machine-model.ts";
import { at, kinds, play } from "./model/play-machine.ts";

const paths = [a, b, c, null];
const journals = [
  null,
  ...Step.options.flatMap((step) => [
    at(step),
    at(step, { bootId: "boot-0" }),
    at(step, { systemBack: true, bootSet: true, lastCommitted: a }),
    at(step, { order: panicOf(1, b).order }),
  ]),
];

/** A restart needs entries written for it, and may have to be undone by another. */
const most = (steps: readonly string[], journal: { step: string } | null) =>
  [...steps, journal?.step].some((step) => step !== undefined && /reboot|falling/.test(step)) ? 20 : 12;

test("from every state there is a way to rest in fewer than 12 actions, 20 with a restart", () => {
  let checked = 0;
  for (const journal of journals) {
    for (const current of [a, b, c]) {
      for (const profile of paths) {
        for (const bootDefault of paths) {
          const seen = observed({ system: { current, booted: a, profile, bootDefault } });
          for (const want of [desired(1, b), desired(2, c), panicOf(1, a), panicOf(1, c), null]) {
            // A part of the cases runs into a system that does not come up.
            const script: Script =
              profile === b ? { [b]: { kind: "ended", result: "exited", exitCode: 1 } } : {};
            const { actions, steps, mostPerOrder, last } = play({ seen, journal, want }, script);
            const limit = most(steps, journal);
            expect(mostPerOrder, `${journal?.step} ${kinds(actions).join(", ")}`).toBeLessThan(limit);
            expect(last.plan).toBeNull();
            checked += 1;
          }
        }
      }
    }
  }
  expect(checked).toBeGreaterThan(3_000);
}, 60_000);

test("an unknown running system never leads to an action that changes the machine", () => {
  for (const journal of journals) {
    const system = { current: null, booted: null, profile: null, bootDefault: null };
    for (const unit of [{ kind: "absent" }, { kind: "running" }, null] as const) {
      for (const want of [desired(2, c), panicOf(1, c)]) {
        const { plan } = decide(observed({ system, unit }), journal, want);
        const safe = ["none", "start-fetch", "collect-unit", "stop-unit"];
        expect(safe).toContain(plan?.action?.kind ?? "none");
      }
    }
  }
});

test("an order that is not higher never replaces the journal's", () => {
  for (const journal of journals) {
    if (journal === null) continue;
    for (const serial of [0, 1]) {
      const { plan } = decide(
        observed(),
        { ...journal, order: { epoch: 0, serial: 1, rank: 0, id: headId("9"), local: null } },
        {
          ...desired(serial, c),
        },
      );
      expect(plan?.journal.order.id ?? headId("9")).toBe(headId("9"));
    }
  }
});
