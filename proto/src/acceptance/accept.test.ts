import { expect, test } from "vitest";
import { attacks } from "../../test/attacks.ts";
import { judge } from "../../test/test-fleet.ts";
import { accept } from "./accept.ts";

test.each(attacks.map((attack) => [attack.name, attack] as const))("refuses a %s", (_, attack) => {
  const before = structuredClone(attack.state);
  const verdict = accept(attack.state, attack.document, { ...judge, ...attack.judge });
  expect(verdict).toMatchObject({ kind: "refused", code: attack.code });
  expect(attack.state).toEqual(before);
  const remembers = verdict.kind === "refused" && verdict.state !== undefined;
  expect(remembers).toBe(attack.code === "order-equivocation");
});

test("no two attacks have one name", () => {
  const names = attacks.map(({ name }) => name);
  expect(names).toEqual([...new Set(names)]);
});
