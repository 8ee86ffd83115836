import { expect, test } from "vitest";
import { viewPort } from "./view-port.ts";

const session = { columns: 120, rows: 40 };

test.each([
  ["all of it where it fits", { columns: 200, rows: 60 }, { x: 0, y: 0 }, [0, 0, 120, 40, false]],
  ["all of it beside the last row", { columns: 120, rows: 41 }, { x: 119, y: 39 }, [0, 0, 120, 40, false]],
  [
    "one row less where the window is as large",
    { columns: 120, rows: 40 },
    { x: 0, y: 0 },
    [0, 0, 120, 39, true],
  ],
  ["the part with the cursor", { columns: 80, rows: 24 }, { x: 100, y: 39 }, [21, 17, 80, 23, true]],
  [
    "the begin, as long as the cursor is there",
    { columns: 80, rows: 24 },
    { x: 79, y: 22 },
    [0, 0, 80, 23, true],
  ],
  ["something, whatever the window", { columns: 1, rows: 1 }, { x: 50, y: 20 }, [50, 20, 1, 1, true]],
] as const)("%s", (...[, window, cursor, [left, top, columns, rows, isPart]]) => {
  expect(viewPort(session, window, cursor)).toEqual({ left, top, columns, rows, isPart });
});
