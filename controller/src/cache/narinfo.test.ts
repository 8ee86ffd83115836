import { expect, test } from "vitest";
import { makeStoreObject } from "../../test/fixture/store-object.ts";
import { parseNarinfo } from "./narinfo.ts";

const { narinfo, path } = makeStoreObject("good");

test("reads what Nix writes, and skips what it does not know", () => {
  const parsed = parseNarinfo(`${narinfo}Deriver: abc.drv\nFuture: thing\nSig: other:${"A".repeat(86)}==\n`);
  expect(parsed).toMatchObject({ StorePath: path, Compression: "zstd", References: [] });
  expect(parsed.Sig).toHaveLength(2);
});

test("takes a content-addressed path without a signature", () => {
  const text = narinfo.replace(/Sig: .*\n/, `CA: fixed:r:sha256:${"0".repeat(52)}\n`);
  expect(parseNarinfo(text).Sig).toEqual([]);
});

test.each([
  ["Sig", narinfo.replace(/Sig: .*\n/, "")],
  ["Sig", narinfo.replace(/Sig: .*/, "Sig: unsigned")],
  ["NarSize", narinfo.replace(/NarSize: .*/, "NarSize: -1")],
  ["NarSize", narinfo.replace(/NarSize: .*/, "NarSize: 99999999999999999999")],
  ["FileSize", narinfo.replace(/FileSize: .*\n/, "")],
  ["StorePath", narinfo.replace(/StorePath: .*/, "StorePath: /nix/store/../etc/passwd")],
  ["URL", narinfo.replace(/URL: .*/, "URL: nar/../../tokens.json")],
  ["URL", narinfo.replace(/URL: .*/, "URL: http://evil.example/nar/x.nar.zst")],
  ["Compression", narinfo.replace(/Compression: .*/, "Compression: xz")],
  ["Compression", narinfo.replace(/Compression: .*/, "Compression: none")],
  ["References", narinfo.replace(/References: .*/, "References: ../x")],
  ["NarHash", `${narinfo}NarHash: sha256:x\n`],
  ["Key: value", `${narinfo}no line\n`],
  ["Key: value", narinfo.replaceAll("\n", "\r\n")],
])("refuses a wrong or missing %s by its name", (field, text) => {
  expect(() => parseNarinfo(text)).toThrow(field);
});
