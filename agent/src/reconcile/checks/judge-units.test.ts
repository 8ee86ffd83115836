import { describe, expect, test } from "vitest";
import { rule } from "./check-fixture.ts";
import { failedSince, type UnitsSight } from "./judge-units.ts";

const sight = { failing: ["web.service"], failedBefore: [], rules: [], elapsedMs: 10_000 };

describe("which failed units say something about the new system", () => {
  const cases: [string, Partial<UnitsSight>, [string, boolean][]][] = [
    ["none failed", { failing: [] }, []],
    ["one failed", {}, [["web.service", true]]],
    ["it failed before", { failedBefore: ["web.service"] }, []],
    ["another failed before", { failedBefore: ["db.service"] }, [["web.service", true]]],
    ["it is ignored", { rules: [rule("web.service", { ignore: true })] }, []],
    ["another is ignored", { rules: [rule("web.socket", { ignore: true })] }, [["web.service", true]]],
    ["at the activation's very end", { elapsedMs: 0 }, [["web.service", false]]],
    ["just before two seconds", { elapsedMs: 1_999 }, [["web.service", false]]],
    ["after two seconds", { elapsedMs: 2_000 }, [["web.service", true]]],
    [
      "a unit that has longer",
      { rules: [rule("web.service", { settleSeconds: 30 })], elapsedMs: 29_999 },
      [["web.service", false]],
    ],
    [
      "a unit that has no time",
      { rules: [rule("web.service", { settleSeconds: 0 })], elapsedMs: 0 },
      [["web.service", true]],
    ],
    [
      "each by its own rule",
      {
        failing: ["a.service", "b.service", "c.service", "d.service"],
        failedBefore: ["d.service"],
        rules: [rule("a.service", { settleSeconds: 60 }), rule("c.service", { ignore: true })],
      },
      [
        ["a.service", false],
        ["b.service", true],
      ],
    ],
  ];
  for (const [name, more, found] of cases) {
    test(`${name}: it counts as it should`, () => {
      expect(failedSince({ ...sight, ...more })).toEqual(found.map(([unit, settled]) => ({ unit, settled })));
    });
  }
});

test("time only settles: what has failed stays failed, and what is settled stays settled", () => {
  const failing = ["a.service", "b.service", "c.service"];
  const rules = [rule("a.service", { settleSeconds: 5 }), rule("b.service", { ignore: true })];
  let before = failedSince({ failing, failedBefore: [], rules, elapsedMs: 0 });
  for (let elapsedMs = 500; elapsedMs <= 10_000; elapsedMs += 500) {
    const now = failedSince({ failing, failedBefore: [], rules, elapsedMs });
    expect(now.map(({ unit }) => unit)).toEqual(before.map(({ unit }) => unit));
    const stays = before.map(({ settled }, n) => !settled || now[n]?.settled);
    expect(stays).not.toContain(false);
    before = now;
  }
  expect(before.every(({ settled }) => settled)).toBe(true);
});
