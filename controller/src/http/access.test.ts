import { expect, test } from "vitest";
import { presentedToken } from "./access.ts";

const basic = (text: string) => `Basic ${Buffer.from(text).toString("base64")}`;

test.each([
  ["Bearer abc_DEF-1", "abc_DEF-1"],
  ["bearer abc", "abc"],
  [basic("nix:secret"), "secret"],
  [basic(":secret"), "secret"],
  [basic("nix:se:cret"), "se:cret"],
  [basic("nix:"), undefined],
  [basic("nix"), undefined],
  ["Bearer", undefined],
  ["Bearer a b", undefined],
  ["Digest abc", undefined],
  [`Bearer ${"a".repeat(600)}`, undefined],
  [undefined, undefined],
])("finds in %s the token %s", (header, token) => {
  expect(presentedToken(header)).toBe(token);
});
