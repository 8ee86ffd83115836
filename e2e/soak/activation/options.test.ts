import { expect, test } from "vitest";
import { ActivationOptions } from "./options.ts";

test("seeds and trials of a replay are read", () => {
  expect(ActivationOptions.parse({ replay: "12:3" }).replay).toEqual({ seed: 12, trial: 3 });
  expect(ActivationOptions.parse({ replay: "12" }).replay).toEqual({ seed: 12 });
});

test("what cannot be meant is refused", () => {
  const wrong = [
    { replay: "twelve" },
    { replay: "12:" },
    { replay: "-1" },
    { hours: "0" },
    { hours: "x" },
    { trials: "1.5" },
    { trials: "0" },
    { nodes: "0" },
    { only: "nothing" },
    { hours: "1", trials: "2" },
  ];
  for (const values of wrong) {
    expect(ActivationOptions.safeParse(values).success, JSON.stringify(values)).toBe(false);
  }
});
