import { expect, test } from "vitest";
import { keysOfVersion1, toVersion1 } from "./to-version-1.ts";

test("a journal of version 1 has what its golden file has, and nothing that came later", async () => {
  const known = await keysOfVersion1();
  const later = { v: 2, step: "probation", deadMan: { unit: "x" }, policy: {} };
  expect(JSON.parse(toVersion1(JSON.stringify(later), known))).toEqual({ v: 1, step: "probation" });
});
