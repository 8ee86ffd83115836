import { expect, test } from "vitest";
import { createTextKeeper, mostTextBytes } from "./keep-text.ts";

test("what is not in it is counted, whether it was cut here or never came", () => {
  const keeper = createTextKeeper();
  keeper.bytes("n1/x", Buffer.from("a\u00e4".slice(0, 1)));
  keeper.bytes("n1/x", Buffer.from("\u00e4").subarray(0, 1));
  keeper.bytes("n1/x", Buffer.from("\u00e4").subarray(1));
  expect(keeper.texts().get("n1/x")).toEqual({ text: "a\u00e4", missingBytes: 0 });
  keeper.gap("n1/x", 40);
  keeper.bytes("n1/x", Buffer.alloc(mostTextBytes, "b"));
  expect(keeper.texts().get("n1/x")).toEqual({ text: "b".repeat(mostTextBytes), missingBytes: 43 });
  keeper.gap("n1/y", 7);
  expect(keeper.texts().get("n1/y")).toEqual({ text: "", missingBytes: 7 });
});
