/** A folder of pointers that cannot be looked at is said to be so; on a real file system. */
import { expect, test } from "vitest";
import { lookAtFolder } from "./pointer-folder.ts";

test("a folder that cannot be opened is a problem, and not one in which all is well", async () => {
  const folder = `/${"x".repeat(300)}`;
  expect(await lookAtFolder(folder)).toEqual({
    kind: "unread",
    problem: `${folder} cannot be read: ENAMETOOLONG`,
  });
});
