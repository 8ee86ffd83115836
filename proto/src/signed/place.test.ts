import { expect, test } from "vitest";
import { comparePlace, showPlace } from "./place.ts";

test("orders by epoch, then serial, then rank", () => {
  const ascending = [
    { epoch: 0, serial: 1 },
    { epoch: 0, serial: 1, rank: 1 },
    { epoch: 0, serial: 2 },
    { epoch: 1, serial: 1 },
  ];
  expect(ascending.toReversed().toSorted(comparePlace)).toEqual(ascending);
});

test("shows a panic beside its head", () => {
  expect(showPlace({ epoch: 0, serial: 7 })).toBe("0.7");
  expect(showPlace({ epoch: 0, serial: 7, rank: 1 })).toBe("0.7+panic");
});
