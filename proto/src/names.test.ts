import { expect, test } from "vitest";
import { NodeName, StorePath } from "./names.ts";

test.each(["n1", "a", "web-1", "0", "a".repeat(63)])("takes %s as a node name", (text) => {
  expect(NodeName.safeParse(text).success).toBe(true);
});

test.each(["", "-a", "a-", "A", "a.b", "a/b", "a b", "..", "a\n", "a*", ">", "a".repeat(64)])(
  "refuses %j as a node name",
  (text) => {
    expect(NodeName.safeParse(text).success).toBe(false);
  },
);

const hash = "0123456789abcdfghijklmnpqrsvwxyz";
test.each([`/nix/store/${hash}-a`, `/nix/store/${hash}-nixos-system-n1-26.05+x_y?=z`])("takes %s", (text) => {
  expect(StorePath.safeParse(text).success).toBe(true);
});

test.each([
  `/nix/store/${hash}`,
  `/nix/store/${hash}-`,
  `/nix/store/${hash}-.hidden`,
  `/nix/store/${hash}-a/b`,
  `/nix/store/${hash}-a/../../etc`,
  `/nix/store/${hash}-a\n`,
  `/nix/store/${hash.replace("0", "e")}-a`,
  `/nix/store/${hash.slice(1)}-a`,
  `/gnu/store/${hash}-a`,
  `/nix/store/${hash}-${"a".repeat(212)}`,
  "--option",
])("refuses %j as a store path", (text) => {
  expect(StorePath.safeParse(text).success).toBe(false);
});
