import { expect, test } from "vitest";
import { planUnits } from "./plan-units.ts";
import { unitFolder } from "./unit-folders.ts";

const boot = { "default.target": "-> multi-user.target", "multi-user.target": "[Unit]\n" };
const length = 20_000;

/** u0 requires u1, which requires u2 …, and the last one `last`; a boot wants u0. */
function chain(last: string): Record<string, string> {
  const units = Array.from({ length }, (_, i): [string, string] => [
    `u${i}.service`,
    `[Unit]\nRequires=${i + 1 < length ? `u${i + 1}.service` : last}\n`,
  ]);
  return { ...boot, "multi-user.target.wants/u0.service": "", ...Object.fromEntries(units) };
}

/** Units that start, of such a chain that is all new. */
function started(last: string): number {
  const to = unitFolder({ ...chain(last), "masked.service": "masked" });
  const { actions } = planUnits(unitFolder(boot), to, null);
  return actions.filter(({ unit, does }) => unit.endsWith(".service") && does === "start").length;
}

test.each([
  ["what runs already", "multi-user.target", length],
  ["its first unit", "u0.service", length],
  ["what is masked", "masked.service", 0],
])("a chain of 20000 new units whose last one requires %s", (_, last, count) => {
  expect(started(last)).toBe(count);
});

test("a chain of 20000 that goes down is told as stopped and started to its end", () => {
  const files = { ...chain("a.service"), "a.service": "[Service]\nExecStart=/bin/a\n" };
  const next = { ...files, "a.service": "[Service]\nExecStart=/bin/b\n" };
  const { actions } = planUnits(unitFolder(files), unitFolder(next), null);
  expect(actions.filter(({ does }) => does === "stop-and-start")).toHaveLength(length + 1);
  expect(actions.find(({ unit }) => unit === "u0.service")?.because).toBe("u1.service");
});

test("a circle that requires what is masked stays down wholly, whichever unit is judged first", () => {
  const units = {
    "a.service": "[Unit]\nRequires=b.service\n",
    "b.service": "[Unit]\nRequires=a.service no.service\n",
    "no.service": "masked",
  };
  for (const first of ["a.service", "b.service"]) {
    const to = unitFolder({ ...boot, ...units, [`multi-user.target.wants/${first}`]: "" });
    expect(planUnits(unitFolder(boot), to, null).actions).toEqual([]);
  }
});
